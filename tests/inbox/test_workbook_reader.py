"""Workbooks are read as people see them, or refused with the reason; whatever the bytes."""

import datetime as dt
import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator

import openpyxl
import pytest
import pytest_asyncio
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import tables, workbook_reader
from bot.inbox.workbook import Workbook, WorkbookKind
from bot.inbox.workbook_reader import is_workbook, read
from bot.sandbox import Sandbox
from bot.sections import servers
from tests.inbox import workbooks as made
from tests.inbox.workbooks import ODS, XLSX, Parts, with_parts

SHEET = "xl/worksheets/sheet1.xml"
LINES = [("Họ và tên", "Ngày"), ("Nguyễn Thị Ánh", "05/09/1985")]


def lines(workbook: Workbook) -> list[tuple[str, ...]]:
    assert workbook.faults == ()
    return [line.cells for sheet in workbook.sheets for line in sheet.lines]


def xlsx_of(rows: str, before: str = "", after: str = "") -> Workbook:
    return read(with_parts(XLSX, {SHEET: made.sheet(rows, before, after)}), "danh sách.xlsx")


def cells(*written: str) -> tuple[str, ...]:
    """What is read of one row of cells."""
    (line,) = lines(xlsx_of(f'<row r="1">{"".join(written)}</row>'))
    return line


@pytest.mark.parametrize(
    ("content", "kind", "phone"),
    [
        (made.packed(XLSX), WorkbookKind.XLSX, "912345678"),
        (made.packed(ODS), WorkbookKind.ODS, "0912345678"),
        (made.an_xls(), WorkbookKind.XLS, "912345678"),
        (made.an_xls(made.xls_stream().ljust(5_000, b"\0")), WorkbookKind.XLS, "912345678"),
    ],
)
def test_every_kind_is_read(content: bytes, kind: WorkbookKind, phone: str) -> None:
    workbook = read(content, "danh sách.dat")
    assert is_workbook(content)
    assert (workbook.kind, workbook.name) == (kind, "danh sách.dat")
    assert lines(workbook) == [LINES[0], (*LINES[1], phone)]
    assert [sheet.hidden for sheet in workbook.sheets] == [False]


def test_what_openpyxl_writes_is_read() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Họ và tên", None, "=không"])
    page["C1"].data_type = "s"
    page["B3"] = True
    page["A2"] = "@a"
    page["A2"].hyperlink = "mailto:a@b.gov.vn"
    book.save(saved := io.BytesIO())
    assert lines(read(saved.getvalue(), "x")) == [
        ("Họ và tên", "", "=không"),
        ("@a",),
        ("", "TRUE"),
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A1"><v>1.5E3</v></c>', "1500"),
        ('<c r="A1"><v>0.30000000000000004</v></c>', "0.3"),
        ('<c r="A1"><v>79085012345</v></c>', "79085012345"),
        ('<c r="A1" s="2"><v>912345678</v></c>', "0912345678"),  # 0000000000
        ('<c r="A1" s="1"><v>59</v></c>', "28/02/1900"),
        ('<c r="A1" s="1"><v>61</v></c>', "01/03/1900"),
        ('<c r="A1" s="1"><v>31295.5</v></c>', "05/09/1985"),
        ('<c r="A1" s="4"><v>31295</v></c>', "1985-09-05"),  # mm/dd/yyyy: nobody can tell
        ('<c r="A1" s="4"><v>31305</v></c>', "15/09/1985"),
        ('<c r="A1" s="1"><v>-5</v></c>', "-5"),
        ('<c r="A1" t="b"><v>0</v></c>', "FALSE"),
        ('<c r="A1" t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c r="A1" t="d"><v>1985-09-05</v></c>', "05/09/1985"),
        ('<c r="A1" t="d"><v>1985-09-05T07:30:00</v></c>', "05/09/1985 07:30"),
        ('<c r="A1" t="str"><v> chữ_x000D_ </v></c>', " chữ\r "),
        ('<c r="A1" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>', "ab"),
        ('<c t="str"><v>không địa chỉ</v></c>', "không địa chỉ"),
    ],
)
def test_a_cell_is_text_as_a_person_sees_it(cell: str, text: str) -> None:
    assert cells(cell) == (text,)


