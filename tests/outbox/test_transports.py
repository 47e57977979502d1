"""What is promised of every way out, tried on each."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.outbox.maildir import MaildirTransport
from bot.outbox.transport import Transport, TransportUnavailable
from demo.peers.postfix import Postfix
from tests.outbox.servers import arrived, to_postfix

TO = "c3chuvanan@hanoiedu.vn"


class Maildir:
    """The way out without a server."""

    copies_of_two = 1  # it has one file a Message-ID

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.transport: Transport = MaildirTransport(folder)

    async def arrived(self, message_id: str, copies: int = 1) -> list[bytes]:
        mails = [file.read_bytes() for file in (self.folder / "new").iterdir()]
        return [mail for mail in mails if f"Message-ID: {message_id}\r\n".encode() in mail]

    @contextmanager
    def away(self) -> Iterator[None]:
        self.folder.write_text("in the way")
        yield
        self.folder.unlink()


class Server:
    """The way out through one: it cannot know that it has a message already."""

    copies_of_two = 2

    def __init__(self, server: Postfix) -> None:
        self.server = server
        self.transport: Transport = to_postfix(server)

    async def arrived(self, message_id: str, copies: int = 1) -> list[bytes]:
        return await arrived(self.server, message_id, copies)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()


@pytest.fixture(params=["maildir", "server"])
def way_out(request: pytest.FixtureRequest, tmp_path: Path) -> Maildir | Server:
    if request.param == "maildir":
        return Maildir(tmp_path / "mail")
    return Server(request.getfixturevalue("mail_server"))


@dataclass(frozen=True)
class Message:
    id: str
    raw: bytes


@pytest.fixture
def message() -> Message:
    """Lines that a careless carrier would change."""
    message_id = f"<{secrets.token_hex(8)}@ca.example.gov.vn>"
    lines = (
        b"From: =?utf-8?b?VHJ1bmcgdMOibQ==?= <hoso@ca.example.gov.vn>",
        b"To: " + TO.encode(),
        b"Subject:  two  spaces",
        b"Message-ID: " + message_id.encode(),
        b"",
        b".",
        b"..",
        b"From a line that mailboxes of old would change",
        b"trailing space ",
        b"x" * 998,
        b"",
        b"",
    )
    return Message(message_id, b"\r\n".join(lines))


async def test_a_message_arrives_byte_for_byte(way_out: Maildir | Server, message: Message) -> None:
    reference = await way_out.transport.deliver(message.id, TO, message.raw)
    [mail] = await way_out.arrived(message.id)
    assert mail.endswith(message.raw)
    assert len(reference) <= 128
    assert reference.isascii()


async def test_the_same_message_again_is_taken_and_never_another(
    way_out: Maildir | Server, message: Message
) -> None:
    await way_out.transport.deliver(message.id, TO, message.raw)
    await way_out.transport.deliver(message.id, TO, message.raw)
    mails = await way_out.arrived(message.id, way_out.copies_of_two)
    assert len(mails) == way_out.copies_of_two
    assert all(mail.endswith(message.raw) for mail in mails)


async def test_who_is_away_is_tried_later(way_out: Maildir | Server, message: Message) -> None:
    with way_out.away():
        for _ in range(2):
            with pytest.raises(TransportUnavailable):
                await way_out.transport.deliver(message.id, TO, message.raw)
    await way_out.transport.deliver(message.id, TO, message.raw)
    assert len(await way_out.arrived(message.id)) == 1


async def test_nobody_claims_to_know_what_was_never_delivered(way_out: Maildir | Server) -> None:
    assert not await way_out.transport.knows("<never@ca.example.gov.vn>")
