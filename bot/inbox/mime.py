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
from email.policy import Compat32
from enum import StrEnum
from itertools import islice

from pydantic import BaseModel, ConfigDict

from bot.inbox.automatic import automatic

PARTS_LIMIT = 100
LETTERS_LIMIT = 10
NESTING_LIMIT = 20
FROM_LIMIT = 2  # one more than is ever accepted
_HEADER_LIMIT = 1_000  # characters of one header that are kept
_PARSED_LIMIT = 4_000  # characters of one header that a parser sees

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

    `senders` holds every address of the first two From headers, folded to
    lower case: RFC 5322 allows several, we accept exactly one. A From header
    that is anything but addresses gives one empty string, which is nobody's.
    `truncated`: the mail has more parts or PDF files, or is nested deeper, than
    are looked at. `automatic` says why it is a machine's (`bot.inbox.automatic`);
    empty when a person may have written it. `readable` is False where Python's
    parser gave up on the structure; the other fields are then empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    readable: bool = True
    senders: tuple[str, ...] = ()
    message_id: str = ""
    subject: str = ""
    automatic: str = ""
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
        mail = _parsed(raw)
        leaves = list(_leaves(mail))
        looked_at = leaves[:PARTS_LIMIT]
        parts = tuple(_part(at, leaf) for at, leaf in enumerate(looked_at) if leaf is not None)
        return Survey(
            senders=_senders(mail),
            message_id=_text(mail, "Message-ID"),
            subject=_text(mail, "Subject"),
            automatic=_automatic(raw, mail, parts),
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
    for at, leaf in enumerate(_leaves(_parsed(raw))):
        if at == index and leaf is not None:
            return _content(leaf)
    raise NoSuchPart(index)


class _Capped(Compat32):
    """Cuts headers off before anything looks at them: `email` is slow on long ones."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_PARSED_LIMIT]


def _parsed(raw: bytes) -> Message:
    return message_from_bytes(raw, policy=_Capped())


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
        kind=_kind(content, declared, _smime_type(leaf)),
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


def _smime_type(leaf: Message) -> str:
    with suppress(Exception):
        return str(leaf.get_param("smime-type", ""))
    return ""


def _is_workbook(content: bytes) -> bool:
    with suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "xl/workbook.xml" in archive.namelist()
    return False


def _senders(mail: Message) -> tuple[str, ...]:
    headers = islice(_headers(mail, "From"), FROM_LIMIT)
    return tuple(sender for header in headers for sender in _addresses(header))


def _addresses(header: str) -> list[str]:
    """What RFC 5322 reads there, or [""]: where it is bent to be read, readers differ."""
    with suppress(Exception):  # RecursionError, AttributeError, IndexError …
        parsed = policy.default.header_factory("From", _clean(header).casefold())
        addresses = [address.addr_spec for address in parsed.addresses if address.domain]
        is_bent = any(isinstance(defect, InvalidHeaderDefect) for defect in parsed.defects)
        if addresses and not is_bent and len(header) <= _HEADER_LIMIT:
            return addresses
    return [""]


def _headers(mail: Message, name: str) -> Iterator[str]:
    """Every header of that name, 8-bit characters read as UTF-8."""
    for key, value in mail.raw_items():
        if key.casefold() == name.casefold():
            yield str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _filename(leaf: Message) -> str:
    with suppress(Exception):
        return _clean(_decoded(leaf.get_filename("")[:_HEADER_LIMIT]))
    return ""


def _text(mail: Message, name: str) -> str:
    with suppress(Exception):
        return _clean(_decoded(next(_headers(mail, name), "")[:_HEADER_LIMIT]))
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


def _automatic(raw: bytes, mail: Message, parts: tuple[Part, ...]) -> str:
    return automatic(
        raw,
        mail,
        senders=_senders(mail),
        message_id=_text(mail, "Message-ID"),
        subject=_text(mail, "Subject"),
        types={part.declared for part in parts},
        has_files=any(_is_file(part) for part in parts),
    )


def _is_file(part: Part) -> bool:
    return part.kind is not Kind.TEXT and not part.declared.startswith(("image/", "message/"))