def test_days_may_be_counted_from_1904() -> None:
    book = made.workbook(before='<workbookPr date1904="1"/>')
    assert lines(read(with_parts(XLSX, {"xl/workbook.xml": book}), "x"))[1][1] == "06/09/1989"


def test_what_nobody_would_see_is_said() -> None:
    rows = '<row r="1" hidden="1"><c r="B1" t="str"><v>a</v></c></row>'
    columns = '<cols><col min="2" max="16384" hidden="1"/></cols>'
    book = made.workbook('<sheet name="Ẩn" state="veryHidden" r:id="rId1"/>')
    parts = {SHEET: made.sheet(rows, columns), "xl/workbook.xml": book}
    (page,) = read(with_parts(XLSX, parts), "x").sheets
    assert (page.hidden, page.lines[0].hidden, page.hidden_columns) == (True, True, (1,))


def test_nothing_high_or_wide_is_hidden() -> None:
    rows = '<row r="1" ht="0"><c r="A1" t="str"><v>a</v></c></row>'
    (page,) = xlsx_of(rows, '<cols><col min="1" max="1" width="0"/></cols>').sheets
    assert (page.lines[0].hidden, page.hidden_columns) == (True, (0,))


def test_an_ods_tells_what_it_hides() -> None:
    hidden = 'table:visibility="collapse"'
    cell = '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'
    table = (
        f'<table:table table:name="x" table:style-name="ta"><table:table-column {hidden}/>'
        f'<table:table-row-group table:display="false"><table:table-row>{cell}</table:table-row>'
        f'</table:table-row-group><table:table-row table:number-rows-repeated="2">{cell}'
        f"</table:table-row><table:table-row {hidden}>{cell}</table:table-row></table:table>"
    )
    style = '<style:style style:name="ta"><style:table-properties {}/></style:style>'.format(
        'table:display="false"'
    )
    (page,) = read(with_parts(ODS, {"content.xml": made.content(table, styles=style)}), "x").sheets
    assert (page.hidden, page.hidden_columns) == (True, (0,))
    assert [(line.number, line.hidden) for line in page.lines] == [
        (1, True),
        (2, False),
        (3, False),
        (4, True),
    ]


def test_an_xls_tells_what_it_hides() -> None:
    hidden = made.row(1, hidden=True) + made.column_look(1, 255, hidden=True)
    (page,) = read(made.an_xls(made.xls_stream(hidden + made.XLS_CELLS, state=2)), "x").sheets
    assert (page.hidden, page.hidden_columns) == (True, (1, 2))
    assert [line.hidden for line in page.lines] == [False, True]


def test_a_merged_cell_speaks_for_every_row_it_spans() -> None:
    rows = (
        '<row r="1"><c r="A1" t="str"><v>Tổ Toán</v></c><c r="B1"><v>1</v></c></row>'
        '<row r="2"><c r="B2"><v>2</v></c></row><row r="4"><c r="B4"><v>3</v></c></row>'
    )
    merged = '<mergeCells><mergeCell ref="A1:A3"/><mergeCell ref="C1:XFD9"/></mergeCells>'
    assert lines(xlsx_of(rows, after=merged)) == [("Tổ Toán", "1"), ("Tổ Toán", "2"), ("", "3")]
    cell = '<table:table-cell {} office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    first = cell.format('table:number-rows-spanned="2"', "Tổ Toán") + cell.format("", "1")
    second = "<table:covered-table-cell/>" + cell.format("", "2")
    table = "".join(f"<table:table-row>{one}</table:table-row>" for one in (first, second))
    content = made.content(f"<table:table>{table}</table:table>")
    assert lines(read(with_parts(ODS, {"content.xml": content}), "x")) == [
        ("Tổ Toán", "1"),
        ("Tổ Toán", "2"),
    ]
    area = made.record(0xE5, struct.pack("<5H", 1, 0, 1, 2, 2))
    with_area = made.xls_stream(made.number_cell(0, 2, 5) + made.number_cell(1, 0, 6) + area)
    assert lines(read(made.an_xls(with_area), "x")) == [("", "", "5"), ("6", "", "5")]


