"""Hostile bytes in a process that may die.

A clean *warm* process is started early with an empty environment; it has
loaded the parsers and never held a secret, a database or a PKCS#11 library.
Each call forks a child from it, which gives up, before it sees one byte:
opening any file or socket (RLIMIT_NOFILE 0), writing files, new processes,
core dumps, privileges, and all memory and time beyond its limits. The child
answers in JSON, of bounded length and checked on arrival; it is never
unpickled. Whatever goes wrong is «could not check»: neither good nor bad.
"""

import asyncio
import contextlib
import ctypes
import encodings
import gc
import importlib
import json
import math
import os
import pickle
import pkgutil
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.errors import Unavailable
from bot.sections import servers

ANSWER_LIMIT = 16_000_000  # bytes of JSON
WALL_CLOCK = 4  # times the seconds of CPU, for a child that sleeps or waits for its turn
WARM_UP_SECONDS = 60.0  # until a fresh warm process must have forked its first child

_ANSWER, _OUT_OF_MEMORY, _RAISED = b"=", b"m", b"!"
_CHUNK = 1 << 18
_NOBODY = 65534
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38

T = TypeVar("T")


class Unchecked(Unavailable):
    """The bytes could not be checked; nothing is known about them."""

    code = "sandbox"


class OutOfTime(Unchecked):
    code = "sandbox.time"


class OutOfMemory(Unchecked):
    code = "sandbox.memory"


class Crashed(Unchecked):
    """The child raised, was killed or died of the bytes."""

    code = "sandbox.crash"


class BadAnswer(Unchecked):
    """The child said too much, or not what was asked for."""

    code = "sandbox.answer"


class Sandbox:
    """Calls functions on hostile bytes in children of one warm process.

    Args:
        limits: seconds of CPU and memory of one call, and how many run at once.
        preload: modules of the functions that will be called. A child cannot
            import, so they must import at their top all they will need. What a
            module calls `warm_up` is called once, before the first child.
    """

    def __init__(self, limits: servers.Sandbox, preload: Sequence[str]) -> None:
        self._limits = limits
        self._preload = tuple(preload)
        self._places = asyncio.Semaphore(limits.children)
        self._restarting = asyncio.Lock()
        self._warm = self._warmed()

    async def call(self, function: Callable[..., object], *args: object, answer: type[T]) -> T:
        """Run `function(*args)` in a child; what it returns, read back as `answer`.

        `function` must stand at the top of a preloaded module.

        Raises:
            Unchecked: OutOfTime, OutOfMemory, Crashed or BadAnswer.
        """
        request = pickle.dumps((function, args))
        async with self._places:
            talk, child = await self._fork()
            try:
                async with asyncio.timeout(WALL_CLOCK * self._limits.seconds):
                    said = await _converse(talk, request)
            except TimeoutError:
                raise OutOfTime from None
            except OSError:
                raise Crashed from None
            finally:
                talk.close()
                _kill(child)
        return _understood(said, answer)

    async def close(self) -> None:
        """End the warm process, and with it every child."""
        await asyncio.to_thread(self._warm.end)

    async def _fork(self) -> tuple[socket.socket, int]:
        """A socket to a new child and its pidfd; a dead warm process is replaced once."""
        for _ in range(2):
            warm = self._warm
            if forked := await warm.fork():
                return forked
            async with self._restarting:
                if self._warm is warm:
                    await asyncio.to_thread(warm.end)
                    self._warm = self._warmed()
        raise Crashed

    def _warmed(self) -> "_Warm":
        return _Warm(self._limits, self._preload)


