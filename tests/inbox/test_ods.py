"""An .ods is read as a program shows it, or refused with the reason."""

import pytest

from bot.inbox.workbook_reader import read
from tests.inbox import workbooks as made
from tests.inbox.workbooks import ODS, Parts, lines, with_parts

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
