"""Which sheets of which workbooks have a list, and what is wrong with the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.dossier.columns import Headings, find_headings, is_numbering
from bot.dossier.people import TELLING, Lines, sort_lines, text_of
from bot.inbox.workbook import Line, Sheet, Workbook

HEADING_WITHIN = 40  # lines from the top in which a list begins


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
class Listing:
    """A sheet with a list; its heading begins with the line `at`, from 0."""

    book: Workbook
    sheet: Sheet
    at: int
    headings: Headings

    @property
    def below(self) -> Sequence[Line]:
        """The lines below the heading, but for one that numbers its columns."""
        lines = self.sheet.lines[self.at + self.headings.depth :]
        return lines[1:] if lines and is_numbering(lines[0].cells) else lines

    @property
    def lines(self) -> Lines:
        return sort_lines(self.below, self.headings)


def find_listings(books: Sequence[Workbook]) -> tuple[list[Listing], tuple[Doubt, ...]]:
    """Every visible sheet with a list: one, if all is well; and what is doubtful about `books`."""
    doubts = [doubt for book in books for doubt in _of_book(book)]
    found = [Listing(book, sheet, *at) for book, sheet in _visible(books) if (at := _begin(sheet))]
    if len(found) > 1:  # a blank one beside it is none
        found = [one for one in found if one.lines.people or one.lines.strays] or found[:1]
    if found:
        doubts += _elsewhere(books)
    elif not any(book.faults for book in books):  # what cannot be read may have had one
        doubts.append(Doubt("no_list" if books else "absent"))
    if len(found) > 1:
        names = ", ".join(f"«{one.sheet.name}»" for one in found)
        doubts.append(Doubt("several_lists", detail=names))
    return found, tuple(doubts)


def _elsewhere(books: Sequence[Workbook]) -> Iterator[Doubt]:
    """Visible sheets beside the list that have no heading, and yet what people have."""
    for _, sheet in _visible(books):
        tells = any(TELLING.search(text_of(line)) for line in sheet.lines)
        if tells and _begin(sheet) is None:
            yield Doubt("people_elsewhere", value=sheet.name)


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
