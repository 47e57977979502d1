"""Fields of what officers propose: read as those of a dossier are, never repaired."""

import base64
import re
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer

from bot.ca.profiles import NameUnfit, Subject
from bot.dossier.characters import visible
from bot.dossier.fields import read_mailbox, read_mobile, read_serial, read_text
from bot.signatures.trust import UNREADABLE

LONGEST_NAME = 255
LONGEST_MAILBOX = 254
MOST_CERTIFICATES = 20  # of one kind
MOST_LISTED = 500  # of anything else
YEARS = range(2000, 9990)  # clocks around a moment need room


def _read(value: str | None) -> str:
    if value is None:
        raise ValueError("cannot be read")
    return value


def _words(typed: str) -> str:
    words = _read(read_text(typed).value)
    if len(words) > LONGEST_NAME:
        raise ValueError("is too long")
    return words


def _mailbox(typed: str) -> str:
    address = _read(read_mailbox(typed).value)
    if len(address) > LONGEST_MAILBOX or not address.isascii():
        raise ValueError("is no mailbox")
    return address


def _certificate(typed: object) -> bytes:
    """DER out of base64, or as it is: a certificate whose holder and key can be told."""
    with suppress(*UNREADABLE):
        der = typed if isinstance(typed, bytes) else base64.b64decode("".join(str(typed).split()))
        certificate = x509.load_der_x509_certificate(der)
        if isinstance(certificate.public_key(), rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            _moment(certificate.not_valid_before_utc)
            _moment(certificate.not_valid_after_utc)
            if _is_legible(certificate.subject) and _is_legible(certificate.issuer):
                return der
    raise ValueError("is no certificate that can sign")


def _is_legible(name: x509.Name) -> bool:
    """Whether who must approve it sees all of it, as it is."""
    values = [str(part.value) for part in name]
    return values == [visible(value) for value in values]


def _moment(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError("is no time that anything can begin or end at")
    return at


def _name_part(typed: str) -> str:
    """What no certificate has room for is found now, not at the first dossier."""
    words = _words(typed)
    try:
        Subject(words, words, (words,), "Nguyễn Văn A", "a@b.vn")
    except NameUnfit:
        raise ValueError(
            "does not fit into a certificate (1 to 64 characters): use the official short form"
        ) from None
    return words


def _code(typed: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", typed):
        raise ValueError("use 1 to 32 letters, digits, dots and hyphens")
    return typed


Words = Annotated[str, AfterValidator(_words)]
NamePart = Annotated[str, AfterValidator(_name_part)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Mobile = Annotated[str, AfterValidator(lambda typed: _read(read_mobile(typed).value))]
Serial = Annotated[str, AfterValidator(lambda typed: _read(read_serial(typed).value))]
Nothing = Literal[""]
Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
Certificate = Annotated[
    bytes,
    BeforeValidator(_certificate),
    PlainSerializer(lambda der: base64.b64encode(der).decode(), when_used="json"),
]
Several = Field(max_length=MOST_LISTED)
Certificates = Annotated[tuple[Certificate, ...], Field(min_length=1, max_length=MOST_CERTIFICATES)]
Code = Annotated[str, AfterValidator(_code)]
