"""Rules for a list that came as a workbook: what each doubt of its reading leads to."""

from collections.abc import Callable

from bot.dossier.case import Case, RowCase
from bot.dossier.field_rules import Saying
from bot.dossier.listings import Doubt
from bot.dossier.rows import Row
from bot.dossier.rules import HOLD, NOTE, WAIT, Finding, Rule
from bot.dossier.spreadsheet import ROWS_LIMIT

SAVE_PLAIN = "Đề nghị lưu danh sách thành tệp .xlsx mới chỉ có chữ và số, ký số và gửi lại."
TEMPLATE = "Đề nghị dùng bảng tính mẫu của cơ quan tiếp nhận, ký số và gửi lại."
ONE_LIST = "Đề nghị gửi một danh sách duy nhất, trên một trang tính; cán bộ tiếp nhận sẽ kiểm tra."

# By the codes of `Workbook.faults`: the file as such.
FILE_DOUBTS = {
    "macros": Saying(
        "Bảng tính có macro (mã lệnh) nên không được tiếp nhận.",
        "Đề nghị lưu thành tệp .xlsx không có macro, ký số và gửi lại.",
    ),
    "formula": Saying(
        "Bảng tính có công thức (ô {detail}): giá trị hiển thị có thể thay đổi sau khi ký số.",
        "Đề nghị sao chép danh sách và dán lại dưới dạng giá trị (Paste Values), ký số và gửi lại.",
    ),
    "external": Saying(
        "Bảng tính có liên kết hoặc kết nối dữ liệu tới tệp, nguồn bên ngoài.", SAVE_PLAIN
    ),
    "embedded": Saying("Bảng tính có tệp hoặc đối tượng khác nhúng bên trong.", SAVE_PLAIN),
    "encrypted": Saying(
        "Bảng tính có đặt mật khẩu hoặc bị mã hóa.",
        "Đề nghị bỏ mật khẩu, ký số và gửi lại.",
    ),
    "covered": Saying(
        "Bảng tính có nội dung không nhìn thấy được (ô gộp che ô khác hoặc định dạng ẩn nội dung).",
        "Đề nghị bỏ gộp ô, bỏ định dạng ẩn, kiểm tra lại nội dung, ký số và gửi lại.",
    ),
    "ambiguous": Saying(
        "Tệp bảng tính có cấu trúc không thống nhất, mỗi phần mềm có thể đọc một khác.", SAVE_PLAIN
    ),
    "too_complex": Saying(
        "Tệp bảng tính quá lớn hoặc quá phức tạp nên không đọc được.", SAVE_PLAIN
    ),
    "too_large": Saying(
        f"Bảng tính vượt giới hạn {ROWS_LIMIT:_} dòng, 64 cột hoặc 10 trang tính.".replace(
            "_", "."
        ),
        "Đề nghị bỏ phần thừa hoặc chia thành nhiều văn bản, ký số và gửi lại.",
    ),
    "unsupported": Saying(
        "Định dạng bảng tính này không được hỗ trợ.",
        "Đề nghị lưu thành tệp .xlsx, .xls hoặc .ods, ký số và gửi lại.",
    ),
    "unreadable": Saying(
        "Không đọc được tệp bảng tính.", "Đề nghị kiểm tra tệp, ký số lại và gửi lại."
    ),
    "signature_inside": Saying(
        "Chữ ký số bên trong tệp bảng tính không được hỗ trợ và không được xem xét.",
        "Không phải làm gì, nếu văn bản đã ký số có kèm bảng tính này.",
        NOTE,
    ),
}

