"""Form 01 (issue): its AcroForm fields, as one table.

The blank form is drawn from it and the signed one is read by it, so that the
two cannot drift apart. Labels are those of the official form, verbatim.
"""

import re
from dataclasses import dataclass

VERSION = "01/1"
ROWS = 10


@dataclass(frozen=True, slots=True)
class Field:
    """One AcroForm field; its full name is a prefix and `name`."""

    name: str
    label: str


def named(fields: tuple[Field, ...]) -> dict[str, Field]:
    return {field.name: field for field in fields}


FORM = "form"  # hidden; holds VERSION

LETTER = named(
    (
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
    )
)

URGENCIES = {  # Decree 30/2020, article 8; empty is none
    "": "",
    "Khẩn": "Khẩn",
    "Thượng khẩn": "Thượng khẩn",
    "Hỏa tốc": "Hỏa tốc",
}

RECEIVER = named(
    (
        Field("full_name", "Họ và tên"),
        Field("personal_number", "Số định danh cá nhân"),
        Field("issued_on", "Ngày cấp"),
        Field("issued_by", "Nơi cấp"),
        Field("title", "Chức vụ"),
        Field("mobile", "Số điện thoại di động"),
        Field("mailbox", "Địa chỉ thư điện tử công vụ"),
        Field("address", "Địa chỉ tiếp nhận"),
    )
)

NOTIFY = Field("notify", "Hình thức thông báo kết quả")
NOTIFY_BY = {
    "": "",
    "email": "Thư điện tử công vụ",
    "sms": "Tin nhắn SMS",
}

DECLARATIONS = named(
    (
        Field("sector", "đang làm việc trong lĩnh vực giáo dục, đào tạo hoặc y tế"),
        Field("no_authority", "không phải là người có thẩm quyền của cơ quan, tổ chức"),
        Field(
            "no_finance",
            "không thực hiện giao dịch điện tử về tài chính, ngân sách nhà nước",
        ),
        Field("request", "đã có văn bản đề nghị gửi cơ quan, tổ chức quản lý trực tiếp"),
        Field("mailbox", "có hộp thư điện tử công vụ sử dụng được trên Internet"),
        Field(
            "phone",
            "có điện thoại dùng iOS 14 hoặc Android 9.0 trở lên, với số thuê bao đăng ký chính chủ",
        ),
        Field("computer", "có máy tính dùng hệ điều hành Windows 10 trở lên"),
        Field("support", "được cán bộ công nghệ thông tin của cơ quan, tổ chức hỗ trợ sử dụng"),
    )
)

COLUMNS = named(
    (
        Field("full_name", "Họ và tên"),
        Field("birth_date", "Ngày sinh"),
        Field("personal_number", "Số định danh cá nhân"),
        Field("issued_on", "Ngày cấp"),
        Field("issued_by", "Nơi cấp"),
        Field("mailbox", "Địa chỉ thư điện tử công vụ"),
        Field("workplace", "Tên cơ quan, tổ chức công tác"),
        Field("province", "Tỉnh/Thành phố"),
        Field("title", "Chức vụ"),
        Field("mobile", "Số điện thoại di động"),
        Field("old_serial", "Số hiệu chứng thư cũ (nếu có)"),
        Field("sim_pki", "SIM PKI"),
    )
)

# The headings as printed: one cell may hold several fields, one below the other.
HEADINGS = {
    "Họ và tên": ("full_name",),
    "Ngày sinh": ("birth_date",),
    "Số định danh cá nhân/Ngày cấp, nơi cấp": ("personal_number", "issued_on", "issued_by"),
    "Địa chỉ thư điện tử công vụ": ("mailbox",),
    "Tên cơ quan, tổ chức công tác": ("workplace",),
    "Tỉnh/Thành phố": ("province",),
    "Chức vụ": ("title",),
    "Số điện thoại di động": ("mobile",),
    "Số hiệu chứng thư cũ (nếu có)": ("old_serial",),
    "SIM PKI": ("sim_pki",),
}


def row_field(position: int, column: str) -> str:
    """The field of `column` in row `position` (from 1): `row_01_full_name`."""
    return f"row_{position:02}_{column}"


def label_of(field: str) -> str | None:
    """What people call the field of that full name; None if it is none of ours."""
    if match := re.fullmatch("row_([0-9]{2})_(.+)", field):
        column = COLUMNS.get(match[2])
        position = int(match[1])
        if column is None or not 1 <= position <= ROWS:
            return None
        return f"Dòng số {position}: {column.label}"
    if field == NOTIFY.name:
        return NOTIFY.label
    prefix, _, name = field.partition("_")
    part = {"letter": LETTER, "receiver": RECEIVER, "declare": DECLARATIONS}.get(prefix, {})
    return part[name].label if name in part else None
