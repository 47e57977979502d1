"""Workbooks are read as people see them, or refused with the reason; whatever the bytes."""

import datetime as dt
import io
import struct
import zlib
from collections.abc import AsyncIterator

import openpyxl
import pytest
import pytest_asyncio
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import workbook_reader
from bot.inbox.workbook import Workbook, WorkbookKind
from bot.inbox.workbook_reader import is_workbook, read
from bot.sandbox import Sandbox
from bot.sections import servers
from tests.inbox import workbooks as made
from tests.inbox.workbooks import ODS, SHEET, XLSX, lines, with_parts, xlsx_of

LINES = [("Họ và tên", "Ngày"), ("Nguyễn Thị Ánh", "05/09/1985")]


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


@pytest.mark.parametrize("content", [made.packed(XLSX), made.packed(ODS), made.an_xls()])
def test_another_reader_sees_the_same(content: bytes) -> None:
    """python-calamine, which is not asked outside of tests: hostile bytes can make it abort."""
    ours = read(content, "x")
    theirs = python_calamine.load_workbook(io.BytesIO(content))
    assert [page.name for page in ours.sheets] == theirs.sheet_names
    rows = theirs.get_sheet_by_index(0).to_python()
    assert [line.cells[0] for line in ours.sheets[0].lines] == [row[0] for row in rows]
    assert rows[1][1] == dt.date(1985, 9, 5)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"Ho va ten;Ngay sinh", b"\xd0\xcf\x11\xe0"])
def test_anything_else_is_no_workbook(content: bytes) -> None:
    assert not is_workbook(content)
    assert (read(content, "x").kind, read(content, "x").faults) == (None, ("sheet.unreadable",))


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


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(VALID), st.data())
def test_any_bytes_are_read_or_refused(content: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(content) - 1))
    changed = data.draw(st.binary(min_size=1, max_size=8))
    workbook = read(content[:place] + changed + content[place + len(changed) :], "x")
    assert bool(workbook.sheets) is not bool(workbook.faults)
