"""Sheets that go out: the list with its results, the blank one; text, and the same bytes."""

import io
import zipfile

import openpyxl
import pytest

from bot.dossier.case import Case
from bot.dossier.catalogue import FORMS
from bot.dossier.decision import Decision, decide
from bot.dossier.form import Procedure
from bot.dossier.rows import IssueRow
from bot.dossier.spreadsheet import page_of, read_list
from bot.inbox.workbook import Workbook
from bot.inbox.workbook_reader import read
from bot.outbox import office
from bot.outbox.annotated_sheet import annotated_sheet
from bot.outbox.blank_sheet import blank_sheet
from tests.dossier.builders import A_ROW
from tests.dossier.sheets import a_sheet, a_workbook, case_of
from tests.dossier.test_spreadsheet import HEADING, a_line

LINES: tuple[list[str], ...] = (
    ["DANH SÁCH"],
    [],
    list(HEADING),
    a_line(1),
    a_line(2, mailbox='=HYPERLINK("http://x")', mobile="912345678.0"),
    a_line(3, title="@Hiệu trưởng\x07", province="+Lào Cai"),
    ["Tổng cộng: 3"],
)


def annotated(book: Workbook, **changes: object) -> tuple[bytes, Decision]:
    reading = read_list([book], Procedure.ISSUE)
    page = page_of([book], reading)
    assert page is not None
    case: Case = case_of(reading)
    decision = decide(case)
    return annotated_sheet(page, reading, decision), decision


def results(content: bytes) -> dict[int, str]:
    """The first column of the first sheet, by line."""
    book = read(content, "x")
    assert book.faults == ()
    return {line.number: line.cells[0] for line in book.sheets[0].lines if line.cells[0]}


def test_the_same_sheet_comes_back_with_its_results() -> None:
    content, _ = annotated(a_workbook(a_sheet(*LINES)))
    told = results(content)
    assert told[3] == "Kết quả kiểm tra"
    assert told[4] == "Đạt"
    mailbox, mobile = told[5].splitlines()
    assert mailbox.startswith("Cần sửa. Địa chỉ thư điện tử công vụ «=HYPERLINK")
    assert mobile.endswith("Gợi ý, cần kiểm tra lại: 0912345678")
    assert [one.partition(".")[0] for one in told[6].splitlines()] == [
        "Cần sửa",
        "Lưu ý",
        "Cán bộ kiểm tra",
    ]
    listed, letter = read(content, "x").sheets
    assert [line.number for line in listed.lines] == [1, 3, 4, 5, 6, 7]
    assert listed.lines[3].cells[7] == '=HYPERLINK("http://x")'
    assert letter.lines[1].cells[0] == "Lưu ý"  # of the line below the list
    assert "7" in letter.lines[1].cells[3]


def test_what_came_back_can_be_sent_again() -> None:
    content, _ = annotated(a_workbook(a_sheet(list(HEADING), a_line(1), a_line(2))))
    reading = read_list([read(content, "x")], Procedure.ISSUE)
    assert (len(reading.rows), reading.doubts) == (2, ())


def test_a_returned_letter_says_so_in_rows_that_are_right() -> None:
    heading = [*HEADING[:6], "", *HEADING[7:]]
    content, decision = annotated(a_workbook(a_sheet(heading, a_line(1))))
    assert decision.faults[0].code == "sheet.column_missing"
    assert results(content)[2].startswith("Dòng này không có lỗi; văn bản phải gửi lại")


def test_hidden_lines_are_shown_and_said_to_be_unread() -> None:
    page = a_sheet(list(HEADING), a_line(1), a_line(2))
    hidden = page.lines[2].model_copy(update={"hidden": True})
    book = a_workbook(page.model_copy(update={"lines": (*page.lines[:2], hidden)}))
    content, _ = annotated(book)
    assert results(content)[3] == "Dòng bị ẩn, không được đọc."
    assert results(content)[2].startswith("Dòng này không có lỗi; văn bản đang được xem xét")


def test_every_cell_is_text_and_nothing_tells_the_time() -> None:
    book = a_workbook(a_sheet(*LINES))
    content, _ = annotated(book)
    assert annotated(book)[0] == content
    cells = [
        cell
        for page in openpyxl.load_workbook(io.BytesIO(content))
        for row in page.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.number_format for cell in cells} == {office.TEXT}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {2026}
        assert b"2026-01-01" in archive.read("docProps/core.xml")


def test_an_endless_text_is_cut() -> None:
    content, _ = annotated(a_workbook(a_sheet(list(HEADING), a_line(1), ["x" * 40_000])))
    assert results(content)[1] == "Kết quả kiểm tra"


@pytest.mark.parametrize("procedure", FORMS)
def test_the_blank_sheet_is_filled_in_and_read(procedure: Procedure) -> None:
    content = blank_sheet(procedure)
    assert content == blank_sheet(procedure)
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book["Danh sách"]
    labels = {field.label: name for name, field in FORMS[procedure].columns.items()}
    headings = [cell.value for cell in page[1]]
    assert [heading for heading in headings if heading not in labels] == ["STT"]
    for position in (1, 2):
        typed = A_ROW[procedure](position)
        written = {"STT": str(position)} | {label: typed[name] for label, name in labels.items()}
        for column, heading in enumerate(headings, start=1):
            cell = page.cell(position + 1, column)
            cell.value = {"on": "x"}.get(text := written[str(heading)], text) or None
    book.save(filled := io.BytesIO())
    reading = read_list([read(filled.getvalue(), "x")], procedure)
    assert reading.doubts == ()
    decision = decide(case_of(reading))
    assert [row.faults for row in decision.rows] == [(), ()]
    if procedure is Procedure.ISSUE:
        assert all(isinstance(row, IssueRow) and row.mobile.value for row in reading.rows)


def test_numbers_typed_into_the_blank_sheet_keep_their_zeros() -> None:
    page = openpyxl.load_workbook(io.BytesIO(blank_sheet(Procedure.ISSUE)))["Danh sách"]
    assert {page.column_dimensions[letter].number_format for letter in "BDK"} == {office.TEXT}
    checks = {str(one.sqref): one for one in page.data_validations.dataValidation}
    assert checks["D2:D2001"].formula1 == "12"
    assert "12 chữ số" in (checks["D2:D2001"].prompt or "")


def test_an_empty_blank_sheet_has_nobody() -> None:
    reading = read_list([read(blank_sheet(Procedure.ISSUE), "x")], Procedure.ISSUE)
    assert [doubt.code for doubt in reading.doubts] == ["no_rows"]
