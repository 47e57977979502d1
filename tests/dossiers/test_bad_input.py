"""Mails that are no plain letter in a plain mail: who is answered, and what comes of it."""

import smtplib
from email.message import EmailMessage

import pytest

from bot.register.lifecycle import DossierStatus, MailStatus
from demo.school import MAILBOX
from tests.dossiers.desk import Desk, as_sent, names_in_certificates
from tests.house import OFFICER, a_mail

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = "ai-do@gmail.com"


def from_also(sender: str, raw: bytes) -> bytes:
    """A second From, which no mail program writes."""
    return f"From: {sender}\r\n".encode() + raw


def with_files(mail: EmailMessage, number: int, content: bytes = b"x") -> EmailMessage:
    for at in range(number):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"{at}.pdf")
    return mail


async def test_an_unsigned_mail(desk: Desk) -> None:
    scanned = desk.house.letter(desk.teacher(), sign=lambda _, filled: filled)
    silent = await desk.take(
        a_mail(scanned, sender=STRANGER),
        a_mail(scanned, sender=STRANGER, Reply_To=MAILBOX),
        a_mail(scanned, Auto_Submitted="auto-replied"),
        a_mail(scanned, Return_Path="<>"),
        a_mail(scanned, Precedence="bulk"),
        from_also(STRANGER, as_sent(a_mail(scanned))),
    )
    assert silent.is_silent()
    bounce = await desk.take(a_mail(scanned), sender="")
    assert bounce.is_silent()
    noted = await desk.take(a_mail(scanned, Reply_To=STRANGER), a_mail(), sender=STRANGER)
    assert {mail.status for mail in noted.mails} == {MailStatus.IGNORED}
    assert (noted.recipients, noted.dossiers, noted.made) == ([MAILBOX], [], 0)  # one a day
    assert "không tìm thấy trong thư chữ ký số hợp lệ nào" in noted.said(MAILBOX)
    assert "không được tiếp nhận là hồ sơ" in noted.said(MAILBOX)
    again = await desk.take(a_mail(scanned))
    assert again.is_silent()


async def test_a_thousand_attachments(desk: Desk) -> None:
    alone = await desk.take(with_files(a_mail(sender=STRANGER), 1_000))
    assert alone.is_silent()
    left = await desk.take(with_files(a_mail(desk.letter()), 1_000))
    assert left.statuses == [DossierStatus.RETURNED]
    assert (left.codes(), left.recipients, left.made) == ({"mail.truncated"}, [MAILBOX] * 2, 0)
    assert "quá nhiều tệp đính kèm" in left.said(MAILBOX)
    assert "chỉ đính kèm văn bản đề nghị đã ký số" in left.said(MAILBOX)


async def test_more_letters_than_are_looked_at(desk: Desk) -> None:
    """Ten PDF files are looked at; that there are more is said, never passed over."""
    left = await desk.take(with_files(a_mail(desk.letter()), 10, b"%PDF-"))
    assert left.statuses == [DossierStatus.RETURNED]
    assert (left.codes(), left.recipients, left.made) == ({"mail.truncated"}, [MAILBOX] * 2, 0)


