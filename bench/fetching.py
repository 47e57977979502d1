"""Mails fetched by IMAP and kept, from a mailbox where many wait."""

import asyncio
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from bench.rounds import Effort, interleaved, ratio
from bench.table import Line
from bot.inbox.archive import Archive
from bot.inbox.imap import Collector, Way, collecting
from bot.inbox.imap_sweep import TOGETHER
from bot.inbox.intake import Intake, Place
from bot.register import connection
from bot.register.models import Mail
from bot.sections.imap import Account, Imap
from bot.sections.servers import Door
from demo.peers.dovecot_imap import DovecotImap, dovecot_imap

WAITING, SIZE = 10_000, 10_000  # mails, bytes of each


async def on_sqlite(effort: Effort) -> AsyncIterator[Line]:
    count = effort.of(WAITING)
    with dovecot_imap() as server:

        async def kept() -> float:
            return await _kept(_filled(server, count), count)

        async def only_fetched() -> float:
            return await asyncio.to_thread(_only_fetched, _filled(server, count), count)

        found = await interleaved(effort, kept=kept, fetched=only_fetched)
    yield Line(
        "imap-10k",
        f"mails of {SIZE // 1000} kB per second, {WAITING:,} waiting in a Dovecot: fetched, "
        "stored, committed on sqlite, flagged",
        "the same fetched by the same client, and thrown away",
        ratio(found["kept"], found["fetched"]),
        "≥ 500 mails/s",
        f"{median(found['kept']):.0f} and {median(found['fetched']):.0f} mails/s",
    )


def _filled(server: DovecotImap, count: int) -> Way:
    """The way to a new mailbox with mails in it, each like no other."""
    user = f"{secrets.token_hex(4)}@ca.example.gov.vn"
    server.deliver(user, *(_mail() for _ in range(count)))
    account = Account(mailbox=user, host="127.0.0.1", port=server.port, tls="none")
    return Way(account, Imap(), lambda: server.password, None, Door().size_limit)


def _mail() -> bytes:
    line = secrets.token_hex(38).encode() + b"\r\n"
    head = b"Subject: bench\r\nMessage-ID: <%s@bench>\r\n\r\n" % secrets.token_hex(20).encode()
    return head + line * ((SIZE - len(head)) // len(line))


async def _kept(way: Way, count: int) -> float:
    """From the first connection to the last commit."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with connection.opened(Path(folder) / "register.sqlite3"):
            intake = Intake(Archive(Path(folder) / "archive"), connection.clock)
            start = time.perf_counter()
            async with collecting([Collector(way, intake, _trouble, _too_big)]):
                while await Mail.all().count() < count:  # noqa: ASYNC110 - as others see it
                    await asyncio.sleep(0.02)
                return count / (time.perf_counter() - start)


async def _trouble(mailbox: str, code: str, lasts: timedelta) -> None:
    raise SystemExit(f"The mailbox cannot be fetched: {code}")


async def _too_big(mailbox: str, place: Place, size: int) -> None:
    raise SystemExit("A mail is too big.")


def _only_fetched(way: Way, count: int) -> float:
    start = time.perf_counter()
    with way.logged_in() as server:
        server.open(way.account.folder)
        uids = server.find("ALL")
        for first in range(0, len(uids), TOGETHER):
            server.bodies(uids[first : first + TOGETHER])
    return count / (time.perf_counter() - start)
