"""A ZIP package (ECMA-376 part 2, ODF 1.3 part 2) that reads in one way only, and never explodes.

Two programs may see two files in one ZIP: one follows the central directory, another
reads front to back, a third takes the last of two entries of one name. So a package is
believed only if all of them see the same: entries stand one after another from the first
byte on, each under one name, and nothing is between or behind them.
"""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, field

from bot.inbox.tables import Unfit

ENTRIES_LIMIT = 1_000
PART_LIMIT = 24_000_000  # bytes of one part, unpacked
PACKAGE_LIMIT = 48_000_000  # bytes of all parts that are read
_LOCAL = struct.Struct("<4s5H3L2H")  # APPNOTE.TXT 4.3.7
_DESCRIPTORS = {0, 12, 16, 20, 24}  # bytes that may follow an entry's data, 4.3.9
_STREAMED, _UTF8 = 1 << 3, 1 << 11
_LEVEL = 0b110  # how hard the packer tried
_CHUNK = 1 << 16


@dataclass
class Package:
    """The parts of a package by name, unpacked when asked for."""

    content: bytes
    _entries: dict[str, tuple[zipfile.ZipInfo, int]] = field(default_factory=dict)
    _unpacked: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def read(self, name: str) -> bytes:
        """One part. What it really holds is counted, whatever the headers say.

        Raises:
            Unfit: sheet.unreadable: it is not there, or broken; sheet.too_complex: too large.
        """
        if name not in self._entries:
            raise Unfit("sheet.unreadable")
        entry, start = self._entries[name]
        packed = self.content[start : start + entry.compress_size]
        limit = min(PART_LIMIT, PACKAGE_LIMIT - self._unpacked)
        data = packed if entry.compress_type == zipfile.ZIP_STORED else _inflated(packed, limit)
        if len(data) > limit:
            raise Unfit("sheet.too_complex")
        if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
            raise Unfit("sheet.ambiguous")
        self._unpacked += len(data)
        return data


def open_package(content: bytes) -> Package:
    """Raises: Unfit."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries, end = archive.infolist(), archive.start_dir
            has_comment = bool(archive.comment)
    except (zipfile.BadZipFile, ValueError, struct.error, OverflowError, NotImplementedError):
        raise Unfit("sheet.unreadable") from None
    if len(entries) > ENTRIES_LIMIT:
        raise Unfit("sheet.too_complex")
    if has_comment or len({entry.filename.casefold() for entry in entries}) != len(entries):
        raise Unfit("sheet.ambiguous")
    package = Package(content)
    place = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset - place not in _DESCRIPTORS:
            raise Unfit("sheet.ambiguous")
        start = _start(content, entry)
        place = start + entry.compress_size
        package._entries[entry.filename] = (entry, start)
    if end - place not in _DESCRIPTORS:
        raise Unfit("sheet.ambiguous")
    return package


def _start(content: bytes, entry: zipfile.ZipInfo) -> int:
    """Where the entry's data begin, if its local header says what the directory says."""
    header = content[entry.header_offset : entry.header_offset + _LOCAL.size]
    if len(header) < _LOCAL.size:
        raise Unfit("sheet.unreadable")
    signature, _, flags, method, _, _, crc, packed, unpacked, name, extra = _LOCAL.unpack(header)
    if signature != b"PK\3\4":
        raise Unfit("sheet.unreadable")
    if flags & ~(_STREAMED | _UTF8 | _LEVEL) or method not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        raise Unfit("sheet.encrypted" if flags & 1 else "sheet.unreadable")
    begin = entry.header_offset + _LOCAL.size
    written = content[begin : begin + name].decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    sizes = (crc, packed, unpacked)
    is_same = (
        written == entry.orig_filename == entry.filename
        and (flags | _LEVEL, method) == (entry.flag_bits | _LEVEL, entry.compress_type)
        and (sizes == (entry.CRC, entry.compress_size, entry.file_size) or flags & _STREAMED)
    )
    if not is_same:
        raise Unfit("sheet.ambiguous")
    return begin + int(name) + int(extra)


def _inflated(packed: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    data = bytearray()
    try:
        while not unpacker.eof and packed and len(data) <= limit:
            data += unpacker.decompress(packed, _CHUNK)
            packed = unpacker.unconsumed_tail
        data += unpacker.flush() if unpacker.eof else b""
    except zlib.error:
        raise Unfit("sheet.unreadable") from None
    if len(data) <= limit and (not unpacker.eof or unpacker.unused_data):
        raise Unfit("sheet.ambiguous")
    return bytes(data)
