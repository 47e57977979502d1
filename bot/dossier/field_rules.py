"""Rules for single fields: one for each flaw that a column can have.

The same flaw means the same in a row and for the receiver, so these rules are
made from one table of words; what differs is whose field it is.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from bot.dossier.fields import Flaw, Reading
from bot.dossier.form01 import Field
from bot.dossier.rules import HOLD, RETURN, Consequence, Finding, Rule

T = TypeVar("T")


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

SAYINGS: dict[str, dict[Flaw, Saying]] = {
    "text": {**EVERYWHERE, Flaw.INVALID: STRANGE},
    "name": {
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
    "date": {
        **EVERYWHERE,
        Flaw.INVALID: Saying(
            "Không phải là ngày hợp lệ.",
            f"Đề nghị ghi theo dạng ngày/tháng/năm, ví dụ 05/09/1985. {RETYPE}",
        ),
    },
    "personal_number": {
        **EVERYWHERE,
        Flaw.LOST_ZERO: Saying(
            "Số định danh cá nhân chỉ có 11 chữ số; có thể phần mềm bảng tính đã bỏ số 0 ở đầu.",
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
    "mobile": {
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
    "mailbox": {
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
}

KIND = {
    "full_name": "name",
    "birth_date": "date",
    "issued_on": "date",
    "personal_number": "personal_number",
    "mobile": "mobile",
    "mailbox": "mailbox",
}

SOURCE = {
    "text": "Form 01",
    "name": "Form 01; X.520, ub-common-name",
    "date": "Form 01",
    "personal_number": "Form 01; structure of the personal identification number",
    "mobile": "Form 01; national numbering plan",
    "mailbox": "Form 01; RFC 5321 4.1.2",
}


def field_rules(
    prefix: str, columns: dict[str, Field], read: Callable[[T, str], Reading[object] | None]
) -> Iterator[Rule[T]]:
    """A rule for every flaw of every column. `read` gives a subject's field, if it has one."""
    for name, column in columns.items():
        kind = KIND.get(name, "text")
        for flaw, saying in SAYINGS[kind].items():
            yield Rule(
                f"{prefix}.{name}.{flaw}",
                SOURCE[kind],
                saying.consequence,
                saying.text,
                saying.remedy,
                _flawed(name, column.label, flaw, read),
            )


def _flawed(
    name: str, label: str, flaw: Flaw, read: Callable[[T, str], Reading[object] | None]
) -> Callable[[T], list[Finding]]:
    def find(subject: T) -> list[Finding]:
        reading = read(subject, name)
        if reading is None or reading.flaw is not flaw:
            return []
        return [Finding(label, reading.typed, reading.suggestion)]

    return find
