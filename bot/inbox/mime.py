"""What a mail is made of (RFC 5322, RFC 2045, RFC 8551); pure, survives any bytes.

Runs in the sandbox. Nothing found here is data: headers serve the addressing
and wording of an answer, parts are handed on byte for byte. Signatures around
parts are looked through, and judged elsewhere (`bot.signatures.smime`).
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email.header import decode_header, make_header
from email.message import Message
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from bot.inbox import entity
from bot.inbox.automatic import automatic
from bot.inbox.entity import PARTS_LIMIT, Entity
from bot.inbox.sender import senders

LETTERS_LIMIT = 10
_HEADER_LIMIT = 1_000  # characters of one header that are kept

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_OIDS_ENCRYPTED = (
    bytes.fromhex("06092a864886f70d010703"),  # enveloped-data
    bytes.fromhex("060b2a864886f70d0109100117"),  # authenticated and enveloped (RFC 5083)
)
_ODS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_OLE_WORKBOOK = tuple(name.encode("utf-16-le") + b"\0\0" for name in ("Workbook", "Book"))


class Kind(StrEnum):
    """What a part is by its bytes; only for ciphertext and text the declared type has a say."""

    PDF = "pdf"
    ZIP = "zip"
    RAR = "rar"
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
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
    lower case: RFC 5322 allows several, we accept exactly one. What programs could
    read in two ways gives one empty string, which is nobody's (`bot.inbox.sender`).
    `is_signed`: there are S/MIME signatures to be looked at; it says nothing of them.
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
    is_signed: bool = False
    parts: tuple[Part, ...] = ()
    truncated: bool = False

    @property
    def is_protected(self) -> bool:
        """Whether there is anything to be looked into: signatures, or what is encrypted."""
        return self.is_signed or any(part.kind is Kind.ENCRYPTED for part in self.parts)

    @property
    def letters(self) -> tuple[Part, ...]:
        """What may be a letter: the first `LETTERS_LIMIT` PDF files."""
        return tuple(part for part in self.parts if part.kind is Kind.PDF)[:LETTERS_LIMIT]


class NoSuchPart(LookupError):
    """The mail has no part of that index."""


def survey(raw: bytes) -> Survey:
    """Look over a mail; any bytes give an answer."""
    try:
        mail = entity.read(raw)
        leaves = list(mail.leaves())
        parts = tuple(_parts(leaves))
        return Survey(
            senders=senders(entity.header_block(raw)),
            message_id=_text(mail.headers, "Message-ID"),
            subject=_text(mail.headers, "Subject"),
            automatic=_automatic(raw, mail.headers, parts),
            parts=parts,
            is_signed=any(one.is_clear_signed or one.is_opaque for one in mail.walk()),
            truncated=len(leaves) > PARTS_LIMIT
            or any(leaf.is_cut for leaf in leaves)
            or _many_letters(parts),
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
    leaves = list(entity.read(raw).leaves())
    if not 0 <= index < len(leaves) or leaves[index].is_cut:
        raise NoSuchPart(index)
    return leaves[index].content


def _parts(leaves: Sequence[Entity]) -> Iterator[Part]:
    """What is looked at; a multipart that is nested too deep keeps its number and says nothing."""
    for index, leaf in enumerate(leaves[:PARTS_LIMIT]):
        if not leaf.is_cut:
            yield describe(index, leaf)


def _many_letters(parts: tuple[Part, ...]) -> bool:
    return sum(part.kind is Kind.PDF for part in parts) > LETTERS_LIMIT


def describe(index: int, leaf: Entity) -> Part:
    """The leaf that `survey` numbers `index`."""
    return Part(
        index=index,
        filename=_filename(leaf.headers),
        declared=_clean(leaf.type),
        kind=_kind(leaf),
        size=len(leaf.content),
        sha256=hashlib.sha256(leaf.content).hexdigest(),
    )


def _kind(leaf: Entity) -> Kind:
    content, start = leaf.content, leaf.content[:1024]
    if _OID_SIGNED_DATA in start[:40]:  # whatever it holds: it is not opened
        return Kind.PKCS7
    if b"%PDF-" in start:
        return Kind.PDF
    if start.startswith(b"PK\x03\x04"):
        return _in_zip(content)
    if start.startswith(b"Rar!\x1a\x07"):
        return Kind.RAR
    if is_encrypted_mail(leaf) or _is_encrypted_file(content):
        return Kind.ENCRYPTED
    if start.startswith(_OLE) and any(name in content for name in _OLE_WORKBOOK):
        return Kind.XLS
    return Kind.TEXT if leaf.type.startswith("text/") else Kind.OTHER


def is_encrypted_mail(mail: Entity) -> bool:
    """Whether it is a mail that only its recipient can read (RFC 8551, RFC 3156)."""
    if mail.children:
        return mail.type == "multipart/encrypted"
    return (
        any(oid in mail.content[:40] for oid in _OIDS_ENCRYPTED)
        or _smime_type(mail.headers) in ("enveloped-data", "authenveloped-data")
        or mail.type == "application/pgp-encrypted"
        or mail.content.startswith(b"-----BEGIN PGP MESSAGE-----")
    )


def _is_encrypted_file(content: bytes) -> bool:
    return content.startswith(_OLE) and _OLE_ENCRYPTED in content


def _smime_type(headers: Message) -> str:
    with suppress(Exception):
        return str(headers.get_param("smime-type", "")).casefold()
    return ""


def _in_zip(content: bytes) -> Kind:
    if _ODS in content[:200]:  # it stands first, and is not packed (ODF 1.2 part 3, 3.3)
        return Kind.ODS
    with suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:
        if "xl/workbook.xml" in archive.namelist():
            return Kind.XLSX
    return Kind.ZIP


def _filename(headers: Message) -> str:
    with suppress(Exception):
        return _clean(_decoded(headers.get_filename("")[:_HEADER_LIMIT]))
    return ""


def _headers(mail: Message, name: str) -> Iterator[str]:
    """Every header of that name, 8-bit characters read as UTF-8."""
    for key, value in mail.raw_items():
        if key.casefold() == name.casefold():
            yield str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


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
        senders=senders(entity.header_block(raw)),
        message_id=_text(mail, "Message-ID"),
        subject=_text(mail, "Subject"),
        types={part.declared for part in parts},
        has_files=any(_is_file(part) for part in parts),
    )


def _is_file(part: Part) -> bool:
    return part.kind is not Kind.TEXT and not part.declared.startswith(("image/", "message/"))