def test_formulas_are_named() -> None:
    cell = '<c r="{}"><f>1+1</f><v>2</v></c>'
    rows = f'<row r="1">{cell.format("A1")}</row><row r="7">{cell.format("AB7")}</row>'
    workbook = xlsx_of(rows)
    assert workbook.faults == ("sheet.formula",)
    assert workbook.formulas == ("Danh sách!A1", "Danh sách!AB7")
    assert workbook.sheets == ()


def test_a_signature_inside_is_only_told() -> None:
    workbook = read(with_parts(XLSX, {"_xmlsignatures/sig1.xml": "<Signature/>"}), "x")
    assert (workbook.has_signature, workbook.faults) == (True, ())


def many(count: int) -> str:
    return "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, count + 1))


def rels(kind: str, mode: str = "Internal") -> str:
    return made.relations(made.relation("rId9", kind, "file:///x", mode))


TYPES = str(XLSX["[Content_Types].xml"])
LONG = "a" * 30_000
LINK = "externalReference"
TWO_ROWS = '<mergeCell ref="D1:D2"/>'
EVERYTHING = '<mergeCell ref="A1:XFD1048576"/>'
BOOK_RELS = "xl/_rels/workbook.xml.rels"
A1 = '<c r="A1"><v>1</v></c>'

XLSX_FAULTS: dict[str, tuple[str, Parts]] = {
    "macros by name": ("sheet.macros", {"xl/vbaProject.bin": b"x"}),
    "macros by type": (
        "sheet.macros",
        {"[Content_Types].xml": TYPES.replace("openxmlformats", "macroEnabled")},
    ),
    "macro sheet": (
        "sheet.macros",
        {"xl/worksheets/_rels/sheet1.xml.rels": rels("xlMacrosheet")},
    ),
    "external link": ("sheet.external", {"xl/_rels/a.xml.rels": rels("externalLink")}),
    "connection": ("sheet.external", {"xl/_rels/a.xml.rels": rels("connections")}),
    "picture elsewhere": ("sheet.external", {"xl/_rels/a.xml.rels": rels("image", "External")}),
    "dde": (
        "sheet.external",
        {"xl/workbook.xml": made.workbook(before=f"<{LINK}s><{LINK}/></{LINK}s>")},
    ),
    "file inside": ("sheet.embedded", {"xl/embeddings/a.bin": b"x"}),
    "object": (
        "sheet.embedded",
        {SHEET: made.sheet(after="<oleObjects><oleObject/></oleObjects>")},
    ),
    "too many rows": ("sheet.too_large", {SHEET: made.sheet(many(tables.LINES_LIMIT + 1))}),
    "too many columns": (
        "sheet.too_large",
        {SHEET: made.sheet('<row r="1"><c r="BM1"><v>1</v></c></row>')},
    ),
    "too many sheets": (
        "sheet.too_large",
        {"xl/workbook.xml": made.workbook(*['<sheet name="a" r:id="rId1"/>'] * 11)},
    ),
    "a string a thousand times": (
        "sheet.too_large",
        {
            "xl/sharedStrings.xml": f'<sst xmlns="{made.MAIN}"><si><t>{LONG}</t></si></sst>',
            SHEET: made.sheet(
                "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 99))
            ),
        },
    ),
    "entities": (
        "sheet.too_complex",
        {SHEET: '<!DOCTYPE a [<!ENTITY b "c">]>' + made.sheet()},
    ),
    "depth": ("sheet.too_complex", {SHEET: "<a>" * 200 + "</a>" * 200}),
    "endless merging": (
        "sheet.too_complex",
        {SHEET: made.sheet(after=f"<mergeCells>{EVERYTHING * 5_001}</mergeCells>")},
    ),
    "text beneath a merged cell": (
        "sheet.covered",
        {SHEET: made.sheet(after=f"<mergeCells>{EVERYTHING}</mergeCells>")},
    ),
    "a look that shows nothing": (
        "sheet.covered",
        {SHEET: made.sheet('<row r="1"><c r="A1" s="3"><v>1</v></c></row>')},
    ),
    "merged cells that overlap": (
        "sheet.ambiguous",
        {SHEET: made.sheet(after=f"<mergeCells>{TWO_ROWS * 2}</mergeCells>")},
    ),
    "a row twice": ("sheet.ambiguous", {SHEET: made.sheet(f'<row r="1">{A1}</row>' * 2)}),
    "a cell twice": ("sheet.ambiguous", {SHEET: made.sheet(f'<row r="1">{A1}{A1}</row>')}),
    "a value twice": (
        "sheet.ambiguous",
        {SHEET: made.sheet('<row r="1"><c r="A1"><v>1</v><v>2</v></c></row>')},
    ),
    "a cell of another row": ("sheet.ambiguous", {SHEET: made.sheet(f'<row r="2">{A1}</row>')}),
    "alternate contents": (
        "sheet.ambiguous",
        {SHEET: made.sheet(f'<mc:Choice xmlns:mc="mc"><row r="1">{A1}</row></mc:Choice>')},
    ),
    "two workbooks": (
        "sheet.ambiguous",
        {
            "_rels/.rels": made.relations(
                made.relation("a", "officeDocument", "xl/workbook.xml"),
                made.relation("b", "officeDocument", "xl/other.xml"),
            )
        },
    ),
    "two targets": (
        "sheet.ambiguous",
        {BOOK_RELS: made.relations(*[made.relation("rId1", "worksheet", "a")] * 2)},
    ),
    "names in two cases": ("sheet.ambiguous", {"XL/workbook.xml": made.workbook()}),
    "binary": (
        "sheet.unsupported",
        {"_rels/.rels": made.relations(made.relation("a", "officeDocument", "xl/workbook.bin"))},
    ),
    "no sheet": ("sheet.unreadable", {BOOK_RELS: made.relations()}),
    "no xml": ("sheet.unreadable", {SHEET: "chữ"}),
    "no number": (
        "sheet.unreadable",
        {SHEET: made.sheet('<row r="1"><c r="A1"><v>Infinity</v></c></row>')},
    ),
    "an endless number": (
        "sheet.unreadable",
        {SHEET: made.sheet('<row r="1"><c r="A1"><v>1E99999</v></c></row>')},
    ),
    "no such string": (
        "sheet.unreadable",
        {SHEET: made.sheet('<row r="1"><c r="A1" t="s"><v>99</v></c></row>')},
    ),
}


