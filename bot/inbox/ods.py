"""Reading .ods (OpenDocument 1.2, 1.3): values beside what was shown of them; both are compared."""

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from bot.inbox.markup import Elements, Walker, walk
from bot.inbox.number_formats import DIGITS_LIMIT, digits, iso_moment
from bot.inbox.packages import Package
from bot.inbox.tables import COLUMNS_LIMIT, Area, Table, Tables, Unfit

_BASE = "urn:oasis:names:tc:opendocument:xmlns:"
_PREFIXES = {
    f"{_BASE}office:1.0": "office",
    f"{_BASE}table:1.0": "table",
    f"{_BASE}text:1.0": "text",
    f"{_BASE}style:1.0": "style",
    f"{_BASE}script:1.0": "script",
    f"{_BASE}manifest:1.0": "manifest",
    "http://www.w3.org/1999/xlink": "xlink",
}
_MIMETYPES = (
    b"application/vnd.oasis.opendocument.spreadsheet",
    b"application/vnd.oasis.opendocument.spreadsheet-template",
)
_ROWS = {"table:table-rows", "table:table-header-rows", "table:table-row-group"}
_INLINE = {"text:p", "text:span", "text:a", "text:s", "text:tab", "text:line-break"}
_EXTERNAL = {
    "table:table-source",
    "table:dde-link",
    "table:dde-links",
    "table:cell-range-source",
    "table:database-source-sql",
    "table:database-source-table",
    "table:database-source-query",
    "office:dde-source",
}
_MACROS = {"office:script", "script:event-listener"}


def is_ods(package: Package) -> bool:
    return "mimetype" in package.names and package.read("mimetype").strip() in _MIMETYPES


def read_ods(package: Package, tables: Tables) -> None:
    """Raises: Unfit."""
    elements = Elements()
    faults = tables.faults
    for name in package.names:
        folder, _, rest = name.partition("/")
        if folder in ("Basic", "Scripts") and rest:
            faults.add("sheet.macros")
        if folder.startswith("Object ") or folder == "ObjectReplacements":
            faults.add("sheet.embedded")
        if name in ("META-INF/documentsignatures.xml", "META-INF/macrosignatures.xml"):
            tables.has_signature = True
    if "META-INF/manifest.xml" in package.names:
        walk(package.read("META-INF/manifest.xml"), _Manifest(), _PREFIXES, elements)
    if "encrypted-package" in package.names:
        raise Unfit("sheet.encrypted")
    hidden = _Styles()
    walk(package.read("content.xml"), hidden, _PREFIXES, elements)
    walk(package.read("content.xml"), _Content(tables, hidden.hidden), _PREFIXES, elements)


class _Manifest(Walker):
    """Walks the manifest: is anything encrypted? (ODF 1.3 part 2, 4.8.1)"""

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        if path[-1] == "manifest:encryption-data":
            raise Unfit("sheet.encrypted")


@dataclass
class _Styles(Walker):
    """Walks the automatic styles: which of them hide a whole table."""

    hidden: set[str] = field(default_factory=set)
    _name: str = ""

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        if path[-1] == "style:style":
            self._name = attributes.get("style:name", "")
        elif path[-1] == "style:table-properties" and attributes.get("table:display") == "false":
            self.hidden.add(self._name)


@dataclass
class _Cell:
    """`depth` is the length of its path."""

    attributes: dict[str, str]
    depth: int
    repeated: int
    is_covered: bool
    pieces: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return "".join(self.pieces).removeprefix("\n")


