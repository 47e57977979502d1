"""Rules for the file itself: can it be read, is it a form of ours, does it say one thing only?"""

from bot.dossier.case import Case
from bot.dossier.catalogue import FORMS
from bot.dossier.form import FORM
from bot.dossier.rules import HOLD, RETURN, WAIT, Consequence, Finding, Rule, when

NUMBERS = ", ".join(f"Mẫu số {form.number}" for form in FORMS.values())

FILE_FAULTS = {
    "pdf.encrypted": (
        "Tệp PDF có đặt mật khẩu hoặc bị mã hóa.",
        "Đề nghị gửi tệp không đặt mật khẩu.",
    ),
    "pdf.xfa": (
        "Tệp PDF dùng biểu mẫu XFA, không được hỗ trợ.",
        "Đề nghị dùng biểu mẫu của cơ quan tiếp nhận.",
    ),
    "pdf.active": (
        "Tệp PDF có mã lệnh hoặc nội dung tự động thực hiện.",
        "Đề nghị điền và ký trên biểu mẫu của cơ quan tiếp nhận.",
    ),
    "pdf.changed": (
        "Tệp PDF đã bị thay đổi sau khi ký số.",
        "Đề nghị ký số lại trên văn bản gốc và gửi lại.",
    ),
    "pdf.uncovered": (
        "Tệp PDF có nội dung không được chữ ký số nào bảo vệ.",
        "Đề nghị không lưu hoặc sửa tệp sau khi ký số; ký số lại và gửi lại.",
    ),
    "pdf.too_complex": (
        "Tệp PDF quá lớn hoặc có cấu trúc quá phức tạp nên không đọc được.",
        "Đề nghị điền và ký trên biểu mẫu của cơ quan tiếp nhận.",
    ),
    "pdf.unreadable": (
        "Không đọc được tệp PDF.",
        "Đề nghị kiểm tra tệp, ký số lại và gửi lại.",
    ),
}

DOUBTFUL_FILES = {
    "pdf.hidden_text": "Tệp PDF có chữ mà người đọc không nhìn thấy được.",
    "pdf.annotated": "Trên trang của tệp PDF có ghi chú, hình hoặc dấu chèn thêm không thuộc "
    "nội dung văn bản.",
    "pdf.text_unread": "Hệ thống không đọc được lớp chữ của tệp PDF.",
}


def _file_rule(code: str, consequence: Consequence, text: str, remedy: str) -> Rule[Case]:
    return Rule(
        code, "ISO 32000-2", consequence, text, remedy, when(lambda case: code in case.file_faults)
    )


def _is_other_form(case: Case) -> bool:
    return (
        case.application is None
        and case.has_content
        and not case.file_faults
        and FORM not in case.divergent
        and any(signed.signature.passed for signed in case.signatures)
    )


def _divergent(case: Case) -> list[Finding]:
    """One finding a field of ours, and one for all others: their names are not even repeated."""
    form = FORMS.get(case.procedure)
    labels = dict.fromkeys(form.label_of(name) if form else None for name in case.divergent)
    return [Finding(label, detail="ô này" if label else "ngoài biểu mẫu") for label in labels]


FILE_RULES: tuple[Rule[Case], ...] = (
    *(_file_rule(code, RETURN, *said) for code, said in FILE_FAULTS.items()),
    *(_file_rule(code, HOLD, text, WAIT) for code, text in DOUBTFUL_FILES.items()),
    Rule(
        "pdf.unopened",
        "EN 319 102-1, TRY_LATER",
        HOLD,
        "Hệ thống chưa mở được tệp PDF để kiểm tra chữ ký số.",
        WAIT,
        when(lambda case: set(case.file_faults) - {*FILE_FAULTS, *DOUBTFUL_FILES}),
    ),
    Rule(
        "form.unknown",
        "Forms 01, 04, 05",
        RETURN,
        f"Văn bản không phải là biểu mẫu phiên bản hiện hành ({NUMBERS}).",
        "Đề nghị lấy biểu mẫu mới nhất của cơ quan tiếp nhận, điền, ký số và gửi lại.",
        when(_is_other_form),
    ),
    Rule(
        "form.divergent",
        "ISO 32000-2, incremental updates",
        RETURN,
        "Nội dung {detail} khác nhau giữa các lần ký số.",
        "Đề nghị không sửa biểu mẫu sau chữ ký số thứ nhất; điền lại, ký số lại và gửi lại.",
        _divergent,
    ),
)
