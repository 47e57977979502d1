"""Reading .xls ([MS-XLS]): values by calamine; what it hides, from the records themselves."""

import datetime as dt
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from python_calamine import CalamineSheet, CalamineWorkbook

from bot.inbox.compound import CompoundFile
from bot.inbox.number_formats import day, digits, moment
from bot.inbox.tables import COLUMNS_LIMIT, LINES_LIMIT, Table, Tables, Unfit

RECORDS_LIMIT = 500_000
_LAST_ROW = 4 * LINES_LIMIT  # formatted, empty cells may stand below the list

# Records, 2.3.2
_BOF, _EOF = 0x809, 0x0A
_ONE_CELL = {0xFD, 0x204, 0x203, 0x27E, 0x205, 0xD6}  # LABELSST LABEL NUMBER RK BOOLERR RSTRING
_MULRK = 0xBD
_SHEET, _MACROS, _VBA = 0, 1, 6  # BOUNDSHEET's dt, 2.4.28
_BIFF5, _BIFF8 = 0x500, 0x600
_INTERNAL = {0x0401, 0x3A01}  # SUPBOOK of this file itself, and of add-in functions, 2.4.271
_HIDDEN_ROW = 0x20
_NO_HEIGHT, _NO_WIDTH = 10, 128  # half a point in twips, half a character in 256ths

Record = tuple[int, bytes]


def is_xls(file: CompoundFile) -> bool:
    return file.has("Workbook", "Book")


def is_encrypted_package(file: CompoundFile) -> bool:
    """Whether it holds an encrypted .xlsx ([MS-OFFCRYPTO] 2.3.4)."""
    return file.has("EncryptedPackage", "EncryptionInfo")


def read_xls(file: CompoundFile, content: bytes, tables: Tables) -> None:
    """Raises: Unfit."""
    if file.has("Workbook") and file.has("Book"):
        raise Unfit("sheet.ambiguous")
    if file.has("_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA"):
        tables.faults.add("sheet.macros")
    if any(one.name.startswith("MBD") or one.name == "\1Ole10Native" for one in file.entries):
        tables.faults.add("sheet.embedded")
    tables.has_signature = file.has("_signatures", "_xmlsignatures")
    stream = file.stream("Workbook" if file.has("Workbook") else "Book")
    try:
        pages = _Globals(stream, tables).pages()
        for page in pages:
            for kind, data in _records(stream, page.begins):
                _look_at_record(page, kind, data, tables)
    except (struct.error, IndexError):
        raise Unfit("sheet.unreadable") from None
    if not tables.faults:
        _fill(content, pages, tables)


@dataclass
class _Page:
    """A sheet: where its records begin, and the size that its cells need."""

    table: Table
    begins: int
    is_table: bool
    cells: set[tuple[int, int]] = field(default_factory=set)


@dataclass(frozen=True)
class _Globals:
    """The records that stand before all sheets."""

    stream: bytes
    tables: Tables

    def pages(self) -> list[_Page]:
        found = []
        for kind, data in _records(self.stream, 0):
            match kind:
                case 0x2F:  # FILEPASS
                    raise Unfit("sheet.encrypted")
                case 0x85:  # BOUNDSHEET
                    found.append(self._page(data))
                case 0x1AE:  # SUPBOOK
                    self._supporting(data)
                case 0x876:  # DCONN
                    self.tables.faults.add("sheet.external")
        return found

    def _page(self, data: bytes) -> _Page:
        begins, state, kind = struct.unpack_from("<IBB", data)
        if kind in (_MACROS, _VBA):
            self.tables.faults.add("sheet.macros")
        table = self.tables.add(_name(data[6:]), hidden=bool(state & 3))
        return _Page(table, begins, kind == _SHEET)

    def _supporting(self, data: bytes) -> None:
        _, mark = struct.unpack_from("<HH", data)
        if mark not in _INTERNAL:
            self.tables.faults.add("sheet.external")


