"""The tree of a mail, down to exact bytes (RFC 2045, RFC 2046, RFC 8551); pure.

One tree serves both: parts are numbered by its leaves, and a signature is
verified over `Entity.raw` or the content of its CMS, from which the same
leaves were read. So what is signed and what is seen cannot be two things.
"""

import binascii
import quopri
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import Compat32
from functools import cached_property
from itertools import islice

from asn1crypto import cms, core

PARTS_LIMIT = 100
NESTING_LIMIT = 20
HEADERS_LIMIT = 1_000_000  # bytes of headers in one mail, those of its parts included
OPAQUE_LIMIT = 8  # signed-data with their content inside, in one mail
ROOT = "1"  # the place of the mail itself
_PARSED_LIMIT = 4_000  # characters of one header that a parser sees

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_HEADERS_END = re.compile(rb"\n\r?\n")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_OPAQUE_TYPES = {"application/pkcs7-mime", "application/x-pkcs7-mime", "application/octet-stream"}


@dataclass(eq=False)
class Entity:
    """A MIME entity: headers and body, exactly as they stand in what encloses it.

    `place` counts as IMAP does: "1" is the mail itself, "1.2" its second part; the
    content of an opaque signature is its part 1. `children` are the parts of a
    multipart, or that content. `is_cut`: it has parts, but they are not looked at.
    """

    place: str
    source: bytes
    start: int
    end: int
    headers: Message
    body_start: int
    children: list["Entity"] = field(default_factory=list)
    is_cut: bool = False

    @property
    def raw(self) -> bytes:
        return self.source[self.start : self.end]

    @cached_property
    def type(self) -> str:
        return self.headers.get_content_type()

    @property
    def is_clear_signed(self) -> bool:
        """RFC 1847 section 2.1: what is signed, then its signature."""
        return self.type == "multipart/signed" and len(self.children) >= 2

    @property
    def is_opaque(self) -> bool:
        """RFC 8551 section 3.5.2: a signature with its content inside."""
        return bool(self.children) and not self.type.startswith("multipart/")

    @cached_property
    def encoding(self) -> str:
        """The transfer encoding it names, in lower case."""
        return str(self.headers.get("Content-Transfer-Encoding", "")).strip().casefold()

    @cached_property
    def content(self) -> bytes:
        """The body with its transfer encoding undone; an attached mail is not opened."""
        if self.type.startswith("message/"):
            return b""
        body = self.source[self.body_start : self.end]
        match self.encoding:
            case "base64":
                return _base64(body)
            case "quoted-printable":
                return quopri.decodestring(body)
        return body

    def walk(self) -> Iterator["Entity"]:
        """Itself, then all below, in the order of the mail."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> Iterator["Entity"]:
        return (entity for entity in self.walk() if not entity.children)


def read(mail: bytes) -> Entity:
    """The tree of any bytes.

    Raises:
        TooManyHeaders: and whatever `email` raises on hostile ones.
    """
    return _Reader().entity(ROOT, mail, 0, len(mail), depth=0)


def header_block(mail: bytes) -> bytes:
    """The mail's own headers, with the line break that ends the last."""
    return mail[: _split(mail, 0, len(mail))[0]]


def boundary(headers: Message) -> bytes:
    """What divides a multipart; empty where it says none."""
    with suppress(Exception):  # what `email` makes of a hostile parameter is anybody's guess
        return (headers.get_boundary() or "").encode("ascii", "surrogateescape")
    return b""


class TooManyHeaders(ValueError):
    """No mail program writes so many; a parser would sit over them."""


