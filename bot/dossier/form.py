"""What all our forms share, and what each of them says for itself: one table a form.

The blank form is drawn from its table and the signed one is read by it, so
that the two cannot drift apart. Labels are those of the official forms,
verbatim.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.dossier.rows import Row
from bot.dossier.terms import Words

ROWS = 10


class Procedure(StrEnum):
    """What a letter asks for; the first three have a form each."""

    ISSUE = "issue"
    CHANGE = "renew_amend"  # form 04: a row may ask for either, or for both
    REVOKE = "revoke"
    # of own letters only
    WITHDRAW = "withdraw"  # takes back what is not done yet
    OTHER = "other"  # changes an earlier letter, or nobody knows what it asks: an officer reads it


class Kind(StrEnum):
    """What a field holds: how it is read, and which flaws it can have."""

    TEXT = "text"
    NAME = "name"  # of a person, as a certificate bears it
    DATE = "date"
    PERSONAL_NUMBER = "personal_number"
    MOBILE = "mobile"
    MAILBOX = "mailbox"
    SERIAL = "serial"
    OPTIONAL = "optional"  # words, or nothing
    TICK = "tick"


@dataclass(frozen=True, slots=True)
class Field:
    """One AcroForm field; its full name is a prefix and `name`."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    has_lines: bool = False  # room for several lines


def named(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


FORM = "form"  # hidden; holds the form's version

LETTER = named(
    Field("parent", "Tên cơ quan, tổ chức chủ quản"),
    Field("agency", "Tên cơ quan, tổ chức"),
    Field("number", "Số, ký hiệu văn bản"),
    Field("place", "Địa danh"),
    Field("date", "Ngày ban hành văn bản"),
    Field("extract", "Trích yếu"),
    Field("addressee", "Kính gửi"),
    Field("urgency", "Độ khẩn"),
    Field("count", "Số người đề nghị"),
    Field("archive", "Nơi nhận"),
    Field("signer_title", "Quyền hạn, chức vụ của người ký"),
    Field("signer_name", "Họ và tên người ký"),
    Field("corrects", "Thay cho hồ sơ đã trả lại số"),
)

URGENCIES = {  # Decree 30/2020, article 8; empty is none
    "": "",
    "Khẩn": "Khẩn",
    "Thượng khẩn": "Thượng khẩn",
    "Hỏa tốc": "Hỏa tốc",
}

RECEIVER = named(
    Field("full_name", "Họ và tên", Kind.NAME),
    Field("personal_number", "Số định danh cá nhân", Kind.PERSONAL_NUMBER),
    Field("issued_on", "Ngày cấp", Kind.DATE),
    Field("issued_by", "Nơi cấp"),
    Field("title", "Chức vụ"),
    Field("mobile", "Số điện thoại di động", Kind.MOBILE),
    Field("mailbox", "Địa chỉ thư điện tử công vụ", Kind.MAILBOX),
    Field("address", "Địa chỉ tiếp nhận"),
)

NOTIFY = Field("notify", "Hình thức thông báo kết quả")
NOTIFY_BY = {
    "": "",
    "email": "Thư điện tử công vụ",
    "sms": "Tin nhắn SMS",
}

DECLARATIONS = named(
    Field("sector", "đang làm việc trong lĩnh vực giáo dục, đào tạo hoặc y tế"),
    Field("no_authority", "không phải là người có thẩm quyền của cơ quan, tổ chức"),
    Field("no_finance", "không thực hiện giao dịch điện tử về tài chính, ngân sách nhà nước"),
    Field("request", "đã có văn bản đề nghị gửi cơ quan, tổ chức quản lý trực tiếp"),
    Field("mailbox", "có hộp thư điện tử công vụ sử dụng được trên Internet"),
    Field(
        "phone",
        "có điện thoại dùng iOS 14 hoặc Android 9.0 trở lên, với số thuê bao đăng ký chính chủ",
    ),
    Field("computer", "có máy tính dùng hệ điều hành Windows 10 trở lên"),
    Field("support", "được cán bộ công nghệ thông tin của cơ quan, tổ chức hỗ trợ sử dụng"),
)


@dataclass(frozen=True, slots=True)
class Form:
    """One form. `name` and `term` are words: the procedure's name, and how long it may take.

    `extract` is the «V/v …», with CERTIFICATE where a vocabulary says what one is called.
    `headings` are the list's as printed: one cell may hold several columns, one
    below the other. `row` is what a filled row is read into.
    """

    procedure: Procedure
    number: str
    version: str  # what the hidden field holds
    name: str
    term: str
    extract: str
    declarations: Mapping[str, Field]
    columns: Mapping[str, Field]
    headings: Mapping[str, tuple[str, ...]]
    row: type[Row]

    def extract_in(self, words: Words) -> str:
        return self.extract.format(certificate=words.certificate)

    def label_of(self, field: str) -> str | None:
        """What people call the field of that full name; None if it is none of this form's."""
        if match := re.fullmatch("row_([0-9]{2})_(.+)", field):
            column = self.columns.get(match[2])
            position = int(match[1])
            if column is None or not 1 <= position <= ROWS:
                return None
            return f"Dòng số {position}: {column.label}"
        if field == NOTIFY.name:
            return NOTIFY.label
        prefix, _, name = field.partition("_")
        parts = {"letter": LETTER, "receiver": RECEIVER, "declare": self.declarations}
        part = parts.get(prefix, {})
        return part[name].label if name in part else None


def row_field(position: int, column: str) -> str:
    """The field of `column` in row `position` (from 1): `row_01_full_name`."""
    return f"row_{position:02}_{column}"
