"""The list out of workbooks: which sheet, which lines are people, each read into a row.

What is doubtful is named, with its line; nothing is repaired, and nothing that may be a
person is passed over in silence (docs/sheets.md). What each doubt leads to is in
sheet_rules.py.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import Any

from bot.dossier.catalogue import FORMS
from bot.dossier.cells import identity_of, is_centralised, issue_of, ticked
from bot.dossier.columns import DEVICE_KIND, IDENTITY, ISSUED, LEVELS, NUMBER
from bot.dossier.fields import Flaw, Reading, normal
from bot.dossier.form import Form, Kind, Procedure
from bot.dossier.listings import Doubt, Listing, find_listings
from bot.dossier.people import text_in, text_of
from bot.dossier.rows import Row
from bot.dossier.sheet import read_fields
from bot.inbox.workbook import Line, Sheet, Workbook

ROWS_LIMIT = 2_000
LISTED = 20  # lines that one doubt names


@dataclass(frozen=True, slots=True)
class SheetReading:
    """A list as read. `rows` are of the procedure's kind, numbered from 1.

    `lines` has the number of each row's line as a spreadsheet program shows it,
    in the order of `rows`, and `heading` that of the heading's last line, 0 where there is
    no list; `workbook` (its SHA-256) and `sheet` say where.
    """

    procedure: Procedure
    rows: tuple[Any, ...] = ()
    doubts: tuple[Doubt, ...] = ()  # as sheet_rules.py has them by their code
    workbook: str = ""
    sheet: str = ""
    heading: int = 0
    lines: tuple[int, ...] = ()

    def line_of(self, position: int) -> int | None:
        return self.lines[position - 1] if 0 < position <= len(self.lines) else None


def read_list(workbooks: Sequence[Workbook], procedure: Procedure) -> SheetReading:
    """The one list that `workbooks` hold, as the list of `procedure`, which has a form."""
    books = list({book.sha256: book for book in workbooks}.values())  # one file may come twice
    found, doubts = find_listings(books)
    if len(found) != 1:
        return SheetReading(procedure, doubts=doubts)
    (one,) = found
    heading = one.sheet.lines[one.at + one.headings.depth - 1].number
    where = (one.book.sha256, one.sheet.name, heading)
    reading = SheetReading(procedure, (), (), *where)
    if one.headings.procedures == (procedure,):
        reading = _List(one, procedure).read(reading)
    else:
        names = ", ".join(FORMS[other].name for other in one.headings.procedures)
        doubts += (Doubt("other_procedure", detail=names),)
    return replace(reading, doubts=(*doubts, *reading.doubts))


def page_of(workbooks: Sequence[Workbook], reading: SheetReading) -> Sheet | None:
    """The sheet that `reading` was read from, if it found a list."""
    pages = (page for book in workbooks if book.sha256 == reading.workbook for page in book.sheets)
    return next((page for page in pages if page.name == reading.sheet and not page.hidden), None)


@dataclass
class _List:
    """The lines of one list, from its heading down."""

    found: Listing
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
        foreign = {at: self._heading_of(at) for at in self.headings.foreign(self.procedure)}
        for column, heading in {**self.headings.unknown, **foreign}.items():
            if any(text_in(line, column) for line in self.found.below):
                self.doubts.append(Doubt("column_unknown", heading))
        for column in self.found.sheet.hidden_columns:
            if any(text_in(line, column) for line in self.found.below):
                known = column in self.places.values()
                code = "hidden_column" if known else "hidden_other"
                self.doubts.append(Doubt(code, self._heading_of(column)))

    def _people(self) -> Sequence[Line]:
        """The lines that are people; of the others those that may be are doubted, or told."""
        lines = self.found.lines
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
        value = normal(self._typed(line, name))
        heading = self._heading_of(self.places[name])
        self.doubts.append(Doubt(code, heading, value, position=position))

    def _heading_of(self, column: int) -> str:
        """What the list itself calls that column."""
        lines = self.found.sheet.lines[self.found.at : self.found.at + self.headings.depth]
        return normal(next(filter(None, (text_in(line, column) for line in reversed(lines))), ""))

    def _typed(self, line: Line, name: str) -> str:
        return text_in(line, self.places[name]) if name in self.places else ""


def _numbers(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers[:LISTED]))
    return f"{listed}, …" if len(numbers) > LISTED else listed
