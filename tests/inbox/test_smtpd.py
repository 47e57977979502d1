"""250 means kept: the bytes, the row, the task. Clients are smtplib, swaks and bare sockets."""

import asyncio
import hashlib
import smtplib
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox.archive import Archive
from bot.inbox.conversation import Conversation
from bot.inbox.smtpd import SmtpDoor
from bot.register.models import Mail, Task
from bot.sections.servers import Door
from tests.inbox.door import MAIL, MAILBOX, OTHER, SENDER, House, send, stuffed, talking, turn

EXACT = {
    "8-bit": b"Subject: \xc4\x90\xc6\xa1n\r\n\r\n\xff\xfe\x80\r\n",
    "dots": b".\r\n..\r\n...three\r\n\r\n.one\r\n.\r\n..\r\nx.\r\n",
    "long line": b"Subject: x\r\n\r\n" + b"a" * 19_000 + b"\r\n",
    "lone LF": b"Subject: x\n\nbody\n.\nstill body\n.\r\nand here\r\n",
    "lone CR": b"Subject: x\r\n\r\na\rb\r\r\n.\r.\r\n",
    "NUL": b"Subject: x\r\n\r\n\0a\0\r\n",
    "no header": b"\r\n",
    "nothing": b"",
    "one byte lines": b"a\r\n" * 2_000,
}


def committed(tmp_path: Path, digest: str) -> tuple[int, int]:
    """Rows of this mail and of its task, as another process sees them."""
    with closing(sqlite3.connect(tmp_path / "register.sqlite3")) as other:
        (mails,) = other.execute("SELECT COUNT(*) FROM mail WHERE digest = ?", (digest,)).fetchone()
        (tasks,) = other.execute(
            "SELECT COUNT(*) FROM task JOIN mail ON subject = mail.id AND task.kind = 'identify'"
            " WHERE digest = ?",
            (digest,),
        ).fetchone()
    return mails, tasks


async def test_when_250_is_heard_bytes_row_and_task_are_there(house: House, tmp_path: Path) -> None:
    digest = hashlib.sha256(MAIL).hexdigest()
    async with house.door() as door, talking(door.port) as talk:
        await talk.envelope()
        talk.writer.write(MAIL)
        assert committed(tmp_path, digest) == (0, 0)
        assert (await talk.say(b".")).code == 250
        assert committed(tmp_path, digest) == (1, 1)
        assert Archive(tmp_path / "archive").get(digest) == MAIL
    mail = await Mail.get()
    assert (mail.mailbox, mail.envelope_from, mail.size) == (MAILBOX, SENDER, len(MAIL))
    assert mail.received_at == house.now


