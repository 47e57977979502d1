"""A real door over a real register and archive, and a client that says what it is told."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.inbox import intake
from bot.inbox.archive import Archive
from bot.inbox.intake import Intake
from bot.inbox.smtpd import SmtpDoor, Store
from bot.sections.servers import Door

MAILBOX = "hoso@ca.example.gov.vn"
OTHER = "sua@ca.example.gov.vn"
SENDER = "vanthu@thpt.edu.vn"
LIMIT = 20_000
MAIL = b"Subject: x\r\n\r\nKinh gui\r\n"


@dataclass
class Answer:
    code: int
    text: str


class Talk:
    """One SMTP conversation, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> Answer:
        """The next reply with all its lines (RFC 5321 4.2); code 0 when the door hung up."""
        lines = []
        while line := await self.reader.readline():
            lines.append(line.decode())
            if line[3:4] == b" ":
                return Answer(int(line[:3]), "".join(lines))
        return Answer(0, "")

    async def answers(self, count: int) -> list[int]:
        """The codes of that many replies."""
        return [(await self.answer()).code for _ in range(count)]

    async def say(self, command: bytes) -> Answer:
        self.writer.write(command + b"\r\n")
        return await self.answer()

    async def mail(self, *, options: bytes = b"", sender: bytes = SENDER.encode()) -> Answer:
        return await self.say(b"MAIL FROM:<" + sender + b">" + options)

    async def envelope(self, sender: bytes = SENDER.encode()) -> None:
        """As far as DATA."""
        assert (await self.mail(sender=sender)).code == 250
        assert (await self.say(b"RCPT TO:<" + MAILBOX.encode() + b">")).code == 250
        assert (await self.say(b"DATA")).code == 354

    async def data(self, raw: bytes) -> Answer:
        """A whole mail: envelope, dots stuffed, end of data."""
        await self.envelope()
        self.writer.write(stuffed(raw))
        return await self.say(b".")


def stuffed(raw: bytes) -> bytes:
    """RFC 5321 4.5.2: a line that begins with a dot gets another; lines end in CRLF alone."""
    return b"\r\n".join(b"." + line if line[:1] == b"." else line for line in raw.split(b"\r\n"))


@asynccontextmanager
async def talking(port: int, hello: bytes = b"EHLO") -> AsyncIterator[Talk]:
    """A conversation after the greeting."""
    async with connected(port) as talk:
        assert (await talk.answer()).code == 220
        assert (await talk.say(hello + b" client.example")).code == 250
        yield talk


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Talk]:
    """A conversation in which nothing was said yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Talk(reader, writer)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)  # it may be gone


async def left(door: SmtpDoor, *, open_still: int = 0) -> None:
    """Return when the door knows that the others are gone."""
    async with asyncio.timeout(10):
        while len(door.open) > open_still:
            await turn()


async def turn() -> None:
    """Let everybody else do what they can do now."""
    await asyncio.sleep(0)


def send(port: int, raw: bytes, *to: str, sender: str = SENDER) -> dict[str, tuple[int, bytes]]:
    """Send with smtplib, blocking; returns the recipients that were refused."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        return client.sendmail(sender, to or (MAILBOX,), raw, ["BODY=8BITMIME"])


@dataclass(frozen=True)
class House:
    """What lies behind a door in a test."""

    archive: Archive
    now: datetime

    def intake(self) -> Intake:
        async def clock() -> datetime:
            return self.now

        return Intake(self.archive, clock)

    async def store(self, raw: bytes, mailbox: str, sender: str, *_: object) -> object:
        return await intake.store(
            self.archive, raw, mailbox=mailbox, envelope_from=sender, now=self.now
        )

    @asynccontextmanager
    async def door(
        self,
        store: Store | None = None,
        tls: ssl.SSLContext | None = None,
        **settings: object,
    ) -> AsyncIterator[SmtpDoor]:
        """An open door with a small size limit."""
        chosen = Door.model_validate({"port": 0, "size_limit": LIMIT, **settings})
        door = SmtpDoor(chosen, [MAILBOX, OTHER], store or self.intake().store, tls)
        async with door.listening():
            yield door

    def files(self) -> list[Path]:
        """Everything in the archive's folder, drafts too."""
        return [path for path in self.archive.folder.rglob("*") if path.is_file()]