LIST_DOUBTS = {
    "absent": Saying(
        "Văn bản không có danh sách: không có bảng tính nào được ký số cùng văn bản.",
        "Đề nghị đính kèm bảng tính danh sách vào tệp PDF trước khi ký số rồi gửi lại, "
        "hoặc dùng biểu mẫu của cơ quan tiếp nhận.",
    ),
    "no_list": Saying(
        "Không tìm thấy danh sách trong bảng tính: không có dòng tiêu đề với các cột của biểu mẫu.",
        TEMPLATE,
    ),
    "several_lists": Saying("Có nhiều hơn một danh sách (trang tính {detail}).", ONE_LIST, HOLD),
    "other_procedure": Saying(
        "Các cột của danh sách không phải của thủ tục trong văn bản (danh sách: {detail}).",
        TEMPLATE,
    ),
    "no_rows": Saying(
        "Danh sách trong bảng tính chưa có người nào.",
        "Đề nghị điền danh sách, ký số và gửi lại.",
    ),
    "too_many_rows": Saying(
        f"Danh sách có {{detail}} người, vượt giới hạn {ROWS_LIMIT} người của một văn bản.",
        "Đề nghị chia thành nhiều văn bản, ký số và gửi lại.",
    ),
    "column_missing": Saying("Danh sách thiếu cột này.", "Đề nghị bổ sung cột và điền đầy đủ."),
    "column_twice": Saying(
        "Danh sách có nhiều hơn một cột cùng nội dung này.", "Đề nghị chỉ giữ một cột."
    ),
    "column_unknown": Saying(
        "Cột này không thuộc biểu mẫu; nội dung của cột không được xem xét.",
        "Không phải làm gì, nếu thông tin cần thiết đã có ở các cột khác.",
        NOTE,
    ),
    "hidden_column": Saying("Cột này của danh sách đang bị ẩn.", WAIT, HOLD),
    "hidden_other": Saying(
        "Danh sách có cột bị ẩn, không thuộc biểu mẫu; nội dung của cột không được xem xét.",
        "Không phải làm gì.",
        NOTE,
    ),
    "hidden_row": Saying(
        "Danh sách có dòng bị ẩn hoặc bị lọc (dòng {detail} của bảng tính); "
        "các dòng này không được đọc.",
        WAIT,
        HOLD,
    ),
    "hidden_list": Saying(
        "Bảng tính có trang tính bị ẩn chứa một danh sách; trang này không được đọc.", WAIT, HOLD
    ),
    "hidden_sheet": Saying(
        "Bảng tính có trang tính bị ẩn; trang này không được đọc.", "Không phải làm gì.", NOTE
    ),
    "stray_row": Saying(
        "Dòng {detail} của bảng tính có thể là một người, nhưng thiếu thông tin hoặc nằm ngoài "
        "danh sách.",
        WAIT,
        HOLD,
    ),
    "people_elsewhere": Saying(
        "Một trang tính khác có thông tin như của cá nhân nhưng không có dòng tiêu đề của "
        "danh sách; trang này không được đọc.",
        WAIT,
        HOLD,
    ),
    "lines_unread": Saying(
        "Các dòng {detail} của bảng tính không phải là dòng của danh sách và không được đọc.",
        "Không phải làm gì, nếu không có người nào bị bỏ sót.",
        NOTE,
    ),
    "number_gap": Saying(
        "Số thứ tự của danh sách bị ngắt quãng, thiếu số {detail}.",
        "Không phải làm gì, nếu không có người nào bị bỏ sót.",
        NOTE,
    ),
    "number_twice": Saying(
        "Số thứ tự {detail} có ở nhiều dòng của danh sách.",
        "Không phải làm gì, nếu danh sách đã đúng.",
        NOTE,
    ),
}

ROW_DOUBTS = {
    "device_empty": Saying(
        "Cột «Loại thiết bị» để trống, nghĩa là thiết bị TOKEN, không thuộc giải pháp ký số "
        "tập trung.",
        "Đề nghị ghi RSSP để sử dụng giải pháp ký số tập trung.",
    ),
    "device_other": Saying(
        "Loại thiết bị này không thuộc giải pháp ký số tập trung.",
        "Đề nghị ghi RSSP để sử dụng giải pháp ký số tập trung; nếu cần loại thiết bị khác, "
        "đề nghị gửi hồ sơ theo thủ tục tương ứng.",
    ),
    "tick_unclear": Saying(
        "Không rõ ô này có được đánh dấu hay không.",
        "Đề nghị ghi chữ x để đánh dấu, hoặc để trống.",
    ),
}

SOURCES = {
    **dict.fromkeys(FILE_DOUBTS, "House rule: what is signed is what is read"),
    **dict.fromkeys(LIST_DOUBTS, "Form; the portal's sheet"),
    **dict.fromkeys(ROW_DOUBTS, "Form; the portal's sheet"),
    "device_empty": "The portal's sheet: an empty kind of device is TOKEN",
}


def _finding(doubt: Doubt) -> Finding:
    return Finding(doubt.column, doubt.value, detail=doubt.detail)


def _of_letter(code: str) -> Callable[[Case], list[Finding]]:
    def find(case: Case) -> list[Finding]:
        doubts = case.sheet.doubts if case.sheet else ()
        return [_finding(doubt) for doubt in doubts if doubt.code == code]

    return find


def _of_row(code: str) -> Callable[[RowCase[Row]], list[Finding]]:
    def find(subject: RowCase[Row]) -> list[Finding]:
        return [_finding(doubt) for doubt in subject.doubts if doubt.code == code]

    return find


SHEET_RULES: tuple[Rule[Case], ...] = tuple(
    Rule(
        f"sheet.{code}",
        SOURCES[code],
        saying.consequence,
        saying.text,
        saying.remedy,
        _of_letter(code),
    )
    for code, saying in {**FILE_DOUBTS, **LIST_DOUBTS}.items()
)

SHEET_ROW_RULES: tuple[Rule[RowCase[Row]], ...] = tuple(
    Rule(
        f"sheet.{code}",
        SOURCES[code],
        saying.consequence,
        saying.text,
        saying.remedy,
        _of_row(code),
    )
    for code, saying in ROW_DOUBTS.items()
)
