"""The sheet to fill in, for lists that are too long for a form's ten rows."""

from collections.abc import Mapping, Sequence

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from bot.dossier.catalogue import FORMS
from bot.dossier.form import Field, Form, Kind, Procedure
from bot.dossier.spreadsheet import ROWS_LIMIT
from bot.outbox.office import TEXT, filled, put, saved, set_widths

LIST, GUIDE = "Danh sách", "Hướng dẫn"
NUMBER = "STT"
LEFT_OUT = {"sim_pki"}  # whoever ticks it wants another service
HEADING_COLOR = "D9E2F3"

HINTS: Mapping[Kind, str] = {
    Kind.NAME: "Họ và tên như trong căn cước, không kèm «Ông», «Bà», chức vụ.",
    Kind.DATE: "Ngày/tháng/năm, ví dụ 05/09/1985.",
    Kind.PERSONAL_NUMBER: "Đủ 12 chữ số, kể cả số 0 ở đầu.",
    Kind.MOBILE: "Một số di động 10 chữ số, đăng ký chính chủ, kể cả số 0 ở đầu.",
    Kind.MAILBOX: "Một hộp thư điện tử công vụ của riêng người này, không dấu.",
    Kind.SERIAL: "Số hiệu trong thông báo kết quả hoặc trong chứng thư (chữ số 0-9, chữ A-F).",
    Kind.OPTIONAL: "Để trống nếu không có.",
    Kind.TICK: "Ghi x để đánh dấu; để trống nếu không.",
    Kind.TEXT: "Ghi đầy đủ, không viết tắt.",
}
NOTES = """\
Mỗi người một dòng, từ dòng 2 của trang «Danh sách»; không gộp ô, không ẩn dòng hoặc cột, \
không dùng công thức, không đặt mật khẩu.
Một văn bản có tối đa {limit} người. Không đổi tên các cột; thứ tự các cột tùy ý.
Số người ghi trong văn bản phải bằng số dòng của danh sách.
Danh sách chỉ có giá trị khi được ký số cùng văn bản: đính kèm vào tệp PDF trước khi ký số, \
hoặc đính kèm vào thư có chữ ký số S/MIME của cơ quan, tổ chức cùng với văn bản.
"""
_WIDTHS = {Kind.NAME: 28, Kind.MAILBOX: 34, Kind.TEXT: 26, Kind.SERIAL: 28, Kind.TICK: 12}


def blank_sheet(procedure: Procedure, rows: Sequence[Mapping[str, str]] = ()) -> bytes:
    """An .xlsx with the headings of that procedure's list, a check on some cells, and a guide.

    Args:
        rows: what is filled in already, by columns of the form.
    """
    form = FORMS[procedure]
    columns = [field for name, field in form.columns.items() if name not in LEFT_OUT]
    book = Workbook()
    page = book.active
    if not isinstance(page, Worksheet):
        raise TypeError
    page.title = LIST
    put(page, 1, 1, NUMBER, bold=True).fill = filled(HEADING_COLOR)
    for at, field in enumerate(columns, start=2):
        put(page, 1, at, field.label, bold=True).fill = filled(HEADING_COLOR)
        letter = get_column_letter(at)
        page.column_dimensions[letter].number_format = TEXT
        page.add_data_validation(_check(field, f"{letter}2:{letter}{ROWS_LIMIT + 1}"))
    for line, row in enumerate(rows, start=2):
        put(page, line, 1, str(line - 1))
        for at, field in enumerate(columns, start=2):
            put(page, line, at, row.get(field.name, ""))
    page.freeze_panes = "C2"
    set_widths(page, [6, *(_WIDTHS.get(field.kind, 18) for field in columns)])
    _put_guide(book.create_sheet(GUIDE), form, columns)
    return saved(book)


def _check(field: Field, cells: str) -> DataValidation:
    """A word about the column where it is filled in; what is surely wrong is not taken."""
    match field.kind:
        case Kind.PERSONAL_NUMBER:
            check = DataValidation("textLength", operator="equal", formula1="12")
        case Kind.TICK:
            check = DataValidation("list", formula1='"x"')
        case _:
            check = DataValidation()
    check.allow_blank = True
    check.showInputMessage = check.showErrorMessage = True
    check.promptTitle, check.prompt = field.label[:32], HINTS[field.kind]
    check.errorTitle, check.error = "Chưa đúng", HINTS[field.kind]
    check.add(cells)
    return check


def _put_guide(page: Worksheet, form: Form, columns: list[Field]) -> None:
    put(page, 1, 1, f"Danh sách của Mẫu số {form.number}: {form.name}", bold=True)
    hints = (f"{field.label}: {HINTS[field.kind]}" for field in columns)
    lines = (*NOTES.format(limit=f"{ROWS_LIMIT:,}".replace(",", ".")).splitlines(), "", *hints)
    for at, line in enumerate(lines, start=2):
        put(page, at, 1, line)
    set_widths(page, [110])
