"""An .xlsx is read as a person sees it, or refused with the reason."""

import pytest

from bot.inbox import tables
from bot.inbox.workbook_reader import read
from tests.inbox import workbooks as made
from tests.inbox.workbooks import SHEET, XLSX, Parts, lines, many, with_parts, xlsx_of


def cells(*written: str) -> tuple[str, ...]:
    """What is read of one row of cells."""
    (line,) = lines(xlsx_of(f'<row r="1">{"".join(written)}</row>'))
    return line


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
