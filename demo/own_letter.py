"""An agency's own letter, as its office program makes it: Decree 30/2020, annex I, and its list."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import openpyxl
import pikepdf
from jinja2 import Environment, StrictUndefined

from bot.dossier.form import DECLARATIONS, Form
from bot.paper import draw
from demo.school import PARENT, PROVINCE, RECEIVER, SCHOOL

EXTRACT = (
    "V/v đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ "
    "cho cá nhân sử dụng giải pháp ký số tập trung"
)
LIST_NAME = "danh-sach.xlsx"
_PAGE = Environment(autoescape=True, undefined=StrictUndefined).from_string("""
<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>Công văn</title><style>
@page { size: A4; margin: 20mm 16mm 20mm 30mm }
body { font: 13pt/1.3 "Tinos", "DejaVu Serif", serif; margin: 0 }
table { border-collapse: collapse; width: 100% }
td { padding: 0; text-align: center; vertical-align: top }
.left { width: 43%; padding-right: 4mm; font-size: 12pt }
.country { font-size: 12pt; white-space: nowrap }
.urgent { border: 1.5pt solid #c00; color: #c00; font-weight: bold; padding: 1mm 4mm }
p { margin: 0 0 2mm; text-align: justify; text-indent: 10mm }
.to { margin: 6mm 0; text-align: center }
.foot .left { font-size: 11pt; text-align: left }
.name { padding-top: 22mm }
</style></head><body>
<table>
<tr><td class="left">{{ letter.parent }}<br><b>{{ letter.agency }}</b></td>
<td><b class="country">CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b><br>
<b>Độc lập - Tự do - Hạnh phúc</b></td></tr>
<tr><td class="left"><br>Số: {{ letter.number }}<br>{{ letter.extract }}</td>
<td><br><i>{{ letter.place }}, ngày {{ "%02d" % letter.day.day }} tháng {{ letter.day.month }}
năm {{ letter.day.year }}</i></td></tr>
</table>
{% if letter.urgency %}<span class="urgent">{{ letter.urgency }}</span>{% endif %}
<div class="to">Kính gửi: {{ letter.addressee }}</div>
{% for paragraph in letter.paragraphs %}<p>{{ paragraph }}</p>{% endfor %}
<table class="foot">
<tr><td class="left"><b><i>Nơi nhận:</i></b><br>- Như trên;<br>- Lưu: VT.</td>
<td>{% for line in letter.title %}<b>{{ line }}</b><br>{% endfor %}
<div class="name"><b>{{ letter.name }}</b></div></td></tr>
</table>
</body></html>
""")


@dataclass(frozen=True)
class OwnLetter:
    """What it says."""

    addressee: str
    day: date
    paragraphs: tuple[str, ...]
    number: str = "05/THPTCVA-VP"
    extract: str = EXTRACT
    parent: str = PARENT.upper()
    agency: str = SCHOOL.upper()
    place: str = PROVINCE
    urgency: str = ""
    title: tuple[str, ...] = ("HIỆU TRƯỞNG",)
    name: str = "Nguyễn Văn Hiệu"

    @property
    def html(self) -> str:
        return _PAGE.render(letter=self)

    def draw(self) -> bytes:
        """As PDF, with its font. CPU work of 0.3 s."""
        return draw(self.html)


def to_issue(people: int) -> tuple[str, ...]:
    """The body of a letter that asks for certificates: all that a form would ask."""
    declared = "; ".join(field.label for field in DECLARATIONS.values())
    receiver = (
        f"{RECEIVER['full_name']}; chức vụ: {RECEIVER['title']}; "
        f"số điện thoại di động: {RECEIVER['mobile']}; "
        f"địa chỉ thư điện tử công vụ: {RECEIVER['mailbox']}"
    )
    return (
        f"{SCHOOL} đề nghị cấp chứng thư số cho {people:02} cá nhân theo danh sách kèm theo.",
        f"Nhà trường cam kết mỗi cá nhân trong danh sách {declared}.",
        f"Người tiếp nhận kết quả: {receiver}.",
        "Đề nghị thông báo kết quả qua tin nhắn SMS.",
    )


def to_withdraw(*dossiers: str) -> tuple[str, ...]:
    """The body of a letter that takes dossiers back."""
    return (f"{SCHOOL} đề nghị rút hồ sơ số {', '.join(dossiers)} do danh sách có thay đổi.",)


def list_of(form: Form, rows: Sequence[Mapping[str, str]]) -> bytes:
    """The list as .xlsx, under the form's own headings."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Danh sách", 0)
    sheet.append(["STT", *(column.label for column in form.columns.values())])
    for number, row in enumerate(rows, start=1):
        sheet.append([number, *(row.get(name, "") for name in form.columns)])
    book.save(saved := io.BytesIO())
    return saved.getvalue()


def embed(pdf: bytes, sheet: bytes, name: str = LIST_NAME) -> bytes:
    """`pdf` with `sheet` inside, before anybody signs (ISO 32000-2 clause 7.11.4)."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.attachments[name] = sheet
        document.save(saved := io.BytesIO())
    return saved.getvalue()
