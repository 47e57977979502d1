"""The signed text of a mail: what its signers say, and nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.inbox import entity
from bot.signatures.said import SAID_LIMIT, decoded, first_text
from bot.signatures.verdict import SignedMail
from tests.signatures.authority import Holder, Pki
from tests.signatures.mails import clear, clear_entity, opaque, signed

ORDER = "DUYỆT HS-2026-000123 K7Q2-9XWM"


def text(
    said: str | bytes = ORDER, *, kind: bytes = b"text/plain; charset=utf-8", more: bytes = b""
) -> bytes:
    body = said if isinstance(said, bytes) else said.encode()
    return b"Content-Type: " + kind + b"\r\n" + more + b"\r\n" + body


def several(*parts: bytes, subtype: bytes = b"mixed", boundary: bytes = b"in") -> bytes:
    inside = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    header = b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"\r\n\r\n'
    return header + inside + b"--" + boundary + b"--\r\n"


def said(content: bytes) -> str:
    """What a mail with that content says, if whoever signed it is believed."""
    found = first_text(entity.read(content))
    return decoded(found) if found else ""


def test_what_is_signed_is_said(made: Pki) -> None:
    other = made.issuer.holder()
    for content in (text(), several(text(), text("later"))):
        assert made.judge(clear(signed(content, made.signer), content)).said == ORDER
        assert made.judge(opaque(signed(content, made.signer, detached=False))).said == ORDER
        assert made.judge(clear(signed(content, made.signer, other), content)).said == ORDER
        within = clear_entity(signed(content, made.signer), content)
        layered = clear(signed(within, other), within, boundary=b"outer-1")
        assert made.judge(layered).said == ORDER


def test_what_is_not_believed_is_not_said(made: Pki) -> None:
    content = text()
    mail = clear(signed(content, made.signer), content)
    stranger = Holder.root("Ai đó").holder()
    ambiguous = mail.replace(b"MIME-Version", b"Content-Type: text/plain\r\nMIME-Version")
    for one in (
        content,
        mail.replace("DUYỆT".encode(), "DUYÊT".encode()),
        clear(signed(content, stranger), content),
        ambiguous,
        several(clear_entity(signed(content, made.signer), content), text("footer")),
        several(text("before"), clear_entity(signed(content, made.signer), content)),
    ):
        assert made.judge(one).said == ""


def test_nobody_says_what_another_signature_holds(made: Pki) -> None:
    """The officer passes a signed mail on: its text is not theirs."""
    theirs = clear_entity(signed(text(), made.signer), text())
    for content in (several(theirs), several(theirs, text("xem giúp"))):
        mail = clear(signed(content, made.issuer.holder()), content, boundary=b"outer-1")
        judged = made.judge(mail)
        assert judged.passed
        assert judged.said in ("", "xem giúp")


def test_no_text_no_word_is_believed() -> None:
    with pytest.raises(ValidationError):
        SignedMail(said=ORDER)


def test_the_first_text_that_is_no_attachment() -> None:
    attached = b"Content-Disposition: attachment; filename=a.txt\r\n"
    html = text("<p>DUYỆT</p>", kind=b"text/html; charset=utf-8")
    assert said(several(text("attached", more=attached), text())) == ORDER
    within = several(text("attached")).replace(b"\r\n\r\n", b"\r\n" + attached + b"\r\n", 1)
    assert said(several(within, text(), boundary=b"out")) == ORDER
    assert said(several(text(more=b"Content-Disposition: inline\r\n"))) == ORDER
    assert said(several(text(more=b"Content-Disposition: form-data\r\n"))) == ""
    assert said(several(html)) == ""
    assert said(several(text(), html, subtype=b"alternative")) == ORDER
    assert said(several(several(text(), html, boundary=b"deep"), text("later"))) == ORDER


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "us-ascii", "windows-1258"])
def test_charsets(charset: str) -> None:
    kind = b"text/plain; charset=" + charset.encode()
    written = ORDER.encode("cp1258" if "1258" in charset else "utf-8", "ignore")
    assert "HS-2026-000123" in said(text(written, kind=kind))
    assert said(text(kind=b"text/plain")) == ORDER
    assert said(text(kind=b"text/plain; charset=utf-7")) == ""
    assert said(text(b"\xff\xfe", kind=kind)) == "" or "1258" in charset


def test_encodings() -> None:
    quoted = b"Content-Transfer-Encoding: quoted-printable\r\n"
    assert said(text(b"DUY=E1=BB=86T=\r\n HS", more=quoted)) == "DUYỆT HS"
    based = b"Content-Transfer-Encoding: base64\r\n"
    assert said(text(b"RFVZ4buGVA==", more=based)) == "DUYỆT"


def test_flowed_lines_are_whole() -> None:
    flowed = "TRẢ LẠI HS-2026-000123 K7Q2-9XWM: thiếu \r\nchữ ký \r\n> trích \r\n-- \r\nký tên"
    kind = b"text/plain; charset=utf-8; format=flowed"
    lines = said(text(flowed, kind=kind)).splitlines()
    assert lines[0] == "TRẢ LẠI HS-2026-000123 K7Q2-9XWM: thiếu chữ ký "
    assert lines[1:] == ["> trích ", "-- ", "ký tên"]
    glued = said(text("TRẢ L \r\nẠI", kind=kind + b"; delsp=yes"))
    assert glued == "TRẢ LẠI"


def test_as_much_as_anybody_writes() -> None:
    assert len(said(text("a" * (SAID_LIMIT + 1)))) == SAID_LIMIT


@given(st.binary(max_size=300), st.sampled_from([b"", text(), several(text(), b"x")]))
def test_any_bytes_say_something_or_nothing(noise: bytes, before: bytes) -> None:
    try:
        content = entity.read(before + noise)
    except entity.TooManyHeaders:
        return
    found = first_text(content)
    assert found is None or isinstance(decoded(found), str)
