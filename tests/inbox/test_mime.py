"""Any bytes give a survey; parts come out as they went in."""

import hashlib
import io
import zipfile
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbox.entity import NESTING_LIMIT, PARTS_LIMIT
from bot.inbox.mime import Kind, NoSuchPart, Survey, part, survey

ODS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
PDF = b"%PDF-1.7\n\x00\xff binary\r\n%%EOF\n"


def a_mail(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Trường THPT Chu Văn An <vanthu@thptcva.edu.vn>"
    mail["To"] = "hoso@ca.example.gov.vn"
    mail["Subject"] = "Đề nghị cấp chứng thư"
    mail["Message-ID"] = "<1@thptcva.edu.vn>"
    mail.set_content("Kính gửi …")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="Công văn.pdf")
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    return mail


def zipped(*names: str) -> bytes:
    with zipfile.ZipFile(held := io.BytesIO(), "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return held.getvalue()


def test_a_mail_and_its_parts() -> None:
    raw = a_mail().as_bytes()
    seen = survey(raw)
    assert seen.senders == ("vanthu@thptcva.edu.vn",)
    assert (seen.message_id, seen.subject) == ("<1@thptcva.edu.vn>", "Đề nghị cấp chứng thư")
    assert seen.automatic == ""
    text, pdf = seen.parts
    assert (text.kind, pdf.kind, pdf.filename) == (Kind.TEXT, Kind.PDF, "Công văn.pdf")
    assert (pdf.size, pdf.sha256) == (len(PDF), hashlib.sha256(PDF).hexdigest())
    assert part(raw, pdf.index) == PDF
    assert not seen.truncated


@pytest.mark.parametrize(
    ("header", "senders"),
    [
        (b"From: a@x.vn\r\nFrom: b@x.vn\r\n", ("a@x.vn", "b@x.vn")),
        (b"From: a@x.vn, B@X.vn\r\n", ("a@x.vn", "b@x.vn")),
        (b'From: "a@x.vn" <b@x.vn>\r\n', ("b@x.vn",)),
        (b"From: a@x.vn <b@x.vn>\r\n", ("",)),
        (b"From: a@b@x.vn\r\n", ("",)),
        (b"From: <a@x.vn> b\r\n", ("",)),
        (b"From: a..b@x.vn\r\n", ("",)),
        (b"From: a@[\r\n", ("",)),
        (b"From: " + b"(" * 990 + b"\r\n", ("",)),
        (b"From: " + b"(" * 990 + b"\r\nFrom: a@x.vn\r\n", ("", "a@x.vn")),
        (b"From: a@x.vn" + b" " * 2_000 + b", b@x.vn\r\n", ("",)),
        (b"From: Tr\xc6\xb0\xe1\xbb\x9dng <a@x.vn>\r\n", ("a@x.vn",)),
        (b"From: Tr. Chu V. An <b@x.vn>\r\n", ("b@x.vn",)),
        (b"From: =?utf-8?b?VHLGsOG7nW5n?= <a@x.vn>\r\n", ("a@x.vn",)),
        (b"From: nobody\r\n", ("",)),
        (b"From: undisclosed:;\r\n", ("",)),
        (b"Subject: none\r\n", ()),
    ],
)
def test_every_from_address_counts(header: bytes, senders: tuple[str, ...]) -> None:
    seen = survey(header + b"\r\ntext")
    assert seen.readable
    assert seen.senders == senders


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, Kind.PDF),
        (b"junk before\n" + PDF, Kind.PDF),
        (zipped("a.txt"), Kind.ZIP),
        (zipped("xl/workbook.xml"), Kind.XLSX),
        (b"PK\x03\x04 torn", Kind.ZIP),
        (zipped("mimetype").replace(b"mimetypex", ODS), Kind.ODS),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "Workbook\0".encode("utf-16-le"), Kind.XLS),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "WordDocument\0".encode("utf-16-le"), Kind.OTHER),
        (bytes.fromhex("3080 06092a864886f70d010702 a080") + PDF, Kind.PKCS7),
        (bytes.fromhex("3080 060b2a864886f70d0109100117 a080"), Kind.ENCRYPTED),
        (b"Rar!\x1a\x07\x01\x00", Kind.RAR),
        (bytes.fromhex("3080 06092a864886f70d010703 a080"), Kind.ENCRYPTED),
        (bytes.fromhex("3080 06092a864886f70d010702 a080"), Kind.PKCS7),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"),
            Kind.ENCRYPTED,
        ),
        (b"MZ", Kind.OTHER),
        (b"", Kind.OTHER),
    ],
)
def test_a_part_is_what_its_bytes_say(content: bytes, kind: Kind) -> None:
    mail = a_mail()
    mail.add_attachment(content, maintype="application", subtype="pdf", filename="a.pdf")
    assert survey(mail.as_bytes()).parts[2].kind is kind