async def test_the_bytes_are_kept_before_the_row_and_the_row_before_the_answer(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256(MAIL).hexdigest()
    put = house.archive.put
    seen = []

    def watched(raw: bytes) -> str:
        seen.append(committed(tmp_path, digest))
        kept = put(raw)
        seen.append(committed(tmp_path, digest))
        return kept

    monkeypatch.setattr(house.archive, "put", watched)
    async with house.door() as door, talking(door.port) as talk:
        assert (await talk.data(MAIL)).code == 250
    assert seen == [(0, 0), (0, 0)]


@pytest.mark.parametrize("what", EXACT)
async def test_the_bytes_are_exact(house: House, what: str) -> None:
    raw = EXACT[what]
    async with house.door() as door, talking(door.port) as talk:
        assert (await talk.data(raw)).code == 250
    assert house.archive.get(hashlib.sha256(raw).hexdigest()) == raw
    assert [path.read_bytes() for path in house.files()] == [raw]


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"a", b"a" * 40]), max_size=40),
    st.integers(1, 200),
)
def test_however_it_is_cut_the_bytes_are_exact(parts: list[bytes], cut: int) -> None:
    """Pieces end anywhere, on the way and in our buffer."""
    raw = b"".join(parts) + b"\r\n"
    kept: list[bytes] = []

    async def store(raw: bytes, mailbox: str, sender: str, *_: object) -> None:
        kept.append(raw)

    async def deliver() -> int:
        door = SmtpDoor(Door(port=0), [MAILBOX], store)
        async with door.listening(), talking(door.port) as talk:
            await talk.envelope()
            sent = stuffed(raw) + b".\r\nNOOP\r\n"
            for begin in range(0, len(sent), cut):
                talk.writer.write(sent[begin : begin + cut])
                await turn()
            return sum(await talk.answers(2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Conversation, "line_length_limit", 90)  # with room for our commands
        assert asyncio.run(deliver()) == 250 + 250
    assert kept == [raw]


async def test_a_client_that_does_not_wait_for_354_is_understood(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        envelope = f"MAIL FROM:<>\r\nRCPT TO:<{MAILBOX}>\r\nDATA\r\n".encode()
        for raw in (MAIL, b"", b"\r\n.\r\n"):
            talk.writer.write(envelope + stuffed(raw) + b".\r\n")
            assert await talk.answers(4) == [250, 250, 354, 250]
    assert {path.read_bytes() for path in house.files()} == {MAIL, b"", b"\r\n.\r\n"}


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r"])
async def test_only_crlf_dot_crlf_ends_a_mail(house: House, end: bytes) -> None:
    """What follows another end would be a mail that only we see (SMTP smuggling)."""
    raw = b"x" + end + b"MAIL FROM:<evil@x.vn>\r\n"
    async with house.door() as door, talking(door.port) as talk:
        await talk.envelope()
        talk.writer.write(raw)
        assert (await talk.say(b".")).code == 250
    (kept,) = [path.read_bytes() for path in house.files()]
    assert kept == raw.replace(b"\r\n.", b"\r\n")


def test_a_stuffed_mail_has_no_end_inside() -> None:
    assert all(b"\r\n.\r\n" not in b"\r\n" + stuffed(raw) for raw in EXACT.values())


async def test_swaks_delivers(house: House, tmp_path: Path) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(MAIL)
    async with house.door() as door:
        swaks = await asyncio.create_subprocess_exec(
            "swaks", "--server", "127.0.0.1", "--port", str(door.port), "--from", SENDER,
            "--to", MAILBOX, "--data", f"@{letter}",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await swaks.communicate()
    assert swaks.returncode == 0, output
    assert (await Mail.get()).mailbox == MAILBOX


async def test_the_same_mail_twice_is_one(house: House) -> None:
    async with house.door() as door:
        for _ in range(2):
            await asyncio.to_thread(send, door.port, MAIL)
    assert await Mail.all().count() == await Task.all().count() == len(house.files()) == 1


async def test_the_same_mail_many_times_at_once_is_one(house: House) -> None:
    async with house.door() as door, AsyncExitStack() as stack:
        talks = [await stack.enter_async_context(talking(door.port)) for _ in range(8)]
        answers = await asyncio.gather(*(talk.data(MAIL) for talk in talks))
    assert [answer.code for answer in answers] == [250] * 8
    assert await Mail.all().count() == await Task.all().count() == len(house.files()) == 1


async def test_two_mails_on_one_connection_are_two(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        for raw in (MAIL, MAIL + b"2\r\n"):
            assert (await talk.data(raw)).code == 250
    assert await Mail.all().count() == await Task.all().count() == 2


async def test_an_unknown_mailbox_is_550_and_a_known_one_in_any_case_250(house: House) -> None:
    async with house.door() as door:
        refused = await asyncio.to_thread(
            send, door.port, MAIL, "nobody@ca.example.gov.vn", MAILBOX.upper()
        )
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await asyncio.to_thread(send, door.port, MAIL, f"{MAILBOX}.evil.example")
    assert {to: code for to, (code, _) in refused.items()} == {"nobody@ca.example.gov.vn": 550}
    assert (await Mail.get()).mailbox == MAILBOX


async def test_two_known_recipients_are_one_mail(house: House) -> None:
    async with house.door() as door:
        assert not await asyncio.to_thread(send, door.port, MAIL, OTHER, MAILBOX)
    assert (await Mail.get()).mailbox == MAILBOX
    assert await Task.all().count() == 1


@pytest.mark.parametrize(
    ("sender", "kept"),
    [
        (b"", ""),
        ("văn.thư@trường.edu.vn".encode(), "văn.thư@trường.edu.vn"),
        (b"\xff\xfe@x.vn", "??@x.vn"),
        (b"a" * 400 + b"@x.vn", "a" * 400 + "@x.vn"),
    ],
)
async def test_no_mail_hangs_on_its_envelope_sender(house: House, sender: bytes, kept: str) -> None:
    async with house.door() as door, talking(door.port) as talk:
        assert (await talk.mail(sender=sender, options=b" SMTPUTF8")).code == 250
        assert (await talk.say(b"RCPT TO:<" + MAILBOX.encode() + b">")).code == 250
        assert (await talk.say(b"DATA")).code == 354
        assert (await talk.say(MAIL + b".")).code == 250
    assert (await Mail.get()).envelope_from == kept


async def test_an_envelope_sender_longer_than_its_column_is_cut(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        for _ in range(100):  # each greeting allows a longer command
            await talk.say(b"EHLO client.example")
        await talk.envelope(b"a" * 3_000 + b"@x.vn")
        assert (await talk.say(MAIL + b".")).code == 250
    assert (await Mail.get()).envelope_from == "a" * 512


async def test_a_crash_is_451_without_its_text_and_the_next_mail_goes_through(house: House) -> None:
    crashes = iter([True, True, False])

    async def store(raw: bytes, mailbox: str, sender: str, *_: object) -> object:
        if next(crashes):
            raise RuntimeError("Nguyễn Văn A 001099012345")
        return await house.store(raw, mailbox, sender)

    with structlog.testing.capture_logs() as logged:
        async with house.door(store) as door, talking(door.port) as talk:
            answers = [await talk.data(MAIL) for _ in range(3)]
    assert [answer.code for answer in answers] == [451, 451, 250]
    assert "Nguy" not in str([answers, logged])
    assert [entry["code"] for entry in logged] == ["crash.RuntimeError"] * 2


async def test_a_disk_that_fails_is_451_and_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    async with house.door() as door, talking(door.port) as talk:
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            assert (await talk.data(MAIL)).code == 451
        assert house.files() == []
        assert await Mail.all().count() == await Task.all().count() == 0
        assert (await talk.data(MAIL)).code == 250
    assert await Mail.all().count() == 1


async def test_a_register_that_fails_is_451_and_leaves_no_row(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with house.door() as door, talking(door.port) as talk:
        with monkeypatch.context() as patch:
            patch.setattr("bot.register.tasks.call_all", fails)
            assert (await talk.data(MAIL)).code == 451
        assert await Mail.all().count() == await Task.all().count() == 0
        assert (await talk.data(MAIL)).code == 250  # the bytes were there: now the row is too
    assert await Mail.all().count() == await Task.all().count() == 1