@pytest.mark.parametrize("what", XLSX_FAULTS)
def test_an_xlsx_is_refused_with_the_reason(what: str) -> None:
    fault, parts = XLSX_FAULTS[what]
    workbook = read(with_parts(XLSX, parts), "x")
    assert (workbook.faults, workbook.sheets) == ((fault,), ())


MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
CELL = '<table:table-cell office:value-type="{}" {}><text:p>{}</text:p></table:table-cell>'


def ods_table(cell: str, row: str = "") -> Parts:
    table = f"<table:table><table:table-row {row}>{cell}</table:table-row></table:table>"
    return {"content.xml": made.content(table)}


ODS_FAULTS: dict[str, tuple[str, Parts]] = {
    "macros": ("sheet.macros", {"Basic/Standard/a.xml": "<a/>"}),
    "script": ("sheet.macros", {"content.xml": made.content(before="<office:script/>")}),
    "object": ("sheet.embedded", {"Object 1/content.xml": "<a/>"}),
    "table elsewhere": (
        "sheet.external",
        {"content.xml": made.content(before="<table:table-source/>")},
    ),
    "dde": ("sheet.external", {"content.xml": made.content(before="<table:dde-links/>")}),
    "encrypted": (
        "sheet.encrypted",
        {"META-INF/manifest.xml": f'<m:e xmlns:m="{MANIFEST}"><m:encryption-data/></m:e>'},
    ),
    "formula": (
        "sheet.formula",
        ods_table(CELL.format("float", 'table:formula="1"  office:value="1"', "1")),
    ),
    "covered": (
        "sheet.covered",
        ods_table("<table:covered-table-cell><text:p>a</text:p></table:covered-table-cell>"),
    ),
    "two texts": (
        "sheet.ambiguous",
        ods_table(CELL.format("string", 'office:string-value="b"', "a")),
    ),
    "table in a table": ("sheet.ambiguous", ods_table("<table:table/>")),
    "repeated rows": (
        "sheet.too_large",
        ods_table(CELL.format("string", "", "a"), 'table:number-rows-repeated="9999999"'),
    ),
    "repeated cells": (
        "sheet.too_large",
        ods_table(CELL.format("string", 'table:number-columns-repeated="9999999"', "a")),
    ),
    "no date": ("sheet.unreadable", ods_table(CELL.format("date", 'office:date-value="x"', "a"))),
}


