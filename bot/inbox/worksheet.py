"""One worksheet of an .xlsx (ECMA-376 part 1, 18.3): rows, cells, and what they hide."""

import re
from dataclasses import dataclass, field

from bot.inbox.markup import Walker
from bot.inbox.number_formats import GENERAL, iso_moment, looks, shows_nothing
from bot.inbox.tables import Area, Table, Tables, Unfit

NOTHING = 0.5  # of a character's width, or of a point
_MERGED_LIMIT = 5_000
_VALUE = (["x:v"],)
_INLINE = (["x:is", "x:t"], ["x:is", "x:r", "x:t"])
_CELL = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


@dataclass
class _Cell:
    type: str
    style: int
    has_value: bool = False
    runs: list[str] = field(default_factory=list)

    @property
    def places(self) -> tuple[list[str], ...]:
        """The paths, from the cell on, where its value stands."""
        return _INLINE if self.type == "inlineStr" else _VALUE

    def begin_value(self) -> None:
        if self.has_value:
            raise Unfit("sheet.ambiguous")
        self.has_value = True


@dataclass
class Worksheet(Walker):
    """Walks one worksheet. Rows and cells must come in order, each once, as programs write them."""

    tables: Tables
    table: Table
    strings: list[str]
    looks: list[str]
    is_1904: bool
    row: int = 0
    column: int = -1
    cell: _Cell | None = None
    merged: list[Area] = field(default_factory=list)

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        match path[1:]:
            case ["x:cols", "x:col"]:
                self._columns(attributes)
            case ["x:sheetData", *inside]:
                self._start_inside(inside, attributes)
            case ["x:mergeCells", "x:mergeCell"]:
                self._merge(attributes.get("ref", ""))
            case ["x:oleObjects" | "x:controls", *_]:
                self.tables.faults.add("sheet.embedded")

    def _start_inside(self, path: list[str], attributes: dict[str, str]) -> None:
        match path:
            case ["x:row"]:
                self._row(attributes)
            case ["x:row", "x:c"]:
                self.cell = self._begun(attributes)
            case ["x:row", "x:c", "x:v" | "x:is"] if self.cell:
                self.cell.begin_value()
            case ["x:row", "x:c", "x:f"]:
                self.tables.formula(self.table, self.row, self.column)
            case [*_, name] if name.startswith(":"):
                raise Unfit("sheet.ambiguous")  # another program might read what we do not

    def text(self, path: list[str], data: str) -> None:
        if self.cell and path[4:] in self.cell.places:
            self.cell.runs.append(data)

    def end(self, path: list[str]) -> None:
        if self.cell and path[1:] == ["x:sheetData", "x:row", "x:c"]:
            self.tables.put(self.table, self.row, self.column, self._text(self.cell))
            self.cell = None

    def _columns(self, attributes: dict[str, str]) -> None:
        if _is_true(attributes.get("hidden")) or _is_nothing(attributes.get("width")):
            first, last = _number(attributes.get("min")), _number(attributes.get("max"))
            self.table.hide_columns(first - 1, last - 1)

    def _row(self, attributes: dict[str, str]) -> None:
        row = _number(attributes["r"]) if "r" in attributes else self.row + 1
        if row <= self.row:
            raise Unfit("sheet.ambiguous")
        self.row, self.column = row, -1
        if _is_true(attributes.get("hidden")) or _is_nothing(attributes.get("ht")):
            self.table.hidden_rows.add(row)

    def _begun(self, attributes: dict[str, str]) -> _Cell:
        row, column = self.row, self.column + 1
        if "r" in attributes:
            row, column = _place(attributes["r"])
        if row != self.row or column <= self.column:
            raise Unfit("sheet.ambiguous")
        self.column = column
        return _Cell(attributes.get("t", "n"), _number(attributes.get("s", "0")))

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        self.merged.append((*_place(first), *_place(last or first)))
        if len(self.merged) > _MERGED_LIMIT:
            raise Unfit("sheet.too_complex")

    def _text(self, cell: _Cell) -> str:
        said = "".join(cell.runs)
        if not said.strip():
            return ""
        look = self.looks[cell.style] if cell.style < len(self.looks) else GENERAL
        if shows_nothing(look):
            self.tables.faults.add("sheet.covered")
        match cell.type:
            case "s":
                return self._shared(_number(said))
            case "str" | "inlineStr" | "e":
                return unescaped(said)
            case "b":
                return "TRUE" if said.strip() == "1" else "FALSE"
            case "d":
                return iso_moment(said)
            case "n":
                return looks(said, look, is_1904=self.is_1904)
            case _:
                raise Unfit("sheet.unreadable")

    def _shared(self, index: int) -> str:
        if index >= len(self.strings):
            raise Unfit("sheet.unreadable")
        return self.strings[index]


def unescaped(text: str) -> str:
    """ST_Xstring (ECMA-376 part 1, 22.9.2.19): `_x000D_` is a character that XML cannot hold."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _is_true(value: str | None) -> bool:
    return value in ("1", "true", "on")


def _is_nothing(measure: str | None) -> bool:
    """Whether a width or a height leaves nothing to see."""
    try:
        return measure is not None and float(measure) < NOTHING
    except ValueError:
        raise Unfit("sheet.unreadable") from None


def _number(text: str | None) -> int:
    if text is None or not re.fullmatch("[0-9]{1,7}", text.strip(), re.ASCII):
        raise Unfit("sheet.unreadable")
    return int(text)


def _place(reference: str) -> tuple[int, int]:
    """Row from 1, column from 0, of «B7»."""
    match = _CELL.fullmatch(reference)
    if match is None:
        raise Unfit("sheet.unreadable")
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(match[2]), column - 1
