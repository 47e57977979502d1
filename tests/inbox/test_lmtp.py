"""LMTP (RFC 2033): after DATA, one reply for each recipient that was accepted."""

import asyncio
import hashlib
import smtplib

import pytest

from bot.register.models import Mail, Task
from tests.inbox.door import LIMIT, MAIL, MAILBOX, OTHER, SENDER, House, Talk, stuffed, talking

US, THEM = MAILBOX.encode(), OTHER.encode()


async def lmtp_data(talk: Talk, raw: bytes, *recipients: bytes) -> list[int]:
    """The reply to each recipient's RCPT that was 250, after DATA."""
    assert (await talk.mail()).code == 250
    taken = [(await talk.say(b"RCPT TO:<" + to + b">")).code == 250 for to in recipients]
    assert (await talk.say(b"DATA")).code == 354
    talk.writer.write(stuffed(raw) + b".\r\n")
    return await talk.answers(sum(taken))


async def test_each_accepted_recipient_has_a_reply(house: House) -> None:
    async with house.door(protocol="lmtp") as door, talking(door.port, b"LHLO") as talk:
        codes = await lmtp_data(talk, MAIL, THEM, b"nobody@ca.example.gov.vn", US, US)
        assert codes == [250, 250, 250]
        assert (await talk.say(b"NOOP")).code == 250  # and no reply more
    assert (await Mail.get()).mailbox == MAILBOX  # one mail, to the first of ours, however named
    assert await Task.all().count() == len(house.files()) == 1


async def test_in_smtp_two_recipients_have_one(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        assert (await talk.mail()).code == 250
        for to in (US, THEM):
            assert (await talk.say(b"RCPT TO:<" + to + b">")).code == 250
        assert (await talk.say(b"DATA")).code == 354
        assert (await talk.say(stuffed(MAIL) + b".")).code == 250
        talk.writer.write(b"VRFY\r\n")
        assert await talk.answers(1) == [501]


async def test_a_real_client_delivers(house: House) -> None:
    def deliver(port: int) -> None:
        with smtplib.LMTP("127.0.0.1", port) as client:
            client.sendmail(SENDER, [MAILBOX], MAIL)

    async with house.door(protocol="lmtp") as door:
        await asyncio.to_thread(deliver, door.port)
    assert house.archive.get(hashlib.sha256(MAIL).hexdigest()) == MAIL


async def test_without_a_recipient_there_is_one_refusal(house: House) -> None:
    async with house.door(protocol="lmtp") as door, talking(door.port, b"LHLO") as talk:
        assert (await talk.mail()).code == 250
        assert (await talk.say(b"RCPT TO:<nobody@x.vn>")).code == 550
        assert (await talk.say(b"DATA")).code == 503
        assert (await talk.say(b"NOOP")).code == 250


async def test_trouble_is_told_for_each_recipient(house: House) -> None:
    async def fails(raw: bytes, mailbox: str, sender: str, *_: object) -> object:
        raise OSError

    async with house.door(fails, protocol="lmtp") as door, talking(door.port, b"LHLO") as talk:
        assert await lmtp_data(talk, MAIL, US, THEM) == [451, 451]
        assert await lmtp_data(talk, MAIL + b"a" * LIMIT + b"\r\n", US, THEM) == [552, 552]
        assert (await talk.say(b"NOOP")).code == 250


@pytest.mark.parametrize(
    ("protocol", "refused"), [("lmtp", b"EHLO"), ("lmtp", b"HELO"), ("smtp", b"LHLO")]
)
async def test_the_greeting_is_the_protocols(house: House, protocol: str, refused: bytes) -> None:
    hello = b"LHLO" if protocol == "lmtp" else b"EHLO"
    async with house.door(protocol=protocol) as door, talking(door.port, hello) as talk:
        assert (await talk.say(refused + b" x")).code == 500
        announced = (await talk.say(hello + b" x")).text
    for extension in ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", f"SIZE {LIMIT}"):
        assert extension in announced
    assert "AUTH" not in announced


async def test_a_whole_pipeline_at_once(house: House) -> None:
    commands = b"MAIL FROM:<>\r\nRCPT TO:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (US, THEM)
    other = MAIL + b"2\r\n"
    async with house.door(protocol="lmtp") as door, talking(door.port, b"LHLO") as talk:
        talk.writer.write(commands)
        assert await talk.answers(4) == [250, 250, 250, 354]
        talk.writer.write(stuffed(MAIL) + b".\r\n" + commands)
        assert await talk.answers(6) == [250, 250, 250, 250, 250, 354]
        talk.writer.write(stuffed(other) + b".\r\nQUIT\r\n")
        assert await talk.answers(3) == [250, 250, 221]
    assert {path.read_bytes() for path in house.files()} == {MAIL, other}
