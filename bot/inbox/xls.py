"""Reading .xls ([MS-XLS], BIFF8): every value from the records that are looked at."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.inbox import biff
from bot.inbox.compound import CompoundFile
from bot.inbox.number_formats import BUILT_IN, GENERAL, looks, shows_nothing
from bot.inbox.tables import Area, Table, Tables, Unfit

RECORDS_LIMIT = 300_000  # of a whole workbook
MERGED_LIMIT = 5_000

_BOF, _EOF, _CONTINUE = 0x809, 0x0A, 0x3C
_BIFF8 = 0x600
_SHEET, _MACROS, _VBA = 0, 1, 6  # BOUNDSHEET's dt, 2.4.28
_INTERNAL = {0x0401, 0x3A01}  # SUPBOOK of this file itself, and of add-in functions, 2.4.271
_HIDDEN_ROW = 0x20
_NO_HEIGHT, _NO_WIDTH = 10, 128  # half a point in twips, half a character in 256ths

Record = tuple[int, bytes]


def is_xls(file: CompoundFile) -> bool:
    return file.has("Workbook", "Book")


def is_encrypted_package(file: CompoundFile) -> bool:
    """Whether it holds an encrypted .xlsx ([MS-OFFCRYPTO] 2.3.4)."""
    return file.has("EncryptedPackage", "EncryptionInfo")


def read_xls(file: CompoundFile, tables: Tables) -> None:
    """Raises: Unfit."""
    if not file.has("Workbook"):  # a «Book» is of 1995 and before
        raise Unfit("sheet.unsupported")
    if file.has("Book"):
        raise Unfit("sheet.ambiguous")
    if file.has("_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA"):
        tables.faults.add("sheet.macros")
    if any(one.name.startswith("MBD") or one.name == "\1Ole10Native" for one in file.entries):
        tables.faults.add("sheet.embedded")
    tables.has_signature = file.has("_signatures", "_xmlsignatures")
    try:
        book = _Book(_Stream(file.stream("Workbook")), tables)
        for begins, table in book.pages():
            _Page(book, table).read(begins)
    except (struct.error, IndexError):
        raise Unfit("sheet.unreadable") from None


@dataclass
class _Stream:
    """The records of a workbook, counted as they are read."""

    content: bytes
    left: int = RECORDS_LIMIT

    def records(self, begins: int) -> Iterator[Record]:
        """Those of one substream, from its BOF to its EOF; what is nested in it is passed over.

        Raises:
            Unfit: it has no end, or too many records; or it is of an older program.
        """
        depth = 0
        for kind, data in self._all(begins):
            if kind == _BOF:
                if struct.unpack_from("<H", data)[0] != _BIFF8:
                    raise Unfit("sheet.unsupported")
                depth += 1
            elif kind == _EOF:
                depth -= 1
            elif depth == 1:
                yield kind, data
            if depth <= 0:
                return

    def _all(self, place: int) -> Iterator[Record]:
        while place + 4 <= len(self.content) and self.left:
            self.left -= 1
            kind, length = struct.unpack_from("<HH", self.content, place)
            place += 4 + length
            yield kind, self.content[place - length : place]
        raise Unfit("sheet.unreadable" if self.left else "sheet.too_complex")


@dataclass
class _Book:
    """The records that stand before all sheets: what they share."""

    stream: _Stream
    tables: Tables
    strings: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    is_1904: bool = False

    def pages(self) -> list[tuple[int, Table]]:
        """Where the records of each table begin."""
        found: list[tuple[int, Table]] = []
        formats = dict(BUILT_IN)
        styles: list[int] = []
        shared: list[bytes] = []
        last = 0
        for kind, data in self.stream.records(0):
            match kind:
                case 0x2F:  # FILEPASS
                    raise Unfit("sheet.encrypted")
                case 0x85:  # BOUNDSHEET
                    found += self._page(data)
                case 0xFC:  # SST
                    shared = [data]
                case 0x3C if last in (0xFC, _CONTINUE) and shared:
                    shared.append(data)
                case 0x41E:  # FORMAT
                    formats[struct.unpack_from("<H", data)[0]] = biff.string(data[2:])
                case 0xE0:  # XF
                    styles.append(struct.unpack_from("<H", data, 2)[0])
                case _:
                    self._look_at(kind, data)
            last = kind
        self.strings = biff.shared_strings(shared) if shared else []
        self.looks = [formats.get(style, GENERAL) for style in styles]
        return found

    def _look_at(self, kind: int, data: bytes) -> None:
        if kind == 0x22:  # DATEMODE
            self.is_1904 = data[0] == 1
        elif kind == 0x876 or (kind == 0x1AE and _is_external(data)):  # DCONN, SUPBOOK
            self.tables.faults.add("sheet.external")

    def _page(self, data: bytes) -> Iterator[tuple[int, Table]]:
        begins, state, kind = struct.unpack_from("<IBB", data)
        if kind in (_MACROS, _VBA):
            self.tables.faults.add("sheet.macros")
        table = self.tables.add(biff.short_string(data[6:]), hidden=bool(state & 3))
        if kind == _SHEET:
            yield begins, table


@dataclass
class _Page:
    """One table."""

    book: _Book
    table: Table
    merged: list[Area] = field(default_factory=list)

    def read(self, begins: int) -> None:
        for kind, data in self.book.stream.records(begins):
            match kind:
                case 0x208:  # ROW
                    self._row(data)
                case 0x7D:  # COLINFO
                    first, last, width, _, flags = struct.unpack_from("<5H", data)
                    if flags & 1 or width < _NO_WIDTH:
                        self.table.hide_columns(first, last)
                case 0xE5:  # MERGEDCELLS
                    self._merge(data)
                case 0x06:  # FORMULA
                    row, column = struct.unpack_from("<HH", data)
                    self.book.tables.formula(self.table, row + 1, column)
                case _:
                    self._value(kind, data)
        self.book.tables.merge(self.table, self.merged)

    def _row(self, data: bytes) -> None:
        row, _, _, height = struct.unpack_from("<4H", data)
        (flags,) = struct.unpack_from("<H", data, 12)
        if flags & _HIDDEN_ROW or height & 0x7FFF < _NO_HEIGHT:
            self.table.hidden_rows.add(row + 1)

    def _merge(self, data: bytes) -> None:
        (count,) = struct.unpack_from("<H", data)
        for at in range(count):
            top, bottom, left, right = struct.unpack_from("<4H", data, 2 + 8 * at)
            self.merged.append((top + 1, left, bottom + 1, right))
        if len(self.merged) > MERGED_LIMIT:
            raise Unfit("sheet.too_complex")

    def _value(self, kind: int, data: bytes) -> None:
        """Every record that fills cells."""
        match kind:
            case 0xFD:  # LABELSST
                self._put(data, self.book.strings[struct.unpack_from("<I", data, 6)[0]])
            case 0x204 | 0xD6:  # LABEL, RSTRING
                self._put(data, biff.string(data[6:]))
            case 0x203:  # NUMBER
                self._put(data, struct.unpack_from("<d", data, 6)[0])
            case 0x27E:  # RK
                self._put(data, biff.rk(struct.unpack_from("<I", data, 6)[0]))
            case 0xBD:  # MULRK
                row, first = struct.unpack_from("<HH", data)
                for at in range((len(data) - 6) // 6):
                    style, number = struct.unpack_from("<HI", data, 4 + 6 * at)
                    self._put(struct.pack("<3H", row, first + at, style), biff.rk(number))
            case 0x205:  # BOOLERR
                truth = "TRUE" if data[6] else "FALSE"
                self._put(data, biff.ERRORS.get(data[6], "#N/A") if data[7] else truth)

    def _put(self, cell: bytes, value: str | float) -> None:
        """`cell` begins with row, column and style (2.5.19)."""
        row, column, style = struct.unpack_from("<3H", cell)
        look = self.book.looks[style] if style < len(self.book.looks) else GENERAL
        if shows_nothing(look):
            self.book.tables.faults.add("sheet.covered")
        text = (
            value if isinstance(value, str) else looks(repr(value), look, is_1904=self.book.is_1904)
        )
        self.book.tables.put(self.table, row + 1, column, text)


def _is_external(data: bytes) -> bool:
    """Whether a SUPBOOK names another file, or a DDE server."""
    return struct.unpack_from("<H", data, 2)[0] not in _INTERNAL