@dataclass
class _Content(Walker):
    """Walks the tables (ODF 1.3 part 3, 9)."""

    tables: Tables
    hidden_styles: set[str]
    table: Table | None = None
    row: int = 1  # the next one
    rows_repeated: int = 1
    column: int = 0
    columns_told: int = 0
    groups: list[bool] = field(default_factory=list)  # is it hidden?
    is_row_hidden: bool = False
    cell: _Cell | None = None
    line: dict[int, str] = field(default_factory=dict)
    merged: list[Area] = field(default_factory=list)

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        name = path[-1]
        if name in _EXTERNAL:
            self.tables.faults.add("sheet.external")
        if name in _MACROS:
            self.tables.faults.add("sheet.macros")
        if name == "table:table":
            self._begin_table(path, attributes)
        elif self.table is not None:
            self._start_in_table(self.table, path, attributes)

    def _begin_table(self, path: list[str], attributes: dict[str, str]) -> None:
        if path[1:] != ["office:body", "office:spreadsheet", "table:table"]:
            raise Unfit("sheet.ambiguous")
        hidden = attributes.get("table:style-name") in self.hidden_styles
        self.table = self.tables.add(attributes.get("table:name", ""), hidden=hidden)
        self.row, self.columns_told = 1, 0

    def _start_in_table(self, table: Table, path: list[str], attributes: dict[str, str]) -> None:
        match path[-1]:
            case "table:table-row-group" | "table:table-column-group":
                self.groups.append(attributes.get("table:display") == "false")
            case "table:table-column":
                self._columns(table, attributes)
            case "table:table-row":
                self._begin_row(path, attributes)
            case "table:table-cell" | "table:covered-table-cell":
                self._begin_cell(table, path, attributes)
            case "text:p" | "text:line-break" if self._is_shown(path):
                self._say("\n")
            case "text:s" if self._is_shown(path):
                self._say(" " * min(_count(attributes, "text:c"), 1_000))
            case "text:tab" if self._is_shown(path):
                self._say("\t")

    def text(self, path: list[str], data: str) -> None:
        if self._is_shown(path):
            self._say(data)

    def end(self, path: list[str]) -> None:
        match path[-1]:
            case "table:table" if self.table:
                self.tables.merge(self.table, self.merged)
                self.table, self.merged = None, []
            case "table:table-row-group" | "table:table-column-group" if self.groups:
                self.groups.pop()
            case "table:table-row" if self.table:
                self._end_row(self.table)
            case "table:table-cell" | "table:covered-table-cell" if self.cell:
                self._end_cell(self.cell)

    def _columns(self, table: Table, attributes: dict[str, str]) -> None:
        count = _count(attributes, "table:number-columns-repeated")
        if any(self.groups) or attributes.get("table:visibility", "visible") != "visible":
            table.hide_columns(self.columns_told, self.columns_told + count - 1)
        self.columns_told += count

    def _begin_row(self, path: list[str], attributes: dict[str, str]) -> None:
        if not set(path[4:-1]) <= _ROWS:
            raise Unfit("sheet.ambiguous")
        self.column, self.line = 0, {}
        self.rows_repeated = _count(attributes, "table:number-rows-repeated")
        is_visible = attributes.get("table:visibility", "visible") == "visible"
        self.is_row_hidden = any(self.groups) or not is_visible

    def _end_row(self, table: Table) -> None:
        for _ in range(self.rows_repeated if self.line else 0):
            for column, text in self.line.items():
                self.tables.put(table, self.row, column, text)
            if self.is_row_hidden:
                table.hidden_rows.add(self.row)
            self.row += 1
        if not self.line:
            self.row += self.rows_repeated

    def _begin_cell(self, table: Table, path: list[str], attributes: dict[str, str]) -> None:
        if path[-2] != "table:table-row" or self.cell:
            raise Unfit("sheet.ambiguous")
        repeated = _count(attributes, "table:number-columns-repeated")
        is_covered = path[-1] == "table:covered-table-cell"
        self.cell = _Cell(attributes, len(path), repeated, is_covered)
        rows = _count(attributes, "table:number-rows-spanned")
        if rows > 1:
            right = self.column + _count(attributes, "table:number-columns-spanned") - 1
            self.merged.append((self.row, self.column, self.row + rows - 1, right))
        if "table:formula" in attributes:
            self.tables.formula(table, self.row, self.column)

    def _end_cell(self, cell: _Cell) -> None:
        text = _text(cell.attributes, cell.shown)
        if text.strip():
            if cell.is_covered:
                self.tables.faults.add("sheet.covered")
            if self.column + cell.repeated > COLUMNS_LIMIT:
                raise Unfit("sheet.too_large")
            for column in range(self.column, self.column + cell.repeated):
                self.line[column] = text
        self.column += cell.repeated
        self.cell = None

    def _is_shown(self, path: list[str]) -> bool:
        """Whether it is text of the cell itself, not of a comment or a shape."""
        return self.cell is not None and set(path[self.cell.depth :]) <= _INLINE

    def _say(self, text: str) -> None:
        if self.cell:
            self.cell.pieces.append(text)


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    if not re.fullmatch("[0-9]{1,7}", text, re.ASCII):
        raise Unfit("sheet.unreadable")
    return int(text)


def _text(attributes: dict[str, str], shown: str) -> str:
    """What a program shows, which makes it anew from the value: the text kept beside may lie.

    Raises:
        Unfit: sheet.ambiguous.
    """
    match attributes.get("office:value-type", ""):
        case "float" | "percentage" | "currency":
            return _number(attributes.get("office:value", ""), shown)
        case "date":
            return _date(attributes.get("office:date-value", ""), shown)
        case "boolean":
            return attributes.get("office:boolean-value", "").upper()
        case _:
            if attributes.get("office:string-value", shown) != shown:
                raise Unfit("sheet.ambiguous")
            return shown


def _number(value: str, shown: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Unfit("sheet.unreadable") from None
    if not number.is_finite() or abs(number.adjusted()) > DIGITS_LIMIT:
        raise Unfit("sheet.unreadable")
    plain = digits(number)
    return shown if re.fullmatch(f"0*{re.escape(plain)}", shown) else plain


def _date(value: str, shown: str) -> str:
    date = iso_moment(value)
    written = re.fullmatch("([0-9]{1,2})/([0-9]{1,2})/[0-9]{4}", shown, re.ASCII)
    if written and not date.startswith(f"{int(written[1]):02}/{int(written[2]):02}/"):
        return value  # month first: which is which, nobody can tell
    return date
