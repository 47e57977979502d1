import email
import email.policy
import mailbox
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from bot.config import Settings, template_folder
from bot.hsm.token import Token
from bot.outbox.maildir import MaildirTransport
from bot.outbox.mailer import AddressRefused, Attachment, Mailer
from bot.outbox.render import Letter, Renderer
from bot.outbox.words import one_line
from bot.sections.authority import Authority, KeyAlgorithm
from tests.outbox.examples import NOW, a_receipt
from tests.outbox.world import SENDER, SETTINGS, Signer, a_signer, a_token_signer, verified

LETTER = Renderer(SETTINGS, template_folder()).letter(a_receipt())
ID = "<notice-7@ca.example.gov.vn>"
NAMES = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
    "Content-Type",
}  # fmt: skip

SOFT = a_signer(ec.generate_private_key(ec.SECP256R1()))


def a_message(signer: Signer = SOFT, letter: Letter = LETTER, **changes: Any) -> bytes:
    settings = changes.pop("settings", SETTINGS)
    mailer = Mailer(settings, signer.key, signer.certificate, signer.chain)
    values: dict[str, Any] = {"to": "c3chuvanan@hanoiedu.vn", "message_id": ID, "now": NOW}
    return mailer.message(letter, **values | changes)


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.RSA_2048, KeyAlgorithm.EC_P384])
def test_openssl_accepts_what_a_token_signed(
    post_token: Token, algorithm: KeyAlgorithm, tmp_path: Path
) -> None:
    signer = a_token_signer(post_token, algorithm)
    raw = a_message(signer, attachments=[Attachment("a.pdf", b"%PDF-1.7")])
    content = verified(raw, signer.root, tmp_path)
    assert content is not None
    assert content in raw  # byte for byte what was sent
    assert b"%PDF" not in raw
    assert verified(raw, SOFT.root, tmp_path) is None


@pytest.mark.parametrize("word", [b"Content-Type: text/html", b"HS-2026-000123"])
def test_a_changed_letter_is_noticed(tmp_path: Path, word: bytes) -> None:
    raw = a_message()
    place = raw.index(word, raw.index(b"multipart/alternative"))
    changed = raw[:place] + word[:-1] + b"X" + raw[place + len(word) :]
    assert verified(raw, SOFT.root, tmp_path) is not None
    assert verified(changed, SOFT.root, tmp_path) is None


def test_the_signature_names_its_certificate_and_brings_the_chain() -> None:
    [signature] = list(parsed(a_message()).iter_parts())[1:]
    data = cms.ContentInfo.load(signature.get_content())["content"]
    [info] = data["signer_infos"]
    attributes = {one["type"].native for one in info["signed_attrs"]}
    assert attributes == {
        "content_type", "message_digest", "signing_time", "signing_certificate_v2",
    }  # fmt: skip
    assert info["digest_algorithm"]["algorithm"].native == "sha256"
    assert len(data["certificates"]) == 2
    assert data["encap_content_info"]["content"].native is None


async def test_a_mail_reader_finds_it_whole_in_the_maildir(tmp_path: Path) -> None:
    raw = a_message()
    await MaildirTransport(tmp_path / "mail").deliver(ID, "c3chuvanan@hanoiedu.vn", raw)
    [read] = mailbox.Maildir(tmp_path / "mail", create=False)
    assert read["Message-ID"] == ID
    [file] = (tmp_path / "mail" / "new").iterdir()
    assert file.read_bytes() == raw
    assert verified(file.read_bytes(), SOFT.root, tmp_path) is not None


def test_headers_of_a_first_word() -> None:
    raw = a_message()
    mail = parsed(raw)
    assert set(mail.keys()) == NAMES
    assert mail["From"].addresses[0].addr_spec == SENDER
    # by RFC 2047 6.2; the newer parser keeps the blank between two encoded words of a phrase
    unfolded = email.message_from_bytes(raw)["From"]
    name, _ = parseaddr(str(make_header(decode_header(unfolded))))
    assert name == SETTINGS.authority.name
    assert [one.addr_spec for one in mail["To"].addresses] == ["c3chuvanan@hanoiedu.vn"]
    assert mail["Subject"] == LETTER.subject
    assert mail["Message-ID"] == ID
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOW
    assert mail.get_content_type() == "multipart/signed"
    assert mail["Content-Type"].params["micalg"] == "sha-256"
    assert mail["Content-Type"].params["protocol"] == "application/pkcs7-signature"