@pytest.mark.parametrize("what", ODS_FAULTS)
def test_an_ods_is_refused_with_the_reason(what: str) -> None:
    fault, parts = ODS_FAULTS[what]
    assert read(with_parts(ODS, parts), "x").faults == (fault,)


@pytest.mark.parametrize(
    ("attributes", "shown", "text"),
    [
        (("float", 'office:value="5"'), "912345678", "5"),  # what is shown is made anew
        (("float", 'office:value="912345678"'), "0912345678", "0912345678"),
        (("date", 'office:date-value="1985-09-05"'), "09/05/1985", "1985-09-05"),
        (("date", 'office:date-value="1985-09-05T00:00:00"'), "tháng 9", "05/09/1985"),
        (("boolean", 'office:boolean-value="true"'), "ĐÚNG", "TRUE"),
    ],
)
def test_an_ods_says_its_values(attributes: tuple[str, str], shown: str, text: str) -> None:
    parts = ods_table(CELL.format(*attributes, shown))
    assert lines(read(with_parts(ODS, parts), "x")) == [(text,)]


XLS_FAULTS = {
    "formula": ("sheet.formula", made.an_xls(made.xls_stream(made.formula_cell(3, 2)))),
    "macros": ("sheet.macros", made.an_xls(storages=["_VBA_PROJECT_CUR"])),
    "macro sheet": ("sheet.macros", made.an_xls(made.xls_stream(kind=1))),
    "object": ("sheet.embedded", made.an_xls(storages=["MBD0001"])),
    "password": (
        "sheet.encrypted",
        made.an_xls(made.xls_stream(extra=made.record(0x2F, bytes(6)))),
    ),
    "encrypted package": ("sheet.encrypted", made.compound({"EncryptedPackage": bytes(5_000)})),
    "external": (
        "sheet.external",
        made.an_xls(made.xls_stream(extra=made.record(0x1AE, struct.pack("<HH", 1, 7)))),
    ),
    "too many rows": (
        "sheet.too_large",
        made.an_xls(
            made.xls_stream(
                b"".join(made.number_cell(n, 0, 1) for n in range(tables.LINES_LIMIT + 1))
            )
        ),
    ),
    "a look that shows nothing": (
        "sheet.covered",
        made.an_xls(made.xls_stream(made.number_cell(0, 0, 1, style=3))),
    ),
    "of 1995": ("sheet.unsupported", made.compound({"Book": made.xls_stream()})),
    "strings that are not there": (
        "sheet.unreadable",
        made.an_xls(made.xls_stream(strings=made.record(0xFC, b"\1\0\0\0" * 2))),
    ),
    "endless strings": (
        "sheet.too_complex",
        made.an_xls(made.xls_stream(strings=made.record(0xFC, b"\xff" * 8))),
    ),
    "too far right": (
        "sheet.too_large",
        made.an_xls(made.xls_stream(made.number_cell(0, 255, 1))),
    ),
    "a cell twice": (
        "sheet.ambiguous",
        made.an_xls(made.xls_stream(made.number_cell(0, 0, 1) * 2)),
    ),
    "two books": (
        "sheet.ambiguous",
        made.compound({"Workbook": made.xls_stream(), "Book": made.xls_stream()}),
    ),
    "no end": ("sheet.unreadable", made.an_xls(made.xls_stream()[:-40])),
    "cut off": ("sheet.unreadable", made.an_xls()[:1_500]),
}