async def test_a_mail_of_26_megabytes(desk: Desk) -> None:
    mail = a_mail(desk.letter(), b"%PDF-" + bytes(26_000_000 * 3 // 4))
    raw = as_sent(mail)
    assert len(raw) > 26_000_000
    before = await desk.seen()
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        await desk.house.submit(raw)
    assert refused.value.smtp_code == 552
    left = await desk.since(before)
    assert (left.mails, left.told, left.made) == ([], [], 0)


async def test_several_letters_in_one_mail(desk: Desk) -> None:
    one, other = desk.teacher(), desk.teacher()
    bad = desk.letter(letter_extract="V/v xin nghỉ phép")
    left = await desk.take(a_mail(desk.letter(one), bad, b"%PDF-", desk.letter(other)))
    assert len({dossier.number for dossier in left.dossiers}) == 3
    assert [dossier.status for dossier in left.dossiers] == [
        DossierStatus.COMPLETED,
        DossierStatus.RETURNED,
        DossierStatus.COMPLETED,
    ]
    assert left.recipients == sorted([MAILBOX] * 6 + [one.mailbox, other.mailbox])
    assert all(dossier.number in left.said(MAILBOX) for dossier in left.dossiers)
    assert await names_in_certificates(left.dossiers[1]) == []


@pytest.mark.parametrize(
    "senders",
    [
        [STRANGER],
        [MAILBOX, STRANGER],
        [STRANGER, MAILBOX],
        [f"{MAILBOX}, {STRANGER}"],
        [f'"{MAILBOX}" <{STRANGER}>'],
        [f"{MAILBOX} <{STRANGER}>"],
        [f"({MAILBOX}) {STRANGER}"],
        [f"{STRANGER} <{MAILBOX}"],
        ["\xff\x00<@@@>;,"],
        [],
    ],
    ids=range(10),
)
async def test_from_that_is_not_the_agency_alone(standing: Desk, senders: list[str]) -> None:
    """Who signed is told; who From names is not, and an officer decides."""
    mail = a_mail(standing.letter(), Reply_To=STRANGER, Sender=STRANGER)
    del mail["From"]
    headers = "".join(f"From: {sender}\r\n" for sender in senders)
    left = await standing.take(headers.encode() + as_sent(mail), sender=STRANGER)
    assert left.statuses == [DossierStatus.HELD]
    assert (left.codes(), left.made) == ({"mail.from"}, 0)
    assert left.recipients == sorted([MAILBOX, OFFICER])
    assert "Đã tiếp nhận hồ sơ" in left.said(MAILBOX)
    assert "[mail.from]" in left.said(OFFICER)


async def test_reply_to_and_envelope_are_not_answered(desk: Desk) -> None:
    one = desk.teacher()
    mail = a_mail(desk.letter(one), Reply_To=STRANGER, Sender=STRANGER, Return_Path=STRANGER)
    left = await desk.take(mail, sender=STRANGER)
    assert left.statuses == [DossierStatus.COMPLETED]
    assert left.recipients == sorted([MAILBOX, MAILBOX, one.mailbox])


async def test_headers_of_garbage(desk: Desk) -> None:
    garbage = (
        b"Message-ID: <\xff\xfe" + b"m" * 3_000 + b">\r\n Bcc: x@gmail.com\r\n"
        b"Subject: =?utf-9?q?=00=0D=0ABcc:x@gmail.com?= \xe1\xbb\r\n"
        b"Date: 99 Foo\r\nReferences: " + b"<a@b> " * 3_000 + b"\r\nno header at all\r\n"
    )
    mail = a_mail(desk.letter())
    for name in ("Message-ID", "Subject"):
        del mail[name]
    headless = await desk.take(
        b"\r\n",
        garbage,
        bytes(range(1, 256)) * 9 + b"\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n" * 5_000,
    )
    assert headless.is_silent()
    kept, _, _ = garbage.rpartition(b"no header")
    left = await desk.take(kept + as_sent(mail))
    assert left.statuses == [DossierStatus.COMPLETED]
    assert {len(told["To"].addresses) for told in left.told} == {1}
    assert all(told["Bcc"] is None for told in left.told)


async def test_parts_without_headers(desk: Desk) -> None:
    """RFC 2046 5.1: a part may have none; the letter behind it is still found."""
    raw = as_sent(a_mail(desk.letter()))
    boundary = raw.partition(b'boundary="')[2].partition(b'"')[0]
    start = b"\r\n--" + boundary + b"\r\n"
    head, _, parts = raw.partition(start)
    left = await desk.take(head + start + b"\r\nbare" + start + parts)
    assert left.statuses == [DossierStatus.COMPLETED]
