"""Values as BIFF8 writes them ([MS-XLS] 2.5): strings, numbers, and the strings cells share."""

import struct
from collections.abc import Sequence

from bot.inbox.tables import Unfit

STRINGS_LIMIT = 300_000

ERRORS = {  # 2.5.10, BErr
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_WIDE, _PHONETIC, _RICH = 0x01, 0x04, 0x08


def string(data: bytes) -> str:
    """XLUnicodeString (2.5.294), which says its length in two bytes."""
    (length,) = struct.unpack_from("<H", data)
    return _decoded(data[3:], length, wide=data[2] & _WIDE)


def short_string(data: bytes) -> str:
    """ShortXLUnicodeString (2.5.240), which says it in one."""
    return _decoded(data[2:], data[0], wide=data[1] & _WIDE)


def rk(number: int) -> float:
    """RkNumber (2.5.217): 30 bits of an integer or of a double, perhaps in hundredths."""
    if number & 2:
        value = float(struct.unpack("<i", struct.pack("<I", number))[0] >> 2)
    else:
        (value,) = struct.unpack("<d", struct.pack("<II", 0, number & 0xFFFFFFFC))
    return value / 100 if number & 1 else value


def shared_strings(records: Sequence[bytes]) -> list[str]:
    """The table of strings (SST, 2.4.265), and the records that continue it.

    Raises:
        Unfit: sheet.too_complex. struct.error, IndexError: it ends too early.
    """
    _, unique = struct.unpack_from("<II", records[0])
    if unique > STRINGS_LIMIT:
        raise Unfit("sheet.too_complex")
    reader = _Reader(records, 8)
    return [reader.string() for _ in range(unique)]


def _decoded(data: bytes, length: int, *, wide: int) -> str:
    return (
        data[: 2 * length].decode("utf-16-le", "replace")
        if wide
        else data[:length].decode("latin-1")
    )


class _Reader:
    """Reads on from record to record."""

    def __init__(self, records: Sequence[bytes], at: int) -> None:
        self._records = records
        self._record = 0
        self._at = at

    def string(self) -> str:
        """XLUnicodeRichExtendedString (2.5.293); its runs and its phonetic hints are left out."""
        length, flags = struct.unpack("<HB", self._take(3))
        runs = struct.unpack("<H", self._take(2))[0] if flags & _RICH else 0
        hints = struct.unpack("<I", self._take(4))[0] if flags & _PHONETIC else 0
        text = self._characters(length, flags & _WIDE)
        self._skip(4 * runs + hints)
        return text

    def _characters(self, length: int, wide: int) -> str:
        """A string that goes on in the next record says there anew how wide it is."""
        pieces = []
        while length:
            size = 2 if wide else 1
            left = self._records[self._record][self._at : self._at + length * size]
            used = len(left) // size
            pieces.append(_decoded(left, used, wide=wide))
            length -= used
            self._at += used * size
            if length:
                self._next()
                wide = self._records[self._record][0] & _WIDE
                self._at = 1
        return "".join(pieces)

    def _take(self, count: int) -> bytes:
        if self._at == len(self._records[self._record]):
            self._next()
        self._at += count
        return self._records[self._record][self._at - count : self._at]

    def _skip(self, count: int) -> None:
        while count > len(self._records[self._record]) - self._at:
            count -= len(self._records[self._record]) - self._at
            self._next()
        self._at += count

    def _next(self) -> None:
        self._record += 1
        self._at = 0
        self._records[self._record]  # IndexError: there is no more
