"""Writing .xlsx: every cell a text, and the same bytes for the same words."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT = "@"  # the number format that leaves digits, zeros and «=» alone
CELL_LIMIT = 32_000  # characters that a cell may hold, a little less than 2^15 - 1

_WRAPPED = Alignment(wrap_text=True, vertical="top")
_BOLD = Font(bold=True)
_MADE = datetime(2026, 1, 1)  # noqa: DTZ001 -- no real time: equal words, equal bytes
_ZIP_DATE = (2026, 1, 1, 0, 0, 0)
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # XML 1.0, 2.2
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def put(page: Worksheet, row: int, column: int, text: str, *, bold: bool = False) -> Any:
    """Write `text` as text, whatever it begins with; the cell."""
    cell: Any = page.cell(row, column)
    cell.value = _UNWRITABLE.sub("\ufffd", text)[:CELL_LIMIT]
    cell.data_type = "s"  # openpyxl takes what begins with «=» for a formula
    cell.number_format = TEXT
    cell.alignment = _WRAPPED
    if bold:
        cell.font = _BOLD
    return cell


def filled(color: str) -> PatternFill:
    return PatternFill("solid", fgColor=color)


def set_widths(page: Worksheet, widths: Sequence[float]) -> None:
    """In characters, from the first column on."""
    for column, width in enumerate(widths, start=1):
        page.column_dimensions[get_column_letter(column)].width = width


def saved(book: Workbook) -> bytes:
    """The file; nothing in it tells when it was made."""
    book.properties.creator, book.properties.created = "", _MADE
    book.save(written := io.BytesIO())
    with (
        zipfile.ZipFile(written) as raw,
        zipfile.ZipFile(made := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in raw.namelist():
            data = _MODIFIED.sub(rb"\g<1>2026-01-01T00:00:00Z", raw.read(name))
            packed.writestr(zipfile.ZipInfo(name, _ZIP_DATE), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()
