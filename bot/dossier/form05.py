"""Form 05: to revoke."""

from bot.dossier.form import Field, Form, Kind, Procedure, named
from bot.dossier.rows import RevokeRow
from bot.dossier.terms import CENTRALISED, CERTIFICATE

FORM_05 = Form(
    procedure=Procedure.REVOKE,
    number="05",
    version="05/1",
    name="thu hồi",
    term="12 giờ",
    extract=f"V/v đề nghị thu hồi {CERTIFICATE} của cá nhân {CENTRALISED}",
    declarations={},
    columns=named(
        Field("full_name", "Tên chứng thư", has_lines=True),
        Field("personal_number", "Số định danh", Kind.PERSONAL_NUMBER),
        Field("issued_on", "Ngày cấp", Kind.DATE),
        Field("issued_by", "Nơi cấp"),
        Field("tax_code", "MST, mã QHNS", Kind.OPTIONAL),
        Field("mailbox", "Địa chỉ thư điện tử công vụ", Kind.MAILBOX),
        Field("serial", "Số hiệu chứng thư", Kind.SERIAL, has_lines=True),
        Field("device", "Số hiệu thiết bị", Kind.OPTIONAL),
        Field("reason", "Lý do thu hồi", has_lines=True),
    ),
    headings={
        "Tên chứng thư": ("full_name",),
        "Số định danh/ngày cấp, nơi cấp": ("personal_number", "issued_on", "issued_by"),
        "MST, mã QHNS": ("tax_code",),
        "Địa chỉ thư điện tử công vụ": ("mailbox",),
        "Số hiệu chứng thư": ("serial",),
        "Số hiệu thiết bị": ("device",),
        "Lý do thu hồi": ("reason",),
    },
    row=RevokeRow,
)
