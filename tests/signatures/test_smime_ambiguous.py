"""What programs could take apart in two ways is nobody's, however well it is signed."""

from collections.abc import Callable

import pytest

from tests.signatures.authority import Pki
from tests.signatures.mails import ENTITY, HEADERS, clear, opaque, signed

HTML = b"Content-Type: text/html\r\n"
PART = HTML + b"\r\nevil\r\n"
ENCODING = b"Content-Transfer-Encoding: base64\r\n"
PREAMBLE = b"This is an S/MIME signed message\r\n"
END = b"\r\n--outer--\r\n"

Change = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "change",
    [
        lambda mail: mail.replace(HEADERS, HEADERS.replace(b"To:", HTML + b"To:")),
        lambda mail: mail.replace(b"\r\n\r\n", b"\r\n" + HTML + b"\r\n", 1),
        lambda mail: mail.replace(b"\r\n\r\n", b"\rcontent-type : text/html\r\n\r\n", 1),
        lambda mail: mail.replace(b"\r\n\r\n", b"\r\n" + ENCODING + b"\r\n", 1),
        lambda mail: mail.replace(b'boundary="outer"', b'boundary="outer"; boundary="evil"'),
        lambda mail: mail.replace(b'boundary="outer"', b"boundary=outer; boundary*0=evil"),
        lambda mail: mail.replace(PREAMBLE, b"--outerx\r\n" + PART),
        lambda mail: mail.replace(PREAMBLE, b"--outer \x0b\r\n" + PART),
        lambda mail: mail.replace(PREAMBLE, b"x\r--outer\r" + PART),
        lambda mail: mail.replace(END, b"\r\n--outer\0\r\n" + PART + END),
        lambda mail: mail + b"--outer\r\n" + PART + b"--outer--\r\n",
    ],
)
def test_around_what_is_signed(made: Pki, change: Change) -> None:
    mail = clear(signed(ENTITY, made.signer))
    assert made.judge(mail).passed
    assert change(mail) != mail
    assert made.judge(change(mail)).passed == ()


@pytest.mark.parametrize("field", [HTML, ENCODING, b"content-transfer-encoding: 7bit\r\n"])
def test_a_field_of_an_opaque_mail_that_comes_twice(made: Pki, field: bytes) -> None:
    mail = opaque(signed(ENTITY, made.signer, detached=False))
    judged = made.judge(mail.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n", 1))
    assert judged.faults in {("mail.ambiguous",), ()}
    assert judged.passed == ()


def test_what_is_inside_was_said_by_the_signer(made: Pki) -> None:
    entity = b"Content-Type: text/plain\r\nContent-Type: text/plain\r\n\r\n--outerx\r\n"
    assert made.judge(clear(signed(entity, made.signer), entity)).passed


def test_what_programs_add_is_no_ambiguity(made: Pki) -> None:
    mail = clear(signed(ENTITY, made.signer), boundary=b"--")
    assert made.judge(mail + b"\r\n-- \r\na footer\r\n").passed
    assert made.judge(mail.replace(b"micalg", b"x-boundary=a; micalg")).passed
    assert made.judge(mail.removesuffix(b"\r\n------\r\n")).passed