def test_headers_of_an_answer() -> None:
    long = f"<{'A' * 110}@{'b' * 100}.prod.outlook.com>"
    for answers in ("<abc.1@hanoiedu.vn>", long):
        raw = a_message(answers=answers, reply_to="hotro@ca.example.gov.vn")
        mail = parsed(raw)
        assert set(mail.keys()) == NAMES | {"In-Reply-To", "References", "Reply-To"}
        assert f"\r\nIn-Reply-To: {answers}\r\n".encode() in raw
        assert f"\r\nReferences: {answers}\r\n".encode() in raw
        assert mail["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize(
    "answers",
    ["", "abc@x", "<a@b>\r\nBcc: x@y", "<a b@c>", "<a@b> <c@d>", "<é@b>", f"<{'a' * 999}@b>"],
)
def test_a_strange_message_id_is_not_repeated(answers: str) -> None:
    mail = parsed(a_message(answers=answers))
    assert set(mail.keys()) == NAMES
    assert mail["Auto-Submitted"] == "auto-replied"


def test_text_and_page_are_alternatives_and_attachments_keep_their_bytes_and_names() -> None:
    attached = Attachment("Phiếu tài khoản số 1.pdf", bytes(range(256)) * 40)
    raw = a_message(attachments=[attached])
    signed, _ = parsed(raw).iter_parts()
    assert isinstance(signed, EmailMessage)
    assert signed.get_content_type() == "multipart/mixed"
    [file] = signed.iter_attachments()
    assert file.get_filename() == attached.name
    assert file.get_content() == attached.content
    assert b"filename*" in raw
    text, html = (signed.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().replace("\r\n", "\n").rstrip() == LETTER.html.rstrip()


@pytest.mark.parametrize(
    "to",
    ["", "a", "a@", "@b", "a@b\r\nBcc: c@d", "a@b, c@d", "a b@c", "ánh@b.vn", "a@trường.vn"],
)
def test_what_is_no_address_is_refused_for_good(to: str) -> None:
    with pytest.raises(AddressRefused):
        a_message(to=to)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("=?utf-8?Q?a=0d=0aBcc:_x@y.vn?=", "=_utf-8?Q?a=0d=0aBcc:_x@y.vn?="),
        ("a\r\nBcc: x@y.vn", "a Bcc: x@y.vn"),
        ("../../etc\\hosts", ".._.._etc_hosts"),
        ("cong-van\u202efdp.exe", "cong-vanfdp.exe"),
        ("\u200b", "tep-dinh-kem"),
        ("a" * 999 + ".pdf", "a" * 146 + ".pdf"),
    ],
)
def test_a_files_name_cannot_leave_its_header(name: str, shown: str) -> None:
    signed, _ = parsed(a_message(attachments=[Attachment(name, b"x")])).iter_parts()
    [file] = signed.iter_attachments()
    assert file.get_filename() == shown
    assert "Bcc" not in file


def test_message_ids_are_the_same_whenever_asked() -> None:
    mailer = Mailer(SETTINGS, SOFT.key, SOFT.certificate)
    assert mailer.message_id(7) == ID
    assert mailer.message_id(7, 2) == "<notice-7.2@ca.example.gov.vn>"


@given(subject=st.text(max_size=300), text=st.text(max_size=3000), html=st.text(max_size=300))
@example(subject="Đ" * 300, text="ế" * 2000, html="x" * 3000)
@example(subject="a\r\nBcc: x@y.z\r\n\r\nbody", text="a\n.\n\n--\nFrom b \t\n", html="\r\r\n")
def test_no_text_becomes_a_header_and_no_line_grows_long(
    subject: str, text: str, html: str
) -> None:
    subject, text, html = one_line(subject), *(part.replace("\ud800", "") for part in (text, html))
    raw = a_message(letter=Letter(subject, text, html))
    mail = parsed(raw)
    assert set(mail.keys()) == NAMES
    assert len(mail.keys()) == len(NAMES)
    assert mail["Subject"] == subject
    lines = raw.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) < 998
    assert raw.isascii()


@given(st.text(min_size=1, max_size=120).map(one_line).filter(bool))
def test_the_authoritys_name_cannot_leave_its_place(name: str) -> None:
    settings = Settings(authority=Authority(name=name))
    mail = parsed(a_message(settings=settings))
    assert set(mail.keys()) == NAMES
    assert [one.addr_spec for one in mail["From"].addresses] == [SENDER]


def test_the_date_is_hanois() -> None:
    raw = a_message(now=datetime(2026, 11, 23, 20, 0, tzinfo=UTC))
    assert b"\r\nDate: Tue, 24 Nov 2026 03:00:00 +0700\r\n" in raw
