"""The list out of workbooks: which sheet, which lines are people, each read into a row.

What is doubtful is named, with its line; nothing is repaired, and nothing that may be a
person is passed over in silence (docs/sheets.md). What each doubt leads to is in
sheet_rules.py.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import Any

from bot.dossier.catalogue import FORMS
from bot.dossier.cells import identity_of, is_centralised, issue_of, ticked
from bot.dossier.columns import (
    DEVICE_KIND,
    IDENTITY,
    ISSUED,
    LEVELS,
    NUMBER,
    Headings,
    find_headings,
    is_numbering,
)
from bot.dossier.fields import Flaw, Reading, normal
from bot.dossier.form import Form, Kind, Procedure
from bot.dossier.people import sort_lines, text_in, text_of
from bot.dossier.rows import Row
from bot.dossier.sheet import read_fields
from bot.inbox.workbook import Line, Sheet, Workbook

ROWS_LIMIT = 2_000
HEADING_WITHIN = 40  # lines from the top in which a list begins
LISTED = 20  # lines that one doubt names


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is doubtful about a list, as `sheet_rules` has it by `code`.

    `position` is the row's, where it is one row's.
    """

    code: str
    column: str | None = None
    value: str = ""
    detail: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class SheetReading:
    """A list as read. `rows` are of the procedure's kind, numbered from 1.

    `lines` has the number of each row's line as a spreadsheet program shows it,
    in the order of `rows`, and `heading` that of the heading's last line, 0 where there is
    no list; `workbook` (its SHA-256) and `sheet` say where.
    """

    procedure: Procedure
    rows: tuple[Any, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    workbook: str = ""
    sheet: str = ""
    heading: int = 0
    lines: tuple[int, ...] = ()

    def line_of(self, position: int) -> int | None:
        return self.lines[position - 1] if 0 < position <= len(self.lines) else None


def read_list(workbooks: Sequence[Workbook], procedure: Procedure) -> SheetReading:
    """The one list that `workbooks` hold, as the list of `procedure`, which has a form."""
    books = list({book.sha256: book for book in workbooks}.values())  # one file may come twice
    doubts = [doubt for book in books for doubt in _of_book(book)]
    found = [_Found(book, sheet, *at) for book, sheet in _visible(books) if (at := _begin(sheet))]
    if len(found) != 1:
        if found:
            names = ", ".join(f"«{one.sheet.name}»" for one in found)
            doubts.append(Doubt("several_lists", detail=names))
        elif not any(book.faults for book in books):  # what cannot be read may have had one
            doubts.append(Doubt("no_list" if books else "absent"))
        return SheetReading(procedure, doubts=tuple(doubts))
    (one,) = found
    heading = one.sheet.lines[one.at + one.headings.depth - 1].number
    where = (one.book.sha256, one.sheet.name, heading)
    reading = SheetReading(procedure, (), (), *where)
    if one.headings.procedures == (procedure,):
        reading = _List(one, procedure).read(reading)
    else:
        names = ", ".join(FORMS[other].name for other in one.headings.procedures)
        doubts.append(Doubt("other_procedure", detail=names))
    return replace(reading, doubts=(*doubts, *reading.doubts))


def page_of(workbooks: Sequence[Workbook], reading: SheetReading) -> Sheet | None:
    """The sheet that `reading` was read from, if it found a list."""
    pages = (page for book in workbooks if book.sha256 == reading.workbook for page in book.sheets)
    return next((page for page in pages if page.name == reading.sheet and not page.hidden), None)


@dataclass(frozen=True, slots=True)
class _Found:
    """A sheet with a list: its heading begins with the line `at`, from 0."""

    book: Workbook
    sheet: Sheet
    at: int
    headings: Headings


def _of_book(book: Workbook) -> Iterator[Doubt]:
    for fault in book.faults:
        yield Doubt(fault.removeprefix("sheet."), value=book.name, detail=", ".join(book.formulas))
    if book.has_signature:
        yield Doubt("signature_inside", value=book.name)
    for sheet in book.sheets:
        if sheet.hidden and sheet.lines:
            code = "hidden_list" if _begin(sheet) else "hidden_sheet"
            yield Doubt(code, value=sheet.name)


def _visible(books: Sequence[Workbook]) -> Iterator[tuple[Workbook, Sheet]]:
    return ((book, sheet) for book in books for sheet in book.sheets if not sheet.hidden)


def _begin(sheet: Sheet) -> tuple[int, Headings] | None:
    """Where the heading of a list begins: the line that names the most columns."""
    best: tuple[int, Headings] | None = None
    for at in range(min(HEADING_WITHIN, len(sheet.lines))):
        headings = find_headings([line.cells for line in sheet.lines[at : at + 2]])
        if headings and (best is None or len(headings.columns) > len(best[1].columns)):
            best = at, headings
    return best


@dataclass
class _List:
    """The lines of one list, from its heading down."""

    found: _Found
    procedure: Procedure
    doubts: list[Doubt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.headings = self.found.headings
        self.form: Form = FORMS[self.procedure]
        self.places = self.headings.places

    def read(self, reading: SheetReading) -> SheetReading:
        """`reading` with the rows and every doubt."""
        self._columns()
        people = self._people()
        rows = tuple(self._row(number, line) for number, line in enumerate(people, start=1))
        self._count(people)
        return replace(
            reading,
            rows=rows,
            doubts=tuple(self.doubts),
            lines=tuple(line.number for line in people),
        )

    def _columns(self) -> None:
        missing = self.headings.missing(self.procedure)
        for name in missing:
            self.doubts.append(Doubt("column_missing", self.form.columns[name].label))
        for heading in self.headings.twice:
            self.doubts.append(Doubt("column_twice", heading))
        for column, heading in self.headings.unknown.items():
            if any(text_in(line, column) for line in self._below_heading()):
                self.doubts.append(Doubt("column_unknown", heading))
        for column in self.found.sheet.hidden_columns:
            if any(text_in(line, column) for line in self._below_heading()):
                known = column in self.places.values()
                heading = text_in(self.found.sheet.lines[self.found.at], column)
                self.doubts.append(Doubt("hidden_column" if known else "hidden_other", heading))

    def _below_heading(self) -> Sequence[Line]:
        lines = self.found.sheet.lines[self.found.at + self.headings.depth :]
        return lines[1:] if lines and is_numbering(lines[0].cells) else lines

    def _people(self) -> Sequence[Line]:
        """The lines that are people; of the others those that may be are doubted, or told."""
        lines = sort_lines(self._below_heading(), self.headings)
        if lines.hidden:
            self.doubts.append(Doubt("hidden_row", detail=_numbers(lines.hidden)))
        for stray in lines.strays:
            self.doubts.append(Doubt("stray_row", value=text_of(stray), detail=str(stray.number)))
        if lines.others:
            self.doubts.append(Doubt("lines_unread", detail=_numbers(lines.others)))
        return lines.people

    def _count(self, people: Sequence[Line]) -> None:
        """Numbers that are missing or twice in the list's own count, and lines left empty."""
        if len(people) > ROWS_LIMIT:
            self.doubts.append(Doubt("too_many_rows", detail=str(len(people))))
        if not people:
            self.doubts.append(Doubt("no_rows"))
        typed = [self._typed(line, NUMBER) for line in people]
        counted = [int(one) for one in typed if re.fullmatch("[0-9]{1,6}", one)]
        gaps = [
            lost
            for before, after in pairwise(counted)
            for lost in islice(range(before + 1, after), LISTED + 1)
        ]
        if gaps:
            self.doubts.append(Doubt("number_gap", "STT", detail=_numbers(gaps)))
        if twice := [number for number, times in Counter(counted).items() if times > 1]:
            self.doubts.append(Doubt("number_twice", "STT", detail=_numbers(twice)))

    def _row(self, position: int, line: Line) -> Row:
        typed = self._values(position, line)
        read = read_fields(self.form.columns, lambda name: typed.get(name, ""))
        for name in self._optional():
            if isinstance(read[name], Reading) and read[name].flaw is Flaw.EMPTY:
                read[name] = Reading("")
        return self.form.row(position=position, **read)

    def _optional(self) -> set[str]:
        """Columns of which an empty cell needs no word: a missing one is told once."""
        missing = set(self.headings.missing(self.procedure))
        if self.procedure is Procedure.REVOKE:
            return set()
        portals = {"issued_by"} if self.headings.is_portals else set()
        return missing | portals

    def _values(self, position: int, line: Line) -> dict[str, str]:
        """What is typed, by the form's column."""
        typed = {name: self._typed(line, name) for name in self.places}
        for meaning, split in ((IDENTITY, identity_of), (ISSUED, issue_of)):
            if meaning in self.headings.columns:
                typed |= split(typed[meaning[0]])
        if self.headings.is_portals:
            levels = [typed[name] for name in LEVELS if typed.get(name, "").strip()]
            typed["workplace"] = levels[-1] if levels else ""
        if DEVICE_KIND in typed and not is_centralised(typed[DEVICE_KIND]):
            code = "device_other" if typed[DEVICE_KIND].strip() else "device_empty"
            self._doubt(code, position, line, DEVICE_KIND)
        for name, column in self.form.columns.items():
            if column.kind is Kind.TICK and name in typed:
                tick = ticked(typed[name])
                typed[name] = "on" if tick else ""
                if tick is None:
                    self._doubt("tick_unclear", position, line, name)
        return typed

    def _doubt(self, code: str, position: int, line: Line, name: str) -> None:
        heading = normal(self._heading(name))
        value = normal(self._typed(line, name))
        self.doubts.append(Doubt(code, heading, value, position=position))

    def _heading(self, name: str) -> str:
        """What the list itself calls that column."""
        lines = self.found.sheet.lines[self.found.at : self.found.at + self.headings.depth]
        return next(
            filter(None, (text_in(line, self.places[name]) for line in reversed(lines))), ""
        )

    def _typed(self, line: Line, name: str) -> str:
        return text_in(line, self.places[name]) if name in self.places else ""


def _numbers(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers[:LISTED]))
    return f"{listed}, …" if len(numbers) > LISTED else listed
