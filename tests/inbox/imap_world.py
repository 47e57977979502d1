"""A collector over a real Dovecot, register and archive; and a server that follows a script."""

import asyncio
import itertools
import socketserver
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from imapclient import IMAPClient

from bot.inbox.imap import Collector, Way, collecting
from bot.inbox.imap_server import STORED
from bot.inbox.intake import Place
from bot.register.models import Fetched, Mail
from bot.sections.imap import Account, Imap
from demo.peers.dovecot_imap import DovecotImap
from tests.inbox.door import House

LIMIT = 20_000
PATIENCE = 20  # seconds
QUICK = {"first_retry_seconds": 0.02, "last_retry_seconds": 0.05, "poll_seconds": 0.02}
USERS = itertools.count()


def a_user() -> str:
    """A mailbox that nobody had before."""
    return f"hoso{next(USERS)}@ca.example.gov.vn"


def a_mail(number: int = 0, size: int = 0) -> bytes:
    return b"Subject: %d\r\n\r\nKinh gui\r\n%s\r\n" % (number, b"x" * size)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.005)


async def until_kept(count: int) -> None:
    """So many mails stand in the register."""
    async with asyncio.timeout(PATIENCE):
        while await Mail.all().count() < count:
            await asyncio.sleep(0.005)


@dataclass
class World:
    """What a collector finds around it, and what it says."""

    house: House
    user: str = field(default_factory=a_user)
    troubles: list[str] = field(default_factory=list)
    too_big: list[int] = field(default_factory=list)  # UIDs

    @asynccontextmanager
    async def fetching(
        self, port: int, secret: str, *, context: ssl.SSLContext | None = None,
        of_imap: Mapping[str, object] | None = None, **of_account: object,
    ) -> AsyncIterator[Collector]:  # fmt: skip
        collector = self.collector(port, secret, context=context, of_imap=of_imap, **of_account)
        async with collecting([collector]):
            yield collector

    def collector(
        self, port: int, secret: str, *, context: ssl.SSLContext | None = None,
        of_imap: Mapping[str, object] | None = None, **of_account: object,
    ) -> Collector:  # fmt: skip
        account = Account.model_validate(
            {"mailbox": self.user, "host": "127.0.0.1", "port": port, "tls": "none"} | of_account
        )
        settings = Imap.model_validate({"timeout": 5, **QUICK, **(of_imap or {})})
        way = Way(account, settings, lambda: secret, context, LIMIT)
        return Collector(way, self.house.intake(), self._hear_trouble, self._hear_too_big)

    async def _hear_trouble(self, mailbox: str, code: str, lasts: timedelta) -> None:
        self.troubles.append(code)

    async def _hear_too_big(self, mailbox: str, place: Place, size: int) -> None:
        self.too_big.append(place.uid)


async def uids() -> list[int]:
    """Of what is known to be kept, in any folder."""
    return sorted([one.uid async for one in Fetched.all()])


@contextmanager
def reader(server: DovecotImap, user: str, *, looks: bool = False) -> Iterator[IMAPClient]:
    """Somebody with a mail program, in INBOX; who only looks changes nothing."""
    with IMAPClient("127.0.0.1", server.port, ssl=False, timeout=PATIENCE) as client:
        client.plain_login(user, server.password)
        client.select_folder("INBOX", readonly=looks)
        yield client


def flagged(server: DovecotImap, user: str) -> list[int]:
    with reader(server, user, looks=True) as client:
        return list(client.search(f"KEYWORD {STORED}"))


async def until_flagged(server: DovecotImap, user: str, *wanted: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(flagged, server, user) != [*wanted]:
            await asyncio.sleep(0.01)


class Scripted(socketserver.ThreadingTCPServer):
    """A server that answers each command with what the script says; `TAG` is its tag.

    A command that is not in the script is never answered.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, script: dict[str, bytes]) -> None:
        self.script = {
            "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK x\r\n",
            "AUTHENTICATE": b"+ \r\n",
            "": b"TAG OK x\r\n",  # the answer to "+"
            "SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n"
            b"* OK [PERMANENTFLAGS (\\*)] x\r\nTAG OK [READ-WRITE] x\r\n",
            "UID SEARCH": b"* SEARCH 1\r\nTAG OK x\r\n",
            **script,
        }
        self.heard: list[str] = []
        super().__init__(("127.0.0.1", 0), _Script)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @contextmanager
    def running(self) -> Iterator["Scripted"]:
        serving = threading.Thread(target=partial(self.serve_forever, poll_interval=0.01))
        serving.start()
        try:
            yield self
        finally:
            self.shutdown()
            serving.join()
            self.server_close()


class _Script(socketserver.StreamRequestHandler):
    server: Scripted

    def handle(self) -> None:
        self.wfile.write(b"* OK hello\r\n")
        tag = b""
        for line in self.rfile:
            words = line.decode().split()
            known = [name for name in self.server.script if name and name in " ".join(words[1:3])]
            if known:
                tag = words[0].encode()
            self.server.heard.append(known[0] if known else "")
            answer = self.server.script.get(known[0] if known else "", b"")
            if known or len(words) == 1:
                self.wfile.write(answer.replace(b"TAG", tag))
