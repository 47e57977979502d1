"""What a mail is made of (RFC 5322, RFC 2045); pure, survives any bytes.

Runs in the sandbox. Nothing found here is data: headers serve the addressing
and wording of an answer, parts are handed on byte for byte.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.errors import InvalidHeaderDefect
from email.header import decode_header, make_header
from email.message import Message
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

PARTS_LIMIT = 100
LETTERS_LIMIT = 10
NESTING_LIMIT = 20
_HEADER_LIMIT = 1_000  # characters of one header that are kept

_LIKE_AN_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"@]+")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_OID_ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")


class Kind(StrEnum):
    """What a part is by its bytes; only for ciphertext and text the declared type has a say."""

    PDF = "pdf"
    ZIP = "zip"
    RAR = "rar"
    XLSX = "xlsx"
    ENCRYPTED = "encrypted"  # an encrypted mail (S/MIME, PGP) or office file
    PKCS7 = "pkcs7"
    TEXT = "text"
    OTHER = "other"


class Part(BaseModel):
    """A leaf of the MIME tree; an attached mail is one leaf."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    filename: str
    declared: str
    kind: Kind
    size: int
    sha256: str


class Survey(BaseModel):
    """What can be said of a mail without believing any of it.

    `senders` holds every address of every From header, folded to lower case:
    RFC 5322 allows several, we accept exactly one. `truncated`: the mail has
    more parts or PDF files, or is nested deeper, than are looked at. `readable` is False
    where Python's parser gave up; the other fields are then empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    readable: bool = True
    senders: tuple[str, ...] = ()
    message_id: str = ""
    subject: str = ""
    auto_submitted: str = "no"
    is_list: bool = False
    is_bounce: bool = False
    parts: tuple[Part, ...] = ()
    truncated: bool = False

    @property
    def letters(self) -> tuple[Part, ...]:
        """What may be a letter: the first `LETTERS_LIMIT` PDF files."""
        return tuple(part for part in self.parts if part.kind is Kind.PDF)[:LETTERS_LIMIT]


class NoSuchPart(LookupError):
    """The mail has no part of that index."""


def survey(raw: bytes) -> Survey:
    """Look over a mail; any bytes give an answer."""
    try:
        mail = message_from_bytes(raw, policy=policy.compat32)
        leaves = list(_leaves(mail))
        looked_at = leaves[:PARTS_LIMIT]
        parts = tuple(_part(at, leaf) for at, leaf in enumerate(looked_at) if leaf is not None)
        return Survey(
            senders=_senders(mail),
            message_id=_text(mail, "Message-ID"),
            subject=_text(mail, "Subject"),
            auto_submitted=_auto_submitted(mail),
            is_list=_is_list(mail),
            is_bounce=_is_bounce(mail),
            parts=parts,
            truncated=None in leaves or len(leaves) > PARTS_LIMIT or _many_letters(parts),
        )
    except MemoryError:
        raise
    except (
        Exception
    ):  # KeyError, LookupError, ValueError, RecursionError …: `email` raises anything
        return Survey(readable=False)


def part(raw: bytes, index: int) -> bytes:
    """The decoded bytes of the part that `survey` numbered `index`.

    Raises:
        NoSuchPart: there is none.
    """
    for at, leaf in enumerate(_leaves(message_from_bytes(raw, policy=policy.compat32))):
        if at == index and leaf is not None:
            return _content(leaf)
    raise NoSuchPart(index)


def _leaves(mail: Message) -> Iterator[Message | None]:
    """The leaves in document order, one more than the limit at most; None where it is too deep."""
    waiting = [(mail, 0)]
    found = 0
    while waiting and found <= PARTS_LIMIT:
        node, depth = waiting.pop()
        children = node.get_payload()
        if node.get_content_maintype() != "multipart" or not isinstance(children, list):
            yield node
            found += 1
        elif depth == NESTING_LIMIT:
            yield None
            found += 1
        else:
            waiting += [
                (child, depth + 1) for child in reversed(children) if isinstance(child, Message)
            ]


def _many_letters(parts: tuple[Part, ...]) -> bool:
    return sum(part.kind is Kind.PDF for part in parts) > LETTERS_LIMIT


def _content(leaf: Message) -> bytes:
    if leaf.is_multipart():  # an attached mail: it is never a letter, and is not rebuilt
        return b""
    content = leaf.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _part(index: int, leaf: Message) -> Part:
    content = _content(leaf)
    declared = leaf.get_content_type()
    return Part(
        index=index,
        filename=_filename(leaf),
        declared=_clean(declared),
        kind=_kind(content, declared, str(leaf.get_param("smime-type", ""))),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _kind(content: bytes, declared: str, smime_type: str) -> Kind:
    start = content[:1024]
    if b"%PDF-" in start:
        return Kind.PDF
    if start.startswith(b"PK\x03\x04"):
        return Kind.XLSX if _is_workbook(content) else Kind.ZIP
    if start.startswith(b"Rar!\x1a\x07"):
        return Kind.RAR
    if (
        _OID_ENVELOPED_DATA in start[:40]
        or smime_type == "enveloped-data"
        or declared == "application/pgp-encrypted"
        or start.startswith(b"-----BEGIN PGP MESSAGE-----")
        or (start.startswith(_OLE) and _OLE_ENCRYPTED in content)
    ):
        return Kind.ENCRYPTED
    if _OID_SIGNED_DATA in start[:40]:
        return Kind.PKCS7
    return Kind.TEXT if declared.startswith("text/") else Kind.OTHER


def _is_workbook(content: bytes) -> bool:
    with suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "xl/workbook.xml" in archive.namelist()
    return False


def _senders(mail: Message) -> tuple[str, ...]:
    return tuple(
        sender
        for header in mail.get_all("From", [])
        for sender in _addresses(_clean(str(header)).casefold())
    )


def _addresses(header: str) -> list[str]:
    """What RFC 5322 reads there; where it cannot, all that anybody might read there."""
    parsed = policy.default.header_factory("From", header)
    if any(isinstance(defect, InvalidHeaderDefect) for defect in parsed.defects):
        return sorted(set(_LIKE_AN_ADDRESS.findall(header)))
    return [address.addr_spec for address in parsed.addresses if address.domain]


def _filename(leaf: Message) -> str:
    with suppress(Exception):
        return _clean(_decoded(leaf.get_filename("")[:_HEADER_LIMIT]))
    return ""


def _text(mail: Message, name: str) -> str:
    with suppress(Exception):
        return _clean(_decoded(str(mail.get(name, ""))[:_HEADER_LIMIT]))
    return ""


def _decoded(header: str) -> str:
    """RFC 2047 words decoded where they can be."""
    with suppress(Exception):
        return str(make_header(decode_header(header)))
    return header


def _clean(text: str) -> str:
    """One line of encodable characters, of bounded length."""
    one_line = re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
    return one_line[:_HEADER_LIMIT].encode("utf-8", "replace").decode()


def _auto_submitted(mail: Message) -> str:
    """RFC 3834 section 5; `no` is what people send."""
    keyword = _text(mail, "Auto-Submitted").split(";")[0].strip()
    return keyword.casefold() or "no"


def _is_list(mail: Message) -> bool:
    return any(name in mail for name in ("List-Id", "List-Post", "List-Unsubscribe")) or _text(
        mail, "Precedence"
    ).casefold() in {"bulk", "junk", "list"}


def _is_bounce(mail: Message) -> bool:
    return (
        mail.get_content_type() == "multipart/report"
        or _text(mail, "Return-Path").replace(" ", "") == "<>"
        or "X-Failed-Recipients" in mail
    )