async def _converse(talk: socket.socket, request: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(talk, len(request).to_bytes(8, "big") + request)
    said = bytearray()
    while chunk := await loop.sock_recv(talk, _CHUNK):
        said += chunk
        if len(said) > ANSWER_LIMIT:
            raise BadAnswer
    return bytes(said)


def _understood(said: bytes, answer: type[T]) -> T:
    match said[:1]:
        case b"=":
            try:
                return TypeAdapter(answer).validate_json(said[1:])
            except ValidationError:
                raise BadAnswer from None
        case b"m":
            raise OutOfMemory
        case b"\x18":  # SIGXCPU
            raise OutOfTime
        case b"!" | b"":
            raise Crashed
        case _:
            raise BadAnswer


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(child, signal.SIGKILL)
    os.close(child)


class _Warm:
    """The parent's end of one warm process."""

    _PROGRAM = (
        "import json, sys; sys.path[:], *orders = json.loads(sys.argv[1]); "
        "from bot.sandbox import warm; warm(*orders)"
    )

    def __init__(self, limits: servers.Sandbox, preload: Sequence[str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            orders = [sys.path, theirs.fileno(), limits.seconds, limits.memory, preload]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
                [sys.executable, "-I", "-c", self._PROGRAM, json.dumps(orders)],
                env={"LC_ALL": "C.UTF-8"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    async def fork(self) -> tuple[socket.socket, int] | None:
        """A socket to a new child and its pidfd, or None: the warm process is dead."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            async with asyncio.timeout(WARM_UP_SECONDS):
                await _readable(ours)
            _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        except OSError:  # TimeoutError is one
            fds = []
        except BaseException:
            ours.close()
            raise
        if not fds:
            ours.close()
            return None
        return ours, fds[0]

    def end(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()


async def _readable(ours: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(ours, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(ours)


# Below: in the warm process and its children.


def warm(control_fd: int, seconds: float, memory: int, modules: Sequence[str]) -> None:
    """Load `modules`, then fork a child for every socket that comes, until the parent ends."""
    for module in [importlib.import_module(name) for name in modules]:
        getattr(module, "warm_up", int)()
    for codec in pkgutil.iter_modules(encodings.__path__):  # mails name their own charsets
        with contextlib.suppress(ImportError):  # those of other systems
            importlib.import_module(f"encodings.{codec.name}")
    prctl = ctypes.CDLL(None).prctl
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    # a service manager tells the whole group; our parent finishes its work first, then ends us
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    os.dup2(1, 2)  # /dev/null: a child's last words may hold people's data
    with socket.socket(fileno=control_fd) as control:
        while fds := socket.recv_fds(control, 16, 1)[1]:
            with socket.socket(fileno=fds[0]) as talk:
                pid = os.fork()
                if pid == 0:
                    _child(talk, prctl, seconds, memory + _address_space())
                child = os.pidfd_open(pid)  # alive: it waits for a request that is not yet sent
                socket.send_fds(talk, [b"."], [child])
                os.close(child)


def _address_space() -> int:
    """Bytes of address space that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _child(talk: socket.socket, prctl: Callable[..., int], seconds: float, memory: int) -> None:
    """Answer one request and end; never returns."""
    try:
        talk_fd = 3
        os.dup2(talk.fileno(), talk_fd)
        os.closerange(talk_fd + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        _give_up_everything(prctl, seconds, memory)
        _answer(talk_fd)
    finally:
        os._exit(0)


def _give_up_everything(prctl: Callable[..., int], seconds: float, memory: int) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    cpu = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))  # it says so, then it is killed
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),  # what is open stays open, nothing opens any more
    ):
        resource.setrlimit(what, (limit, limit))


def _answer(talk: int) -> None:
    length = int.from_bytes(_read(talk, 8), "big")
    request = _read(talk, length)
    _tell_when_time_is_up(talk)
    try:
        function, args = pickle.loads(request)  # noqa: S301 - from our parent
        result = function(*args)
        said = _ANSWER + TypeAdapter(type(result)).dump_json(result)
    except MemoryError:
        said = _OUT_OF_MEMORY
    except Exception:  # whatever a parser may raise; its text must not leave
        said = _RAISED
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # it has been in time
    os.set_blocking(talk, True)
    while said:
        said = said[os.write(talk, said) :]


def _tell_when_time_is_up(talk: int) -> None:
    """Have the interpreter write SIGXCPU's number, even amid a parser that never returns."""
    os.set_blocking(talk, False)
    signal.set_wakeup_fd(talk, warn_on_full_buffer=False)
    signal.signal(signal.SIGXCPU, lambda *_: os._exit(0))


def _read(talk: int, length: int) -> bytes:
    data = bytearray()
    while len(data) < length and (chunk := os.read(talk, min(_CHUNK, length - len(data)))):
        data += chunk
    return bytes(data)
