"""Compound files ([MS-CFB]), in which .xls and encrypted workbooks come: names and streams."""

import struct
from dataclasses import dataclass

from bot.inbox.tables import Unfit

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTRIES_LIMIT = 2_000
SECTORS_LIMIT = 40_000
_NONE = 0xFFFFFFFA  # this and greater: no sector, but a mark
_ENTRY = struct.Struct("<64sHBB3I36xIQ")  # 2.6.1
_STORAGE, _STREAM, _ROOT = 1, 2, 5


@dataclass(frozen=True)
class Entry:
    name: str
    is_stream: bool
    start: int
    size: int


@dataclass(frozen=True)
class CompoundFile:
    """Every entry, whatever storage it stands in."""

    entries: tuple[Entry, ...]
    _sectors: "_Sectors"

    def has(self, *names: str) -> bool:
        wanted = {name.casefold() for name in names}
        return any(entry.name.casefold() in wanted for entry in self.entries)

    def stream(self, name: str) -> bytes:
        """The one stream of that name.

        Raises:
            Unfit: there is none, or several; or its chain of sectors is broken.
        """
        found = [one for one in self.entries if one.name.casefold() == name.casefold()]
        if len(found) != 1 or not found[0].is_stream:
            raise Unfit("sheet.ambiguous")
        return self._sectors.stream(found[0])


def is_compound(content: bytes) -> bool:
    return content.startswith(MAGIC)


def open_compound(content: bytes) -> CompoundFile:
    """Raises: Unfit."""
    try:
        sectors = _Sectors(content)
        directory = sectors.chained(sectors.first_directory)
        entries = tuple(_entries(directory))
        sectors.take_root(directory)
    except (struct.error, IndexError, UnicodeDecodeError):
        raise Unfit("sheet.unreadable") from None
    return CompoundFile(entries, sectors)


class _Sectors:
    """The file's sectors and the two tables that chain them (2.3, 2.4)."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        version, order, shift, mini_shift = struct.unpack_from("<4H", content, 26)
        if order != 0xFFFE or (version, shift) not in ((3, 9), (4, 12)) or mini_shift != 6:
            raise Unfit("sheet.unreadable")
        self._size = 1 << shift
        self.first_directory, self._cutoff, self._first_mini = struct.unpack_from(
            "<I4xII", content, 48
        )
        self._next = self._table(content)
        self._mini = b""
        self._next_mini: tuple[int, ...] = ()

    def _table(self, content: bytes) -> tuple[int, ...]:
        """The FAT, whose sectors the header lists, and the DIFAT's chain (2.5)."""
        listed = list(struct.unpack_from("<109I", content, 76))
        (sector, _) = struct.unpack_from("<II", content, 68)
        for _ in range(SECTORS_LIMIT):
            if sector >= _NONE:
                break
            more = self._numbers(self._sector(sector))
            listed += more[:-1]
            sector = more[-1]
        places = [one for one in listed if one < _NONE]
        if len(places) * self._size // 4 > 2 * SECTORS_LIMIT or len(set(places)) != len(places):
            raise Unfit("sheet.too_complex")
        return tuple(number for one in places for number in self._numbers(self._sector(one)))

    def take_root(self, directory: bytes) -> None:
        """Read the mini stream, which the root entry holds (2.6.3)."""
        *_, start, size = _ENTRY.unpack_from(directory, 0)
        if size and start < _NONE:
            self._mini = self.chained(start)[:size]
        if self._first_mini < _NONE:
            self._next_mini = self._numbers(self.chained(self._first_mini))

    def stream(self, entry: Entry) -> bytes:
        """Raises: Unfit."""
        if not entry.size:
            return b""
        try:
            if entry.size < self._cutoff:
                data = b"".join(
                    self._mini[64 * one : 64 * one + 64]
                    for one in _chain(entry.start, self._next_mini)
                )
            else:
                data = self.chained(entry.start)
        except IndexError:
            raise Unfit("sheet.unreadable") from None
        if len(data) < entry.size:
            raise Unfit("sheet.unreadable")
        return data[: entry.size]

    def chained(self, start: int) -> bytes:
        return b"".join(self._sector(one) for one in _chain(start, self._next))

    def _sector(self, number: int) -> bytes:
        begin = (number + 1) * self._size
        if begin >= len(self._content):
            raise IndexError
        return self._content[begin : begin + self._size].ljust(self._size, b"\0")

    def _numbers(self, data: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _chain(start: int, following: tuple[int, ...]) -> list[int]:
    """The sectors of a chain.

    Raises:
        Unfit: it goes in a circle; IndexError: it leaves the file.
    """
    chain: list[int] = []
    while start < _NONE:
        chain.append(start)
        if len(chain) > min(len(following), SECTORS_LIMIT):
            raise Unfit("sheet.too_complex")
        start = following[start]
    return chain


def _entries(directory: bytes) -> list[Entry]:
    count = len(directory) // _ENTRY.size
    if count > ENTRIES_LIMIT:
        raise Unfit("sheet.too_complex")
    found = []
    for at in range(count):
        name, length, kind, _, _, _, _, start, size = _ENTRY.unpack_from(
            directory, at * _ENTRY.size
        )
        if kind in (_STORAGE, _STREAM):
            text = name[: max(min(length, 64) - 2, 0)].decode("utf-16-le")
            found.append(Entry(text, kind == _STREAM, start, size & 0xFFFFFFFF))
    return found
