"""Form 04: to renew, to amend, or both in one row."""

from bot.dossier.form import DECLARATIONS, Field, Form, Kind, Procedure, named
from bot.dossier.rows import ChangeRow
from bot.dossier.terms import CENTRALISED, CERTIFICATE

STILL = ("sector", "no_authority", "no_finance", "request")  # what else was declared stays

FORM_04 = Form(
    procedure=Procedure.CHANGE,
    number="04",
    version="04/1",
    name="gia hạn, thay đổi nội dung thông tin",
    term="03 ngày làm việc",
    extract=(
        f"V/v đề nghị gia hạn, thay đổi nội dung thông tin {CERTIFICATE} của cá nhân {CENTRALISED}"
    ),
    declarations={name: DECLARATIONS[name] for name in STILL},
    columns=named(
        Field("full_name", "Tên chứng thư", has_lines=True),
        Field("serial", "Số hiệu chứng thư", Kind.SERIAL, has_lines=True),
        Field("mailbox", "Địa chỉ thư điện tử công vụ", Kind.MAILBOX),
        Field("what", "Thông tin cần thay đổi", has_lines=True),
        Field("new", "Thông tin mới", has_lines=True),
        Field("renew", "Gia hạn", Kind.TICK),
        Field("amend", "Thay đổi thông tin", Kind.TICK),
    ),
    headings={
        "Tên chứng thư": ("full_name",),
        "Số hiệu chứng thư": ("serial",),
        "Địa chỉ thư điện tử công vụ": ("mailbox",),
        "Thông tin cần thay đổi": ("what",),
        "Thông tin mới": ("new",),
        "Gia hạn": ("renew",),
        "Thay đổi thông tin": ("amend",),
    },
    row=ChangeRow,
)
