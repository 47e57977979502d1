"""Rules for single fields: one for each flaw that a column can have.

The same flaw means the same in a row and for the receiver, so these rules are
made from one table of words; what differs is whose field it is.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from bot.dossier.case import RowCase
from bot.dossier.fields import Flaw, Reading
from bot.dossier.form import Field, Form, Kind
from bot.dossier.rows import Row
from bot.dossier.rules import HOLD, RETURN, Consequence, Finding, Rule

T = TypeVar("T")
R = TypeVar("R", bound=Row)


class Saying(NamedTuple):
    text: str
    remedy: str
    consequence: Consequence = RETURN


RETYPE = "Nếu trông đã đúng, đề nghị xóa ô này và gõ lại, vì có thể có ký tự ẩn."

EVERYWHERE = {
    Flaw.EMPTY: Saying("Chưa điền thông tin.", "Đề nghị điền đầy đủ."),
    Flaw.OVERLONG: Saying("Nội dung quá dài (trên 400 ký tự).", "Đề nghị ghi ngắn gọn."),
}

STRANGE = Saying("Ô này có ký tự lạ hoặc ký tự ẩn.", "Đề nghị xóa và gõ lại.")

SAYINGS: dict[Kind, dict[Flaw, Saying]] = {
    Kind.TEXT: {**EVERYWHERE, Flaw.INVALID: STRANGE},
    Kind.NAME: {
        **EVERYWHERE,
        Flaw.HONORIFIC: Saying(
            "Họ và tên có kèm từ xưng hô.", "Đề nghị chỉ ghi họ và tên như trong căn cước."
        ),
        Flaw.MAYBE_HONORIFIC: Saying(
            "Họ và tên bắt đầu bằng từ có thể là họ, tên hoặc từ xưng hô («Ông», «Anh»).",
            "Cán bộ tiếp nhận sẽ kiểm tra; cơ quan, tổ chức chưa phải làm gì.",
            HOLD,
        ),
        Flaw.INVALID: Saying(
            "Họ và tên có ký tự không phải là chữ cái, ký tự lạ hoặc ký tự ẩn.",
            "Đề nghị xóa và gõ lại đúng họ và tên như trong căn cước.",
        ),
        Flaw.TOO_LONG: Saying(
            "Họ và tên dài quá 64 ký tự, vượt giới hạn của {certificate}.",
            "Cán bộ tiếp nhận sẽ xem xét; cơ quan, tổ chức chưa phải làm gì.",
            HOLD,
        ),
    },
    Kind.DATE: {
        **EVERYWHERE,
        Flaw.INVALID: Saying(
            "Không phải là ngày hợp lệ.",
            f"Đề nghị ghi theo dạng ngày/tháng/năm, ví dụ 05/09/1985. {RETYPE}",
        ),
    },
    Kind.PERSONAL_NUMBER: {
        **EVERYWHERE,
        Flaw.LOST_ZERO: Saying(
            "Số định danh cá nhân thiếu chữ số; có thể phần mềm bảng tính đã bỏ số 0 ở đầu.",
            "Đề nghị đối chiếu với căn cước và ghi đủ 12 chữ số.",
        ),
        Flaw.LAPSED: Saying(
            "Đây là số chứng minh nhân dân 9 chữ số, không còn giá trị sử dụng.",
            "Đề nghị ghi số định danh cá nhân gồm 12 chữ số trên căn cước.",
        ),
        Flaw.INVALID: Saying(
            "Số định danh cá nhân không đúng cấu trúc 12 chữ số.",
            f"Đề nghị đối chiếu với căn cước và ghi lại. {RETYPE}",
        ),
    },
    Kind.MOBILE: {
        **EVERYWHERE,
        Flaw.SEVERAL: Saying(
            "Ô có nhiều hơn một số điện thoại.", "Đề nghị chỉ ghi một số điện thoại di động."
        ),
        Flaw.SPREADSHEET: Saying(
            "Số điện thoại đã bị phần mềm bảng tính đổi thành dạng số thập phân.",
            "Đề nghị định dạng ô là văn bản và ghi lại số điện thoại.",
        ),
        Flaw.LOST_ZERO: Saying(
            "Số điện thoại thiếu số 0 ở đầu.", "Đề nghị kiểm tra và ghi đủ 10 chữ số."
        ),
        Flaw.INVALID: Saying(
            "Không phải là số điện thoại di động hợp lệ.",
            f"Đề nghị ghi 10 chữ số bắt đầu bằng 03, 05, 07, 08 hoặc 09. {RETYPE}",
        ),
    },
    Kind.MAILBOX: {
        **EVERYWHERE,
        Flaw.SEVERAL: Saying(
            "Ô có nhiều hơn một địa chỉ thư điện tử.", "Đề nghị chỉ ghi một địa chỉ."
        ),
        Flaw.SPACE: Saying(
            "Địa chỉ thư điện tử có khoảng trắng.", "Đề nghị bỏ khoảng trắng và kiểm tra lại."
        ),
        Flaw.DOUBLE_AT: Saying(
            "Địa chỉ thư điện tử có hai dấu @ liền nhau.", "Đề nghị chỉ ghi một dấu @."
        ),
        Flaw.COMMA: Saying(
            "Địa chỉ thư điện tử có dấu phẩy.", "Đề nghị thay dấu phẩy bằng dấu chấm nếu đúng."
        ),
        Flaw.INVALID: Saying(
            "Không phải là địa chỉ thư điện tử hợp lệ.",
            f"Đề nghị ghi đúng địa chỉ, không dấu, dạng tên@tênmiền.gov.vn. {RETYPE}",
        ),
    },
    Kind.SERIAL: {
        **EVERYWHERE,
        Flaw.INVALID: Saying(
            "Không phải là số hiệu {certificate}: số hiệu chỉ gồm chữ số 0-9 và chữ cái A-F, "
            "nhiều nhất 40 ký tự.",
            f"Đề nghị ghi lại số hiệu trong thông báo kết quả hoặc trong chứng thư. {RETYPE}",
        ),
    },
}

SOURCE = {
    Kind.TEXT: "Form",
    Kind.NAME: "Form; X.520, ub-common-name",
    Kind.DATE: "Form",
    Kind.PERSONAL_NUMBER: "Form; structure of the personal identification number",
    Kind.MOBILE: "Form; national numbering plan",
    Kind.MAILBOX: "Form; RFC 5321 4.1.2",
    Kind.SERIAL: "Form; RFC 5280 4.1.2.2",
}


def field_rules(
    prefix: str, columns: Mapping[str, Field], read: Callable[[T, str], Reading[object] | None]
) -> Iterator[Rule[T]]:
    """A rule for every flaw of every column that can have one.

    `read` gives a subject's field, if it has one.
    """
    for name, column in columns.items():
        for flaw, saying in SAYINGS.get(column.kind, {}).items():
            yield Rule(
                f"{prefix}.{name}.{flaw}",
                SOURCE[column.kind],
                saying.consequence,
                saying.text,
                saying.remedy,
                _flawed(name, column.label, flaw, read),
            )


def of_row(subject: RowCase[Any], name: str) -> Reading[object] | None:
    """What a row has in that column."""
    reading: Reading[object] = getattr(subject.row, name)
    return reading


def in_column(
    form: Form,
    column: str,
    broken: Callable[[RowCase[R]], object],
    detail: Callable[[RowCase[R]], str] = lambda _: "",
) -> Callable[[RowCase[R]], list[Finding]]:
    """A finder that shows a row's `column` as typed."""
    label = form.columns[column].label

    def find(subject: RowCase[R]) -> list[Finding]:
        if not broken(subject):
            return []
        value = getattr(subject.row, column)
        typed = value.typed if isinstance(value, Reading) else ""
        return [Finding(label, typed, detail=detail(subject))]

    return find


def _flawed(
    name: str, label: str, flaw: Flaw, read: Callable[[T, str], Reading[object] | None]
) -> Callable[[T], list[Finding]]:
    def find(subject: T) -> list[Finding]:
        reading = read(subject, name)
        if reading is None or reading.flaw is not flaw:
            return []
        return [Finding(label, reading.typed, reading.suggestion)]

    return find
