"""The list as it came, with a column that says of each row what was found."""

from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from bot.dossier.columns import RESULT
from bot.dossier.decision import Decision, Outcome, RowDecision
from bot.dossier.rules import Consequence, Fault
from bot.dossier.spreadsheet import SheetReading
from bot.inbox.workbook import Sheet
from bot.outbox.office import filled, put, saved, set_widths

LIST, LETTER = "Danh sách", "Cả văn bản"
HEADINGS = ("Mức độ", "Mục", "Nội dung đã ghi", "Vấn đề", "Cách xử lý")
WEIGHTS = {
    Consequence.RETURN: "Cần sửa",
    Consequence.HOLD: "Cán bộ kiểm tra",
    Consequence.NOTE: "Lưu ý",
}
COLORS = {Outcome.ACCEPT: "E2F0D9", Outcome.RETURN: "F8CBAD"}  # green, red; all else yellow
_WAITING = "FFF2CC"
_WIDEST = 40
_RESULT_WIDTH = 60


def annotated_sheet(page: Sheet, reading: SheetReading, decision: Decision) -> bytes:
    """An .xlsx of `page`, as text: its lines where they were, one column to the right.

    The first column has the result of each row of `reading`; a second sheet has
    what was found about the letter and the list as such.
    """
    book = Workbook()
    listed = book.active
    if not isinstance(listed, Worksheet):
        raise TypeError
    listed.title = LIST
    results = {reading.line_of(row.position): row for row in decision.rows}
    for line in page.lines:
        for column, text in enumerate(line.cells, start=2):
            if text:
                put(listed, line.number, column, text, bold=line.number == reading.heading)
        if row := results.get(line.number):
            _put_result(listed, line.number, row)
        elif line.hidden:
            put(listed, line.number, 1, "Dòng bị ẩn, không được đọc.").fill = filled(_WAITING)
    put(listed, reading.heading, 1, RESULT, bold=True)
    listed.freeze_panes = f"B{reading.heading + 1}"
    set_widths(listed, [_RESULT_WIDTH, *_widths(page)])
    _put_letter(book.create_sheet(LETTER), decision)
    return saved(book)


def _put_result(page: Worksheet, number: int, row: RowDecision) -> None:
    cell = put(page, number, 1, _result(row))
    cell.fill = filled(COLORS.get(row.outcome, _WAITING))


def _result(row: RowDecision) -> str:
    if row.faults:
        return "\n".join(map(_told, row.faults))
    match row.outcome:
        case Outcome.ACCEPT:
            return "Đạt"
        case Outcome.RETURN:
            return f"Dòng này không có lỗi; văn bản phải gửi lại, xem trang «{LETTER}»."
        case _:
            return f"Dòng này không có lỗi; văn bản đang được xem xét, xem trang «{LETTER}»."


def _told(fault: Fault) -> str:
    where = f"{fault.column} «{fault.value}»: " if fault.value else f"{fault.column or ''}: "
    return f"{WEIGHTS[fault.consequence]}. {where.removeprefix(': ')}{fault.text} {fault.remedy}"


def _put_letter(page: Worksheet, decision: Decision) -> None:
    for column, heading in enumerate(HEADINGS, start=1):
        put(page, 1, column, heading, bold=True)
    for number, fault in enumerate(decision.faults, start=2):
        told = (
            WEIGHTS[fault.consequence],
            fault.column or "",
            fault.value,
            fault.text,
            fault.remedy,
        )
        for column, text in enumerate(told, start=1):
            put(page, number, column, text)
    if not decision.faults:
        put(page, 2, 1, "Không có vấn đề chung của cả văn bản.")
    set_widths(page, (16, 24, 32, 60, 60))
    page.freeze_panes = "A2"


def _widths(page: Sheet) -> Sequence[int]:
    width = max((len(line.cells) for line in page.lines), default=0)
    longest = [0] * width
    for line in page.lines:
        for column, text in enumerate(line.cells):
            longest[column] = max(longest[column], *map(len, text.split("\n")))
    return [min(max(one + 2, 6), _WIDEST) for one in longest]
