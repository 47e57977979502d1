"""Form 01: to issue."""

from bot.dossier.form import DECLARATIONS, Field, Form, Kind, Procedure, named
from bot.dossier.rows import IssueRow
from bot.dossier.terms import CENTRALISED, CERTIFICATE

FORM_01 = Form(
    procedure=Procedure.ISSUE,
    number="01",
    version="01/1",
    name="cấp mới",
    term="03 ngày làm việc",
    extract=f"V/v đề nghị cấp {CERTIFICATE} cho cá nhân {CENTRALISED}",
    declarations=DECLARATIONS,
    columns=named(
        Field("full_name", "Họ và tên", Kind.NAME, has_lines=True),
        Field("birth_date", "Ngày sinh", Kind.DATE),
        Field("personal_number", "Số định danh cá nhân", Kind.PERSONAL_NUMBER),
        Field("issued_on", "Ngày cấp", Kind.DATE),
        Field("issued_by", "Nơi cấp"),
        Field("mailbox", "Địa chỉ thư điện tử công vụ", Kind.MAILBOX),
        Field("workplace", "Tên cơ quan, tổ chức công tác", has_lines=True),
        Field("province", "Tỉnh/Thành phố", has_lines=True),
        Field("title", "Chức vụ", has_lines=True),
        Field("mobile", "Số điện thoại di động", Kind.MOBILE),
        Field("old_serial", "Số hiệu chứng thư cũ (nếu có)", Kind.OPTIONAL),
        Field("sim_pki", "SIM PKI", Kind.TICK),
    ),
    headings={
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
    },
    row=IssueRow,
)