def _records(stream: bytes, begins: int) -> Iterator[Record]:
    """The records of one substream, from its BOF to its EOF; what is nested in it is passed over.

    Raises:
        Unfit: it has no end, or too many records; or it is of an older program.
    """
    depth = 0
    for kind, data in islice(_all_records(stream, begins), RECORDS_LIMIT):
        if kind == _BOF:
            if struct.unpack_from("<H", data)[0] not in (_BIFF5, _BIFF8):
                raise Unfit("sheet.unsupported")
            depth += 1
        elif kind == _EOF:
            depth -= 1
        elif depth == 1:
            yield kind, data
        if depth <= 0:
            break
    else:
        raise Unfit("sheet.too_complex")


def _all_records(stream: bytes, place: int) -> Iterator[Record]:
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        place += 4 + length
        yield kind, stream[place - length : place]
    raise Unfit("sheet.unreadable")


def _look_at_record(page: _Page, kind: int, data: bytes, tables: Tables) -> None:
    match kind:
        case 0x208:  # ROW
            row, _, _, height = struct.unpack_from("<4H", data)
            (flags,) = struct.unpack_from("<H", data, 12)
            if flags & _HIDDEN_ROW or height & 0x7FFF < _NO_HEIGHT:
                page.table.hidden_rows.add(row + 1)
        case 0x7D:  # COLINFO
            first, last, width, _, flags = struct.unpack_from("<5H", data)
            if flags & 1 or width < _NO_WIDTH:
                page.table.hide_columns(first, last)
        case 0x06:  # FORMULA
            row, column = struct.unpack_from("<HH", data)
            tables.formula(page.table, row + 1, column)
        case _:
            for row, column in _cells(kind, data):
                _take(page, row, column)


def _cells(kind: int, data: bytes) -> Iterator[tuple[int, int]]:
    """The cells that a record fills, from 0; empty ones with a look of their own are none."""
    if kind in _ONE_CELL or kind == _MULRK:
        row, first = struct.unpack_from("<HH", data)
        last = first if kind in _ONE_CELL else struct.unpack_from("<H", data, len(data) - 2)[0]
        for column in range(first, last + 1):
            yield row, column


def _take(page: _Page, row: int, column: int) -> None:
    """Note a cell; calamine makes room for every cell of the rectangle around all of them."""
    if row >= _LAST_ROW or column >= COLUMNS_LIMIT:
        raise Unfit("sheet.too_large")
    if (row, column) in page.cells:
        raise Unfit("sheet.ambiguous")
    page.cells.add((row, column))


def _fill(content: bytes, pages: list[_Page], tables: Tables) -> None:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        if len(book.sheet_names) != len(pages):
            raise Unfit("sheet.ambiguous")
        for index, page in enumerate(pages):
            if page.is_table:
                _fill_table(page, book.get_sheet_by_index(index), tables)
    except (Unfit, MemoryError):
        raise
    except BaseException:  # calamine may panic, which is no Exception
        raise Unfit("sheet.unreadable") from None


def _fill_table(page: _Page, sheet: CalamineSheet, tables: Tables) -> None:
    for row, line in enumerate(sheet.to_python(skip_empty_area=False)):
        for column, value in enumerate(line):
            if value != "" and (row, column) not in page.cells:
                raise Unfit("sheet.ambiguous")
            tables.put(page.table, row + 1, column, _text(value))
    areas = sheet.merged_cell_ranges or []
    tables.merge(
        page.table,
        ((top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in areas),
    )


def _text(value: object) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return digits(Decimal(repr(value)))
        case dt.datetime():
            return moment(value)
        case dt.date():
            return day(value)
        case dt.time():
            return f"{value:%H:%M}"
        case _:
            return str(value)


def _name(data: bytes) -> str:
    """A short string, in UTF-16 or one byte a letter (2.5.240)."""
    length, wide = data[0], data[1] & 1
    if wide:
        return data[2 : 2 + 2 * length].decode("utf-16-le", "replace")
    return data[2 : 2 + length].decode("latin-1")
