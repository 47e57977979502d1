"""Processes of the bot that need not load it, which takes three seconds each: forks of one.

    python -m tests.production.forks

Reads a line of JSON for each: `fork`, its words, its variables and the file of its log, or
`wait` and its number; answers with its number, or with the exit code.
"""

import gc
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from demo.process import Process
from tests.cli.zygote import live


@dataclass(frozen=True)
class Forks:
    """The one that forks."""

    running: subprocess.Popen[str]
    _alone: Lock = field(default_factory=Lock)

    def ask(self, *request: object) -> int:
        to, back = self.running.stdin, self.running.stdout
        assert to is not None
        assert back is not None
        with self._alone:
            print(json.dumps(request), file=to, flush=True)
            return int(back.readline())


@contextmanager
def forks() -> Iterator[Forks]:
    """One that forks, while the block runs."""
    command, pipe = [sys.executable, "-m", "tests.production.forks"], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as running:
        yield Forks(running)


class Fork:
    """A child of another process, with the manners of `subprocess.Popen`."""

    def __init__(self, forks: Forks, number: int) -> None:
        self._forks, self._number = forks, number
        self._alive = os.pidfd_open(number)
        self._code: int | None = None

    def poll(self) -> int | None:
        return self._code if self._ends_within(0) else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._ends_within(timeout) or self._code is None:
            raise subprocess.TimeoutExpired("bot", timeout or 0)
        return self._code

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self._number, number)

    def _ends_within(self, timeout: float | None) -> bool:
        if self._code is None and select.select([self._alive], [], [], timeout)[0]:
            self._code = self._forks.ask("wait", self._number)
            os.close(self._alive)
        return self._code is not None


@dataclass
class Forked(Process):
    """`bot` with some words, forked."""

    forks: Forks = field(kw_only=True)

    def _spawned(self, variables: Mapping[str, str]) -> Fork:
        words = ["--config", str(self.settings), *self.words]
        return Fork(self.forks, self.forks.ask("fork", words, variables, str(self.log)))


def serve() -> None:
    gc.freeze()  # what no collection touches stays shared with the forks
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        answer = _forked(*arguments) if what == "fork" else _waited(*arguments)
        print(answer, flush=True)  # noqa: T201


def _forked(words: Sequence[str], variables: Mapping[str, str], log: str) -> int:
    if (number := os.fork()) == 0:
        live(words, variables, [os.devnull, log])
    return number


def _waited(number: int) -> int:
    _, status = os.waitpid(number, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    serve()