@pytest.mark.parametrize("what", XLS_FAULTS)
def test_an_xls_is_refused_with_the_reason(what: str) -> None:
    fault, content = XLS_FAULTS[what]
    assert read(content, "x").faults == (fault,)


def xls_cells(cells: bytes, extra: bytes = b"", strings: bytes = made.STRINGS) -> tuple[str, ...]:
    (line,) = lines(read(made.an_xls(made.xls_stream(cells, extra, strings=strings)), "x"))
    return line


def test_an_xls_says_its_values() -> None:
    head = struct.pack("<3H", 0, 0, 0)
    text = "Ánh".encode("utf-16-le")
    assert xls_cells(made.record(0x204, head + b"\3\0\1" + text)) == ("Ánh",)
    assert xls_cells(made.record(0xD6, head + b"\3\0\0" + b"Anh" + bytes(6))) == ("Anh",)
    assert xls_cells(made.number_cell(0, 0, 912345678, style=2)) == ("0912345678",)
    assert xls_cells(made.record(0x205, head + b"\1\0")) == ("TRUE",)
    assert xls_cells(made.record(0x205, head + b"\x2a\1")) == ("#N/A",)
    numbers = (made.rk(31295), made.rk(-150, hundredths=True), 0x3FF00000)
    for number, shown in zip(numbers, ("31295", "-1.5", "1"), strict=True):
        assert xls_cells(made.record(0x27E, head + struct.pack("<I", number))) == (shown,)
    row = struct.pack("<HH", 0, 1) + b"".join(struct.pack("<HI", 1, one) for one in numbers[:1] * 2)
    assert xls_cells(made.record(0xBD, row + struct.pack("<H", 2))) == (
        "",
        "05/09/1985",
        "05/09/1985",
    )
    days = made.record(0x22, struct.pack("<H", 1))
    assert xls_cells(made.number_cell(0, 0, 31295, style=1), extra=days) == ("06/09/1989",)


@pytest.mark.parametrize("width", [1, 0])
def test_shared_strings_go_on_in_the_next_record(width: int) -> None:
    """Where a string is cut, the next record says anew how wide its letters are."""
    first = struct.pack("<II", 1, 1) + struct.pack("<HB", 6, 1) + "Trầ".encode("utf-16-le")
    rest = " An".encode("utf-16-le" if width else "latin-1")
    table = made.record(0xFC, first) + made.record(0x3C, bytes([width]) + rest)
    assert xls_cells(made.text_cell(0, 0, 0), strings=table) == ("Trầ An",)


def test_what_shared_strings_look_like_is_left_out() -> None:
    rich = struct.pack("<HBHI", 2, 0x0C, 1, 3) + b"An" + bytes(4) + bytes(3)
    plain = struct.pack("<HB", 2, 0) + b"Ba"
    table = made.record(0xFC, struct.pack("<II", 2, 2) + rich + plain)
    assert xls_cells(made.text_cell(0, 0, 1), strings=table) == ("Ba",)


@pytest.mark.parametrize("content", [made.packed(XLSX), made.packed(ODS), made.an_xls()])
def test_another_reader_sees_the_same(content: bytes) -> None:
    """python-calamine, which is not asked outside of tests: hostile bytes can make it abort."""
    ours = read(content, "x")
    theirs = python_calamine.load_workbook(io.BytesIO(content))
    assert [page.name for page in ours.sheets] == theirs.sheet_names
    rows = theirs.get_sheet_by_index(0).to_python()
    assert [line.cells[0] for line in ours.sheets[0].lines] == [row[0] for row in rows]
    assert rows[1][1] == dt.date(1985, 9, 5)


def test_an_xls_names_its_formulas() -> None:
    assert read(XLS_FAULTS["formula"][1], "x").formulas == ("Sheet!C4",)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"Ho va ten;Ngay sinh", b"\xd0\xcf\x11\xe0"])
