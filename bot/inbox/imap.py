"""The door for mail that is fetched: a thread for each account, whose trouble is its own.

A thread holds one connection: it takes what is new, waits until the server
says something (IDLE, RFC 2177) or a while has passed, and looks again. When
anything goes wrong it connects anew, later and later.
"""

import asyncio
import random
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from imapclient.exceptions import IMAPClientError

from bot.errors import code_of
from bot.inbox.imap_server import ImapServer, LoginRefused, ServerAway
from bot.inbox.imap_sweep import Sweeper, TellTooBig, most_in_one_answer
from bot.inbox.intake import Intake
from bot.sections.imap import Account, Imap

log = structlog.get_logger()

Answer = TypeVar("Answer")
TellTrouble = Callable[[str, str, timedelta], Coroutine[Any, Any, None]]  # mailbox, code, how long

LATE = timedelta(hours=1)  # until officers are told
FAREWELL = 10  # seconds for what is under way, when the door closes
MOST_DOUBLINGS = 16


@dataclass(frozen=True)
class Way:
    """How to get to a mailbox.

    Attributes:
        secret: a password or, if the account has a command for it, a token; asked each time.
        tls: None for a connection in the clear.
        size_limit: bytes of one mail.
    """

    account: Account
    settings: Imap
    secret: Callable[[], str]
    tls: ssl.SSLContext | None
    size_limit: int

    @contextmanager
    def logged_in(
        self, at_hand: Callable[[ImapServer | None], None] = lambda _: None
    ) -> Iterator[ImapServer]:
        """A connection, while the block runs. Blocking.

        Args:
            at_hand: given the connection as soon as it can be hung up, and None at its end.

        Raises:
            BotError: we are not let in, now or ever.
            OSError: nobody answers there, or not who should.
        """
        implicit = self.tls if self.account.tls == "implicit" else None
        server = ImapServer(
            self.account.host, self.account.port, implicit,
            most=most_in_one_answer(self.size_limit), timeout=self.settings.timeout,
        )  # fmt: skip
        at_hand(server)
        try:
            if self.account.tls == "starttls":
                server.starttls(self.tls)
            is_token = bool(self.account.token_command)
            server.log_in(self.account.user, self.secret(), is_token=is_token)
            yield server
        finally:
            at_hand(None)
            with suppress(OSError):
                server.shutdown()


class Collector:
    """Takes the mails of one account, in a thread of its own.

    Args:
        tell_trouble: called on the event loop when trouble has lasted for an hour, and
            again at each further try.
    """

    def __init__(
        self, way: Way, intake: Intake, tell_trouble: TellTrouble, tell_too_big: TellTooBig
    ) -> None:
        self._way = way
        self._tell_trouble = tell_trouble
        self._sweeper = Sweeper(
            way.account, intake, self._ask, tell_too_big,
            size_limit=way.size_limit, every=way.settings.sweep_seconds,
        )  # fmt: skip
        self._server: ImapServer | None = None
        self._stopping = threading.Event()
        self._ended = asyncio.Event()
        self._failures = 0
        self._failing_since = 0.0  # monotonic

    async def run(self) -> None:
        """Until `stop`."""
        self._loop = asyncio.get_running_loop()

        def collect() -> None:
            self._collect()
            with suppress(RuntimeError):  # nobody waits for us any more
                self._loop.call_soon_threadsafe(self._ended.set)

        name = f"imap {self._way.account.mailbox}"
        threading.Thread(target=collect, name=name, daemon=True).start()
        await self._ended.wait()

    def stop(self) -> None:
        """Fetch no more; what is being stored is stored."""
        self._stopping.set()
        if server := self._server:
            server.hang_up()
        else:  # a thread that still connects stores nothing: it may end with the process
            self._ended.set()

    def _collect(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._way.logged_in(self._at_hand) as server:
                    self._stay(server)
            except Exception as error:
                if not self._stopping.is_set():
                    self._trouble(error)
                    self._stopping.wait(self._pause(error))

    def _at_hand(self, server: ImapServer | None) -> None:
        self._server = server

    def _stay(self, server: ImapServer) -> None:
        """Look and wait, as long as the connection lives."""
        if done := self._way.account.done:
            server.make(done)
        folder = self._sweeper.begin(server)
        while not self._stopping.is_set():
            self._sweeper.sweep(server, folder)
            self._failures = 0
            if server.has_news():
                continue
            if server.has_capability("IDLE"):
                server.wait(self._way.settings.idle_seconds)
            else:
                self._stopping.wait(self._way.settings.poll_seconds)

    def _trouble(self, error: Exception) -> None:
        now, code, mailbox = time.monotonic(), trouble_code(error), self._way.account.mailbox
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        log.warning("imap.trouble", mailbox=mailbox, code=code)
        lasts = timedelta(seconds=now - self._failing_since)
        if lasts >= LATE:
            try:
                self._ask(self._tell_trouble(mailbox, code, lasts))
            except Exception as untold:  # told at the next try
                log.error("imap.untold", mailbox=mailbox, code=code_of(untold))

    def _pause(self, error: Exception) -> float:
        """Seconds. A login that is refused again and again may be locked: not so soon."""
        last = self._way.settings.last_retry_seconds
        doubled = 2.0 ** min(self._failures - 1, MOST_DOUBLINGS)
        longest = min(last, self._way.settings.first_retry_seconds * doubled)
        if isinstance(error, LoginRefused):
            longest = last
        return longest * random.uniform(0.5, 1)  # noqa: S311 - so that not all come back at once

    def _ask(self, question: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result()


@asynccontextmanager
async def collecting(collectors: Sequence[Collector]) -> AsyncIterator[None]:
    """Mail is fetched while the block runs."""
    running = [asyncio.create_task(collector.run()) for collector in collectors]
    try:
        yield
    finally:
        for collector in collectors:
            collector.stop()
        if running:
            _, still = await asyncio.wait(running, timeout=FAREWELL)
            for task in still:  # its server hangs: the thread ends with the process
                task.cancel()


def trouble_code(error: BaseException) -> str:
    """What log and officers hear: never a server's words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "imap.certificate"
    if isinstance(error, OSError | IMAPClientError):
        return ServerAway.code
    return code_of(error)
