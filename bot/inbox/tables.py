"""Sheets in the making: what a reader of workbooks puts together, within limits."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from string import ascii_uppercase

from bot.inbox.workbook import Line, Sheet

SHEETS_LIMIT = 10
LINES_LIMIT = 2_050  # of one sheet: 2,000 people, and what stands above and below them
COLUMNS_LIMIT = 64
LAST_ROW = 1_048_576  # what programs have
TEXT_LIMIT = 1_000_000  # characters of a whole workbook; an answer of the sandbox has its limit
FORMULAS_SHOWN = 5


Area = tuple[int, int, int, int]  # of a merged cell: first row, first column, last row, last column


class Unfit(Exception):
    """The workbook is not read; `fault` is the code that says why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass
class Table:
    """One sheet. Rows count from 1, as people count them, columns from 0."""

    name: str
    hidden: bool = False
    cells: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)

    def hide_columns(self, first: int, last: int) -> None:
        self.hidden_columns.update(range(first, min(last + 1, COLUMNS_LIMIT)))

    def sheet(self) -> Sheet:
        width = max((max(cells) + 1 for cells in self.cells.values()), default=0)
        return Sheet(
            name=self.name,
            hidden=self.hidden,
            hidden_columns=tuple(sorted(one for one in self.hidden_columns if one < width)),
            lines=tuple(
                Line(
                    number=row,
                    cells=tuple(cells.get(column, "") for column in range(max(cells) + 1)),
                    hidden=row in self.hidden_rows,
                )
                for row, cells in sorted(self.cells.items())
            ),
        )


@dataclass
class Tables:
    """All that a reader finds in one workbook."""

    faults: set[str] = field(default_factory=set)
    formulas: list[str] = field(default_factory=list)
    has_signature: bool = False
    sheets: list[Table] = field(default_factory=list)
    characters: int = 0

    def add(self, name: str, *, hidden: bool) -> Table:
        if len(self.sheets) >= SHEETS_LIMIT:
            raise Unfit("sheet.too_large")
        table = Table(name[:100], hidden)
        self.sheets.append(table)
        return table

    def put(self, table: Table, row: int, column: int, text: str) -> None:
        """Keep the text of a cell; one of nothing but white space is empty.

        Raises:
            Unfit: sheet.too_large; sheet.ambiguous: the cell has been read before.
        """
        if not text.strip():
            return
        if column >= COLUMNS_LIMIT or row > LAST_ROW:
            raise Unfit("sheet.too_large")
        line = table.cells.setdefault(row, {})
        if column in line:
            raise Unfit("sheet.ambiguous")
        line[column] = text
        self.characters += len(text)
        if len(table.cells) > LINES_LIMIT or self.characters > TEXT_LIMIT:
            raise Unfit("sheet.too_large")

    def formula(self, table: Table, row: int, column: int) -> None:
        self.faults.add("sheet.formula")
        if len(self.formulas) < FORMULAS_SHOWN:
            self.formulas.append(f"{table.name}!{column_letters(column)}{row}")

    def merge(self, table: Table, areas: Iterable[Area]) -> None:
        """Have merged cells say what a person sees: text beneath one is a fault.

        One that spans several rows of a column speaks for each of them that is filled.

        Raises:
            Unfit: sheet.ambiguous: two merged cells overlap.
        """
        rows = sorted(table.cells)
        merged: set[tuple[int, int]] = set()
        for top, left, bottom, right in areas:
            columns = range(left, min(right + 1, COLUMNS_LIMIT))
            for row in rows[bisect_left(rows, top) : bisect_right(rows, bottom)] if columns else ():
                places = {(row, column) for column in columns}
                if places & merged:
                    raise Unfit("sheet.ambiguous")
                merged |= places
                if any(at in table.cells[row] for at in columns if (row, at) != (top, left)):
                    self.faults.add("sheet.covered")
                elif row > top and left == right:
                    self.put(table, row, left, table.cells.get(top, {}).get(left, ""))


def column_letters(column: int) -> str:
    """What a spreadsheet program calls a column: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = ascii_uppercase[rest] + letters
    return letters