def test_anything_else_is_no_workbook(content: bytes) -> None:
    assert not is_workbook(content)
    assert (read(content, "x").kind, read(content, "x").faults) == (None, ("sheet.unreadable",))


def rewritten(data: bytes, where: bytes, offset: int, change: bytes, which: int = 0) -> bytes:
    """`data` with bytes changed behind the mark `where`."""
    place = -1
    for _ in range(which + 1):
        place = data.index(where, place + 1)
    return data[: place + offset] + change + data[place + offset + len(change) :]


def doubled() -> bytes:
    saved = io.BytesIO(made.packed(XLSX))
    with zipfile.ZipFile(saved, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(SHEET, made.sheet(many(1)))
    return saved.getvalue()


ZIP = made.packed(XLSX)
LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (doubled(), "sheet.ambiguous"),
        (b"%PDF" + ZIP, "sheet.unreadable"),  # begins with something else
        (rewritten(ZIP, END, 20, b"\1\0") + b"x", "sheet.ambiguous"),  # a comment
        (rewritten(ZIP, b"xl/styles.xml", 0, b"xl/stylez.xml"), "sheet.ambiguous"),
        (rewritten(ZIP, LOCAL, 8, b"\0\0", which=3), "sheet.ambiguous"),  # another method
        (rewritten(ZIP, LOCAL, 22, b"\1\0\0\0", which=3), "sheet.ambiguous"),  # another size
        (rewritten(ZIP, LOCAL, 0, b"PK\3\5", which=3), "sheet.unreadable"),
    ],
)
def test_a_package_that_reads_in_two_ways_is_refused(content: bytes, fault: str) -> None:
    assert read(content, "x").faults == (fault,)


def test_entries_of_password_archives_are_encrypted() -> None:
    flags = rewritten(ZIP, LOCAL, 6, b"\1\0", which=3)
    assert read(rewritten(flags, CENTRAL, 8, b"\1\0", which=3), "x").faults == ("sheet.encrypted",)


def test_many_small_parts_are_refused() -> None:
    parts = {f"xl/{number}.xml": "" for number in range(1_000)}
    assert read(with_parts(XLSX, parts), "x").faults == ("sheet.too_complex",)


def lying(size: int) -> bytes:
    """A bomb: a part that says it is small, and is not."""
    bomb = made.sheet(f"<!--{' ' * size}-->")
    content = with_parts(XLSX, {SHEET: bomb})
    raw = bomb.encode()
    said = struct.pack("<II", len(raw), zlib.crc32(raw))[:4]
    assert content.count(said) == 2
    return content.replace(said, struct.pack("<I", 1_000))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    made_of = Sandbox(servers.Sandbox(), [workbook_reader.__name__])
    yield made_of
    await made_of.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (made.packed(XLSX), ()),
        (made.packed(ODS), ()),
        (made.an_xls(), ()),
        (lying(30_000_000), ("sheet.too_complex",)),
        (with_parts(XLSX, {SHEET: made.sheet("<row/>" * 1_000_000)}), ("sheet.too_complex",)),
        (
            with_parts(XLSX, {SHEET: made.sheet(f"<row r='{'1' * 9_000_000}'/>")}),
            ("sheet.unreadable",),
        ),
    ],
)
async def test_it_works_where_nothing_opens_and_memory_is_short(
    sandbox: Sandbox, content: bytes, faults: tuple[str, ...]
) -> None:
    workbook = await sandbox.call(read, content, "x", answer=Workbook)
    assert workbook.faults == faults


VALID = (made.packed(XLSX), made.packed(ODS), made.an_xls())
STORED = made.xls_stream()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(VALID), st.data())
def test_any_bytes_are_read_or_refused(content: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(content) - 1))
    changed = data.draw(st.binary(min_size=1, max_size=8))
    workbook = read(content[:place] + changed + content[place + len(changed) :], "x")
    assert bool(workbook.sheets) is not bool(workbook.faults)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(STORED) - 1), st.binary(min_size=1, max_size=4))
def test_any_records_are_read_or_refused(place: int, changed: bytes) -> None:
    stream = STORED[:place] + changed + STORED[place + len(changed) :]
    read(made.an_xls(stream), "x")