def test_a_thousand_attachments_are_not_looked_at() -> None:
    mail = a_mail()
    for _ in range(1_000):
        mail.add_attachment(b"x", maintype="application", subtype="pdf")
    seen = survey(mail.as_bytes())
    assert seen.truncated
    assert [one.index for one in seen.parts] == list(range(PARTS_LIMIT))


def test_an_attached_mail_is_not_opened() -> None:
    mail = a_mail()
    mail.add_attachment(a_mail())
    raw = mail.as_bytes()
    *_, attached = survey(raw).parts
    assert (attached.declared, attached.kind, attached.size) == ("message/rfc822", Kind.OTHER, 0)
    assert part(raw, attached.index) == b""


@pytest.mark.parametrize("depth", [NESTING_LIMIT + 5, 5_000])
def test_nesting_is_bounded(depth: int) -> None:
    layers = "".join(
        f"Content-Type: multipart/mixed; boundary=b{at}\r\n\r\n--b{at}\r\n" for at in range(depth)
    )
    seen = survey(f"From: a@x.vn\r\n{layers}\r\ntext".encode())
    assert seen.truncated or not seen.readable


@pytest.mark.parametrize("name", ["From", "Subject", "Message-ID", "Auto-Submitted", "Precedence"])
@pytest.mark.parametrize("value", ["(" * 990, "a@[", "=?x?q?=00?= <", "\udcff\udcfe@"])
def test_a_broken_header_hides_nothing_else(name: str, value: str) -> None:
    line = f"{name}: {value}\r\n".encode("utf-8", "surrogateescape")
    mail = a_mail()
    del mail[name]
    seen = survey(line + mail.as_bytes())
    assert seen.readable
    assert [one.kind for one in seen.parts] == [Kind.TEXT, Kind.PDF]
    assert seen.senders == (("",) if name == "From" else ("vanthu@thptcva.edu.vn",))


@pytest.mark.parametrize(
    "headers",
    [
        (b"From: " + b'"a b" <x@y.vn>, ' * 60 + b"<z@y.vn>\r\n") * 1_000,
        b"From: " + b"(a@x.vn) " * 100_000 + b"\r\n",
        b"From: a@x.vn\r\n" + b"Subject: " + b"\xc6\xb0 " * 300_000 + b"\r\n",
        b"From: a@x.vn\r\n" + b"Content-Type: text/plain" + b";a=b" * 200_000 + b"\r\n",
        b"From: a@x.vn\r\n" + b"Subject: =?utf-8?q?a?=\r\n" * 40_000,
    ],
    ids=["senders", "comments", "long", "parameters", "many"],
)
def test_many_or_long_headers_end_nothing(headers: bytes) -> None:
    seen = survey(headers + b"\r\ntext")
    assert seen.readable
    assert len(seen.parts) == 1


@pytest.mark.parametrize(
    "mail",
    [
        b"From: a@x.vn\r\n" + b"Subject: a\r\n" * 100_000 + b"\r\ntext",
        b"From: a@x.vn\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        + (b"--b\r\n" + b"X: a\r\n" * 20_000 + b"\r\ntext\r\n") * 10,
    ],
    ids=["its own", "its parts'"],
)
def test_a_megabyte_of_headers_is_not_looked_at(mail: bytes) -> None:
    assert survey(mail) == Survey(readable=False)


def test_ten_thousand_senders_are_two() -> None:
    seen = survey(b"".join(b"From: a%d@x.vn\r\n" % at for at in range(10_000)) + b"\r\ntext")
    assert seen.senders == ("a0@x.vn", "a1@x.vn")


def test_no_such_part() -> None:
    with pytest.raises(NoSuchPart):
        part(a_mail().as_bytes(), 7)


hostile_lines = st.sampled_from(
    [
        b"From: =?x?q?=00?= <",
        b"From: " + b"(" * 200,
        b"From: a@[",
        b"From: \xff\xfe@\x00",
        b"Content-Type: multipart/mixed; boundary*0*=''%",
        b"Content-Type: multipart/mixed; boundary=a",
        b"Content-Type: text/plain; charset=utf-7\x00",
        b"Content-Type: text/plain; charset*=x'y'%ff",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Content-Disposition: attachment; filename*=utf-16''%d8%00",
        b"Content-Disposition: attachment; filename==?utf-16?b?2AA=?=",
        b"Subject: =?idna?q?xn--?=",
        b"Subject: =?utf-8?b?a?=",
        b"Message-ID: <[",
        b"Auto-Submitted: \xed\xa0\x80",
        b"",
        b"--a",
        b"--a--",
        b"begin 644 a",
        b"a",
    ]
)


@given(st.one_of(st.binary(max_size=300), st.lists(hostile_lines, max_size=25).map(b"\r\n".join)))
def test_any_bytes_give_a_survey_that_can_be_sent(raw: bytes) -> None:
    seen = survey(raw)
    assert Survey.model_validate_json(seen.model_dump_json()) == seen
    for one in seen.parts:
        assert len(part(raw, one.index)) == one.size
