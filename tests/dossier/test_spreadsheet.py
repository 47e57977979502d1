"""Which sheet, which lines, which doubts: one change a test."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dossier.cells import identity_of, issue_of, ticked
from bot.dossier.columns import find_headings, heading_key, is_numbering
from bot.dossier.decision import Outcome, decide
from bot.dossier.form import Procedure
from bot.dossier.rows import IssueRow
from bot.dossier.sheet_rules import FILE_DOUBTS, LIST_DOUBTS, ROW_DOUBTS
from bot.dossier.spreadsheet import ROWS_LIMIT, SheetReading, read_list
from bot.inbox.workbook import Workbook
from tests.dossier.builders import a_person, a_revocation
from tests.dossier.sheets import a_sheet, a_workbook, case_of, findings

HEADING = (
    *("STT", "Họ và tên", "Ngày sinh", "CCCD", "Ngày cấp", "Nơi cấp", "Email"),
    *("Đơn vị", "Tỉnh", "Chức vụ", "Số điện thoại"),
)
COLUMNS = (
    *("full_name", "birth_date", "personal_number", "issued_on", "issued_by", "mailbox"),
    *("workplace", "province", "title", "mobile"),
)


def a_line(position: int = 1, **changes: str) -> list[str]:
    person = a_person(position, **changes)
    return [str(position), *(person[name] for name in COLUMNS)]


def a_list(*lines: list[str], heading: tuple[str, ...] = HEADING, **changes: Any) -> Workbook:
    return a_workbook(a_sheet(heading, *(lines or (a_line(),)), **changes))


def read(*books: Workbook, procedure: Procedure = Procedure.ISSUE) -> SheetReading:
    return read_list(books, procedure)


def codes(*books: Workbook) -> list[str]:
    return [doubt.code for doubt in read(*books).doubts]


def hide(book: Workbook, **what: object) -> Workbook:
    (page,) = book.sheets
    return book.model_copy(update={"sheets": (page.model_copy(update=what),)})


def hide_line(book: Workbook, at: int) -> Workbook:
    lines = list(book.sheets[0].lines)
    lines[at] = lines[at].model_copy(update={"hidden": True})
    return hide(book, lines=tuple(lines))


def test_a_list_is_read_in_any_order() -> None:
    turned = a_workbook(
        a_sheet(["Công văn 05"], [], HEADING[::-1], a_line(1)[::-1], [], a_line(2)[::-1])
    )
    reading = read(turned)
    assert reading.doubts == ()
    assert reading.rows == read(a_list(a_line(1), a_line(2))).rows
    assert [row.position for row in reading.rows] == [1, 2]
    assert (reading.lines, reading.line_of(2), reading.line_of(3)) == ((4, 6), 6, None)
    assert (reading.sheet, reading.workbook) == ("Danh sách", "danh sách.xlsx")
    (first, _) = reading.rows
    assert isinstance(first, IssueRow)
    assert (first.full_name.value, first.mobile.value) == ("Trần Đức Bình", "+84912000001")
    assert decide(case_of(reading)).outcome is Outcome.ACCEPT


def test_a_workplace_is_the_last_of_the_path() -> None:
    heading = (*HEADING[:7], "Tổ chức cấp 1", "Tổ chức cấp 2", "Tổ chức cấp 3", *HEADING[8:])
    line = a_line()
    path = [*line[:7], "Sở Giáo dục và Đào tạo", "Tổ Toán", "", *line[8:]]
    (row,) = read(a_list(path, heading=heading)).rows
    assert row.workplace.value == "Tổ Toán"


def test_one_file_that_comes_twice_is_one_list() -> None:
    assert len(read(a_list(), a_list()).rows) == 1


# What leaves each doubt, and nothing else.
DOUBTS: dict[str, tuple[Workbook, ...]] = {
    **{
        code: (a_workbook(faults=(f"sheet.{code}",), formulas=("Danh sách!C5",)),)
        for code in FILE_DOUBTS
        if code != "signature_inside"
    },
    "signature_inside": (a_list().model_copy(update={"has_signature": True}),),
    "absent": (),
    "no_list": (a_workbook(a_sheet(["Kính gửi"])),),
    "several_lists": (
        a_workbook(a_sheet(HEADING, a_line()), a_sheet(HEADING, a_line(2), name="Khác")),
    ),
    "other_procedure": (a_list(heading=(*HEADING[:2], "Lý do thu hồi", "Serial", *HEADING[4:])),),
    "no_rows": (a_list([]),),
    "column_missing": (a_list(heading=(*HEADING[:6], "", *HEADING[7:])),),
    "column_twice": (a_list([*a_line(), "0912"], heading=(*HEADING, "Di động")),),
    "column_unknown": (a_list([*a_line(), "Kinh"], heading=(*HEADING, "Dân tộc")),),
    "hidden_column": (hide(a_list(), hidden_columns=(3,)),),
    "hidden_other": (hide(a_list([*a_line(), "Kinh"]), hidden_columns=(11,)),),
    "hidden_row": (hide_line(a_list(a_line(1), a_line(2)), 2),),
    "hidden_list": (
        a_workbook(a_sheet(HEADING, a_line()), a_sheet(HEADING, a_line(2), hidden=True)),
    ),
    "hidden_sheet": (a_workbook(a_sheet(HEADING, a_line()), a_sheet(["RSSP"], hidden=True)),),
    "stray_row": (a_list(a_line(1), ["", "Trần Đức Bình"]),),
    "people_elsewhere": (
        a_workbook(a_sheet(HEADING, a_line()), a_sheet(["Bà", "a@b.gov.vn"], name="Khác")),
    ),
    "lines_unread": (a_list(["Tổ Toán"], a_line(1)),),
    "number_gap": (a_list(a_line(1), a_line(3)),),
    "number_twice": (a_list(a_line(1), ["1", *a_line(2)[1:]]),),
    "too_many_rows": (a_list(*map(a_line, range(1, ROWS_LIMIT + 2))),),
    "device_empty": (a_list([*a_line(), ""], heading=(*HEADING, "Loại thiết bị")),),
    "device_other": (a_list([*a_line(), "SIM"], heading=(*HEADING, "Loại thiết bị")),),
    "tick_unclear": (a_list([*a_line(), "sau"], heading=(*HEADING, "SIM PKI")),),
}


def test_every_doubt_has_a_rule_and_is_tried() -> None:
    assert set(DOUBTS) == {*FILE_DOUBTS, *LIST_DOUBTS, *ROW_DOUBTS}


@pytest.mark.parametrize("code", DOUBTS)
def test_each_doubt_is_told_by_its_own_rule_and_no_other(code: str) -> None:
    reading = read(*DOUBTS[code])
    assert [doubt.code for doubt in reading.doubts] == [code]
    decision = decide(case_of(reading))
    told = [*decision.faults, *(fault for row in decision.rows for fault in row.faults)]
    assert [fault.code for fault in told] == [f"sheet.{code}"]
    position = 1 if code in ROW_DOUBTS else None
    assert told[0].position == position
    assert "{" not in told[0].text + told[0].remedy


def test_of_a_revocation_no_doubt_sends_it_back() -> None:
    for books in DOUBTS.values():
        reading = replace(read(*books), procedure=Procedure.REVOKE, rows=())
        assert decide(case_of(reading)).outcome is not Outcome.RETURN


def test_what_is_hidden_is_not_read() -> None:
    (book,) = DOUBTS["hidden_row"]
    assert [row.position for row in read(book).rows] == [1]


def test_people_below_the_sum_are_read_and_doubted() -> None:
    reading = read(a_list(a_line(1), ["Tổng cộng: 1 người"], a_line(2)))
    assert [doubt.code for doubt in reading.doubts] == ["stray_row", "lines_unread"]
    assert len(reading.rows) == 2


@pytest.mark.parametrize(
    "line", [["Người lập biểu"], ["", "", "", "", "", "", "", "", "HIỆU TRƯỞNG"], ["Cộng: 1"]]
)
def test_signatures_and_sums_are_no_people(line: list[str]) -> None:
    reading = read(a_list(a_line(), line, ["", "Nguyễn Thị Nhiếp"]))
    assert [doubt.code for doubt in reading.doubts] == ["lines_unread"]
    assert (reading.doubts[0].detail, len(reading.rows)) == ("3, 4", 1)


def test_a_repeated_heading_is_passed_over() -> None:
    assert codes(a_list(a_line(1), list(HEADING), a_line(2))) == []


def test_a_number_alone_is_no_row() -> None:
    assert codes(a_list(a_line(1), ["2"], ["3"])) == []


def test_a_missing_column_is_told_once_and_nothing_is_accepted() -> None:
    reading = read(*DOUBTS["column_missing"])
    assert decide(case_of(reading)).outcome is Outcome.RETURN


def test_a_missing_serial_number_of_a_revocation_is_looked_for_by_an_officer() -> None:
    row = a_revocation()
    names = ("full_name", "mailbox", "reason")
    heading = ["Tên chứng thư", "Email", "Lý do thu hồi"]
    book = a_workbook(a_sheet(heading, [row[name] for name in names]))
    told = findings(book, Procedure.REVOKE)
    assert "row.serial.empty | 2 | Số hiệu chứng thư" in told
    assert decide(case_of(read(book, procedure=Procedure.REVOKE))).outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("HỌ VÀ\nTÊN (*)", "ho va ten"),
        ("Ngày sinh* (dd/MM/YYYY)", "ngay sinh"),
        ("Số hiệu chứng thư chữ ký số chuyên dùng công vụ", "so hieu chung thu"),
        ("Tỉnh / Thành  phố", "tinh thanh pho"),
    ],
)
def test_headings_are_compared_by_their_letters(heading: str, key: str) -> None:
    assert heading_key(heading) == key


def test_a_line_of_data_is_no_heading() -> None:
    assert find_headings([a_line()]) is None
    assert find_headings([HEADING, a_line()]) == find_headings([HEADING])


def test_a_line_may_number_the_columns() -> None:
    assert is_numbering(["(1)", "(2)", "", "(3)"])
    assert is_numbering(["A", "B", "1", "2"])
    assert not is_numbering(["1", "Nguyễn Thị Hoà"])


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("001185000001, 10/05/2021, Bộ Công an", ("001185000001", "10/05/2021", "Bộ Công an")),
        ("001185000001\n10/05/2021\nCục A, B", ("001185000001", "10/05/2021", "Cục A, B")),
        ("Số 001185000001 cấp ngày 1/5/2021 tại A", ("001185000001", "1/5/2021", "A")),
        ("001185000001/10/05/2021/Bộ Công an", ("001185000001", "10/05/2021", "Bộ Công an")),
        ("001185000001", ("001185000001", "", "")),
        ("1 10/05/2021 2 11/05/2021", ("1 10/05/2021 2 11/05/2021", "", "")),
    ],
)  # fmt: skip
def test_a_cell_of_three_values_is_taken_apart(cell: str, parts: tuple[str, ...]) -> None:
    assert tuple(identity_of(cell).values()) == parts


def test_a_cell_of_two_values_is_taken_apart() -> None:
    assert issue_of("10/05/2021, Bộ Công an") == {
        "issued_on": "10/05/2021",
        "issued_by": "Bộ Công an",
    }
    assert issue_of("Bộ Công an 10/05/2021")["issued_on"] == "Bộ Công an 10/05/2021"


def test_ticks() -> None:
    assert [ticked(mark) for mark in ("X", " x ", "Có", "✓", "TRUE")] == [True] * 5
    assert [ticked(mark) for mark in ("", "Không", "0", "-")] == [False] * 4
    assert ticked("36 tháng") is None


def test_two_thousand_rows_are_judged_in_time() -> None:
    """Where everybody shares with everybody, too."""
    lines = [
        a_line(position, mailbox="a@hanoiedu.edu.vn", mobile="0912000001")
        for position in range(1, ROWS_LIMIT + 1)
    ]
    decision = decide(case_of(read(a_list(*lines))))
    assert len(decision.rows) == ROWS_LIMIT


def test_what_cannot_be_read_may_have_had_the_list() -> None:
    unreadable = a_workbook(faults=("sheet.encrypted",))
    other = a_workbook(a_sheet(["Phụ lục"]), name="khác.xlsx")
    assert codes(unreadable, other) == ["encrypted"]
    assert codes(a_list(), unreadable.model_copy(update={"sha256": "b"})) == ["encrypted"]


@given(st.lists(st.lists(st.text(max_size=20), max_size=12), max_size=6), st.integers(0, 3))
def test_nobody_is_lost_among_other_lines(others: list[list[str]], at: int) -> None:
    people = [a_line(position) for position in (1, 2, 3)]
    reading = read(a_list(*people[:at], *others, *people[at:]))
    numbers = {row.personal_number.typed for row in reading.rows}
    assert {line[3] for line in people} <= numbers


def test_a_blank_list_beside_a_filled_one_is_none() -> None:
    book = a_workbook(a_sheet(HEADING, name="Mẫu"), a_sheet(HEADING, a_line()))
    assert (codes(book), read(book).sheet) == ([], "Danh sách")


def test_columns_of_other_lists_are_told() -> None:
    book = a_list([*a_line(), "Mới về"], heading=(*HEADING, "Lý do"))
    assert [(one.code, one.column) for one in read(book).doubts] == [("column_unknown", "Lý do")]


def test_a_revocation_may_tell_the_birth_date() -> None:
    heading = ["Tên chứng thư", "Ngày sinh", "Số hiệu chứng thư", "Lý do thu hồi"]
    book = a_workbook(a_sheet(heading, ["Trần Đức Bình", "05/09/1985", "3A9101", "Nghỉ việc"]))
    reading = read(book, procedure=Procedure.REVOKE)
    assert [(one.code, one.column) for one in reading.doubts] == [("column_unknown", "Ngày sinh")]
    assert len(reading.rows) == 1
