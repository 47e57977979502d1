"""Reading .xlsx (ECMA-376, transitional and strict), from the very parts that are looked at."""

import posixpath
from dataclasses import dataclass, field
from typing import TypeVar

from bot.inbox.markup import Elements, Walker, walk
from bot.inbox.number_formats import BUILT_IN, GENERAL
from bot.inbox.packages import Package
from bot.inbox.tables import Tables, Unfit
from bot.inbox.worksheet import Worksheet, unescaped

W = TypeVar("W", bound=Walker)

_PREFIXES = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main": "x",
    "http://purl.oclc.org/ooxml/spreadsheetml/main": "x",
    "http://schemas.openxmlformats.org/package/2006/relationships": "p",
    "http://schemas.openxmlformats.org/package/2006/content-types": "t",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "r",
    "http://purl.oclc.org/ooxml/officeDocument/relationships": "r",
}
_EXTERNAL_TYPES = {"externalLink", "externalLinkPath", "connections", "queryTable", "xmlMaps"}
_MACRO_TYPES = {"vbaProject", "xlMacrosheet", "xlIntlMacrosheet", "dialogsheet"}
_EMBEDDED_TYPES = {"oleObject", "package", "control", "ctrlProp"}
_SIGNATURE_TYPES = {"origin", "signature"}


def is_xlsx(names: tuple[str, ...]) -> bool:
    return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)


def read_xlsx(package: Package, tables: Tables) -> None:
    """Raises: Unfit."""
    _Reader(package, tables).read()


@dataclass
class _Relation:
    target: str
    type: str
    is_external: bool


@dataclass
class _Relations(Walker):
    """Walks a part of relationships (ECMA-376 part 2, 6.5.3)."""

    base: str
    found: dict[str, _Relation] = field(default_factory=dict)

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        if path[-1] != "p:Relationship":
            return
        name = attributes.get("Id", "")
        if name in self.found:
            raise Unfit("sheet.ambiguous")
        self.found[name] = _Relation(
            posixpath.normpath(posixpath.join(self.base, attributes.get("Target", ""))),
            attributes.get("Type", "").rpartition("/")[2],
            attributes.get("TargetMode") == "External",
        )


@dataclass
class _ContentTypes(Walker):
    """Walks `[Content_Types].xml` (ECMA-376 part 2, 6.2.3)."""

    found: list[str] = field(default_factory=list)

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        self.found.append(attributes.get("ContentType", ""))


@dataclass
class _Book(Walker):
    """Walks the workbook: its sheets in order, and how it counts days."""

    is_1904: bool = False
    sheets: list[dict[str, str]] = field(default_factory=list)

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        if path[1:] == ["x:workbookPr"]:
            self.is_1904 = attributes.get("date1904") in ("1", "true", "on")
        elif path[1:] == ["x:sheets", "x:sheet"]:
            self.sheets.append(attributes)
        elif "ddeLink" in path[-1] or path[-1] == "x:externalReference":
            raise Unfit("sheet.external")


@dataclass
class _Styles(Walker):
    """Walks the styles: the format code of each cell style."""

    codes: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        if path[1:] == ["x:numFmts", "x:numFmt"]:
            self.codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif path[1:] == ["x:cellXfs", "x:xf"]:
            self.numbers.append(attributes.get("numFmtId", "0"))

    def looks(self) -> list[str]:
        known = {str(number): code for number, code in BUILT_IN.items()} | self.codes
        return [known.get(number, GENERAL) for number in self.numbers]


@dataclass
class _Strings(Walker):
    """Walks the shared strings: rich text as plain, phonetic hints left out."""

    found: list[str] = field(default_factory=list)
    _runs: list[str] = field(default_factory=list)

    def text(self, path: list[str], data: str) -> None:
        if path[1:] in (["x:si", "x:t"], ["x:si", "x:r", "x:t"]):
            self._runs.append(data)

    def end(self, path: list[str]) -> None:
        if path[1:] == ["x:si"]:
            self.found.append(unescaped("".join(self._runs)))
            self._runs.clear()


@dataclass
class _Reader:
    package: Package
    tables: Tables
    elements: Elements = field(default_factory=Elements)

    def read(self) -> None:
        self._look_around()
        roots = self._relations("")
        starts = [one.target for one in roots.values() if one.type == "officeDocument"]
        if len(starts) != 1:
            raise Unfit("sheet.ambiguous")
        book_name = starts[0]
        if book_name.endswith(".bin"):
            raise Unfit("sheet.unsupported")
        book = self._walk(book_name, _Book())
        relations = self._relations(book_name)
        strings = self._walk_related(relations, "sharedStrings", _Strings()).found
        looks = self._walk_related(relations, "styles", _Styles()).looks()
        for sheet in book.sheets:
            relation = relations.get(sheet.get("r:id", ""))
            if relation is None:
                raise Unfit("sheet.unreadable")
            hidden = sheet.get("state", "visible") != "visible"
            table = self.tables.add(sheet.get("name", ""), hidden=hidden)
            if relation.type == "worksheet":
                page = Worksheet(self.tables, table, strings, looks, book.is_1904)
                self._walk(relation.target, page)
                self.tables.merge(table, page.merged)

    def _look_around(self) -> None:
        """What no list needs: macros, other files inside of it or outside."""
        types = self._walk("[Content_Types].xml", _ContentTypes()).found
        faults = self.tables.faults
        if any("macroEnabled" in one or "vbaProject" in one for one in types):
            faults.add("sheet.macros")
        if sum("spreadsheetml.sheet.main" in one for one in types) > 1:
            raise Unfit("sheet.ambiguous")
        for name in self.package.names:
            if name.endswith(".rels"):
                self._look_at(self._walk(name, _Relations("")).found)
            if name.casefold().endswith("vbaproject.bin"):
                faults.add("sheet.macros")
            if name.casefold().startswith(("xl/embeddings/", "xl/activex/")):
                faults.add("sheet.embedded")
            if name.startswith("_xmlsignatures/"):
                self.tables.has_signature = True

    def _look_at(self, relations: dict[str, _Relation]) -> None:
        types = {one.type for one in relations.values()}
        outside = {one.type for one in relations.values() if one.is_external}
        if types & _EXTERNAL_TYPES or outside - {"hyperlink"}:
            self.tables.faults.add("sheet.external")
        if types & _MACRO_TYPES:
            self.tables.faults.add("sheet.macros")
        if types & _EMBEDDED_TYPES:
            self.tables.faults.add("sheet.embedded")
        self.tables.has_signature |= bool(types & _SIGNATURE_TYPES)

    def _relations(self, part: str) -> dict[str, _Relation]:
        """The relationships of a part, or of the package itself."""
        folder, name = posixpath.split(part)
        where = posixpath.join(folder, "_rels", f"{name}.rels")
        return self._walk(where, _Relations(folder or "/")).found

    def _walk_related(self, relations: dict[str, _Relation], kind: str, walker: W) -> W:
        targets = [one.target for one in relations.values() if one.type == kind]
        if len(targets) > 1:
            raise Unfit("sheet.ambiguous")
        return self._walk(targets[0], walker) if targets else walker

    def _walk(self, part: str, walker: W) -> W:
        walk(self.package.read(part.removeprefix("/")), walker, _PREFIXES, self.elements)
        return walker