class _Capped(Compat32):
    """Cuts headers off before anything looks at them: `email` is slow on long ones."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_PARSED_LIMIT]


class _Reader:
    """Reads one mail, and counts how much of it was opened."""

    def __init__(self) -> None:
        self._leaves = 0
        self._opaque = 0
        self._headers = 0

    def entity(
        self, place: str, source: bytes, start: int, end: int, depth: int, *, is_open: bool = True
    ) -> Entity:
        headers_end, body_start = _split(source, start, end)
        self._headers += headers_end - start
        if self._headers > HEADERS_LIMIT:
            raise TooManyHeaders(self._headers)
        headers = message_from_bytes(source[start:headers_end], policy=_Capped())
        headers.set_payload([])
        entity = Entity(place, source, start, end, headers, body_start)
        parts = self._parts(entity) if is_open else []
        if parts and depth == NESTING_LIMIT:
            entity.is_cut = True
        elif parts:
            self._read_parts(entity, parts, depth)
        if not entity.children:
            self._leaves += 1
        return entity

    def _read_parts(self, entity: Entity, parts: list[tuple[bytes, int, int]], depth: int) -> None:
        for number, (source, start, end) in enumerate(parts, 1):
            if self._leaves > PARTS_LIMIT:
                break
            place = f"{entity.place}.{number}"
            is_signature = entity.type == "multipart/signed" and number > 1  # holds no content
            child = self.entity(place, source, start, end, depth + 1, is_open=not is_signature)
            entity.children.append(child)
            entity.headers.attach(child.headers)

    def _parts(self, entity: Entity) -> list[tuple[bytes, int, int]]:
        if entity.type.startswith("multipart/"):
            return list(islice(_parts(entity), PARTS_LIMIT + 1))
        if entity.type in _OPAQUE_TYPES and _SIGNED_DATA in entity.content[:40]:
            self._opaque += 1
            content = opaque_content(entity.content) if self._opaque <= OPAQUE_LIMIT else None
            return [] if content is None else [(content, 0, len(content))]
        return []


def opaque_content(info: bytes) -> bytes | None:
    """What a signed-data holds and signs (RFC 8551 section 3.5.2), in DER or BER.

    None: nobody signs it, it holds nothing, or it cannot be read.
    """
    try:
        signed = cms.ContentInfo.load(info)["content"]
        content = signed["encap_content_info"]
        is_opaque = content["content"] is not core.VOID and len(signed["signer_infos"]) > 0
        return bytes(content["content"]) if is_opaque else None
    except MemoryError:
        raise
    except Exception:  # asn1crypto may raise anything
        return None


def _split(source: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the headers end and where the body begins; without headers all is body."""
    if source.startswith((b"\n", b"\r\n"), start, end):
        return start, source.index(b"\n", start) + 1
    if not _FIELD.match(source, start, end) and not source.startswith(b"From ", start, end):
        return start, start
    found = _HEADERS_END.search(source, start, end)
    return (found.start() + 1, found.end()) if found else (end, end)


def _parts(entity: Entity) -> Iterator[tuple[bytes, int, int]]:
    """The parts between the delimiters (RFC 2046 section 5.1.1).

    A delimiter is a whole line, white space behind it allowed; the line break before
    it belongs to it. What stands before the first and after the last is nobody's.
    """
    delimiter = _delimiter(entity.headers)
    if delimiter is None:
        return
    source, end, begun = entity.source, entity.end, None
    for line in delimiter.finditer(source, entity.body_start - 1, end):  # a line ends there
        if begun is not None:
            stop = line.start() - source.startswith(b"\r", line.start() - 1)
            yield source, begun, max(begun, stop)
        if line["close"]:
            return
        begun = min(line.end() + 1, end)
    if begun is not None:  # the last delimiter is missing
        yield source, begun, end


def _delimiter(headers: Message) -> re.Pattern[bytes] | None:
    if own := boundary(headers):
        return re.compile(rb"\n--" + re.escape(own) + rb"(?P<close>--)?[ \t]*\r?(?=\n|\Z)")
    return None


def _base64(body: bytes) -> bytes:
    """Leniently, as mail programs read it."""
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        digits = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
        return binascii.a2b_base64(digits[: len(digits) - (len(digits) % 4 == 1)] + b"==")
