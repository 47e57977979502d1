"""Disk or register away: 451, nothing half-written; back again, the same mail is taken once."""

import asyncio
import hashlib
import resource
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from bot.inbox.archive import Archive
from bot.inbox.smtpd import SmtpDoor
from bot.register import audit
from bot.register.audit import Event
from bot.register.models import Mail, Task
from bot.sections.servers import Door
from demo.peers.postgres import Postgres
from tests.inbox.door import MAIL, MAILBOX, House, talking

BIG = MAIL + b"a" * 900_000 + b"\r\n"


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """The kernel stops a write in the middle, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


async def taken_once(house: House, raw: bytes) -> None:
    """As a file, a row, a task and an event."""
    assert [path.read_bytes() for path in house.files()] == [raw]
    assert (await Mail.get()).digest == hashlib.sha256(raw).hexdigest()
    assert await Task.all().count() == await Event.all().count() == 1
    assert [link async for link in audit.broken(audit.SYSTEM)] == []


async def test_a_disk_that_fills_up_in_the_middle_of_a_mail(house: House) -> None:
    async with house.door(size_limit=1_000_000) as door, talking(door.port) as talk:
        with files_no_longer_than(500_000):
            assert (await talk.data(BIG)).code == 451
            assert house.files() == []
            assert await Mail.all().count() == 0
        assert (await talk.data(BIG)).code == 250
    await taken_once(house, BIG)


async def test_a_register_that_goes_away_and_comes_back(
    server: Postgres, postgresql_register: str, tmp_path: Path, now: datetime
) -> None:
    house = House(Archive(tmp_path / "archive"), now)
    async with house.door() as door, talking(door.port) as talk:
        server.stop()
        try:
            answers = [await talk.data(MAIL) for _ in range(2)]
        finally:
            server.start()
        assert [answer.code for answer in answers] == [451, 451]
        async with asyncio.timeout(30):
            while (await talk.data(MAIL)).code != 250:
                pass
    await taken_once(house, MAIL)


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_many_clients_at_once_each_have_what_they_were_told(
    house: House, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """Of mails that come together, just those that cannot be written are 451."""
    put, raws = house.archive.put, [MAIL + b"%d\r\n" % number for number in range(16)]

    def sometimes(raw: bytes) -> str:
        if raws.index(raw) % 3 == 0:
            raise OSError
        return put(raw)

    monkeypatch.setattr(house.archive, "put", sometimes)

    async def one(port: int, raw: bytes) -> int:
        async with talking(port, b"LHLO" if protocol == "lmtp" else b"EHLO") as talk:
            return (await talk.data(raw)).code

    async with house.door(protocol=protocol) as door:
        codes = await asyncio.gather(*(one(door.port, raw) for raw in raws))
    assert codes == [451 if number % 3 == 0 else 250 for number in range(16)]
    kept = {raw for raw, code in zip(raws, codes, strict=True) if code == 250}
    assert {path.read_bytes() for path in house.files()} == kept
    assert await Mail.all().count() == await Task.all().count() == len(kept)


async def test_a_door_that_is_closed_answers_what_it_stores_first(now: datetime) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*_: object) -> None:
        begun.set()
        await go_on.wait()

    door = SmtpDoor(Door(port=0), [MAILBOX], slowly)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(door.listening())
        idle = await asyncio.open_connection("127.0.0.1", door.port)
        async with talking(door.port) as talk:
            sending = asyncio.create_task(talk.data(MAIL))
            await begun.wait()
            closing = asyncio.create_task(stack.aclose())
            assert await idle[0].read() != b""  # its greeting, and the end
            go_on.set()
            assert (await sending).code == 250
            await closing
        idle[1].close()


async def test_many_recipients_of_a_mail_that_is_refused_each_hear_of_it(house: House) -> None:
    async with (
        house.door(protocol="lmtp", size_limit=2_000) as door,
        talking(door.port, b"LHLO") as talk,
    ):
        for _ in range(2):
            assert (await talk.mail()).code == 250
            for _ in range(25):
                assert (await talk.say(b"RCPT TO:<" + MAILBOX.encode() + b">")).code == 250
            assert (await talk.say(b"DATA")).code == 354
            talk.writer.write(b"x" * 3_000 + b"\r\n.\r\n")
            assert await talk.answers(25) == [552] * 25
