"""The demonstration school: its people, its signers and the letter it writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.dossier.form import Form, row_field
from bot.dossier.form01 import FORM_01
from demo.foreign import ForeignPki, Signer
from demo.paper import fill, sign

SCHOOL = "Trường THPT Chu Văn An"
PARENT = "Sở Giáo dục và Đào tạo Hà Nội"
PROVINCE = "Hà Nội"
CODE = "thpt-chu-van-an"
MAILBOX = "c3chuvanan@hanoiedu.edu.vn"
RECEIVER = {
    "full_name": "Lê Thị Văn Thư",
    "personal_number": "001185000123",
    "issued_on": "10/05/2021",
    "issued_by": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
    "title": "Văn thư",
    "mobile": "0912345678",
    "mailbox": "vanthu.c3chuvanan@hanoiedu.edu.vn",
    "address": "10 Thụy Khuê, Tây Hồ, Hà Nội",
}


@dataclass(frozen=True)
class Teacher:
    """A row of form 01, as somebody types it."""

    full_name: str
    birth_date: str
    personal_number: str
    mailbox: str
    mobile: str
    title: str = "Giáo viên"

    def row(self) -> dict[str, str]:
        return {
            "full_name": self.full_name,
            "birth_date": self.birth_date,
            "personal_number": self.personal_number,
            "issued_on": "20/06/2021",
            "issued_by": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
            "mailbox": self.mailbox,
            "workplace": SCHOOL,
            "province": PROVINCE,
            "title": self.title,
            "mobile": self.mobile,
        }


TEACHERS = (
    Teacher(
        "Nguyễn Thị Hồng Hạnh", "12/03/1988", "001188004567", "nthhanh@hanoiedu.edu.vn",
        "0987654321",
    ),
    Teacher(
        "Trần Đức Thắng", "05/09/1979", "001079001234", "tdthang@hanoiedu.edu,vn", "0356789012"
    ),  # a comma for a dot
    Teacher(
        "Phạm Hoàng Bảo Ngọc", "30/11/1995", "001195007890", "phbngoc@hanoiedu.edu.vn",
        "+84 79 123 4567",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class School:
    """The school with its two signing certificates, from the foreign PKI."""

    leader: Signer
    seal: Signer

    @classmethod
    def of(cls, pki: ForeignPki) -> "School":
        return cls(
            pki.signer("Nguyễn Văn Hiệu", organisation=SCHOOL),
            pki.signer(SCHOOL, organisation=SCHOOL),
        )

    def write(self, blank: bytes, teachers: tuple[Teacher, ...], today: date) -> bytes:
        """Form 01 filled in and signed by both."""
        return self.sign(fill(blank, letter(teachers, today)))

    def sign(self, filled: bytes) -> bytes:
        """The leader first, then the seal; the other way round is as good."""
        return sign(sign(filled, self.leader, "leader"), self.seal, "seal")


def letter(
    teachers: tuple[Teacher, ...], today: date, number: str = "05/THPTCVA-VP"
) -> Mapping[str, str]:
    """The values of form 01."""
    return filled_in(FORM_01, [teacher.row() for teacher in teachers], today, number)


def filled_in(
    form: Form, rows: Sequence[Mapping[str, str]], today: date, number: str
) -> Mapping[str, str]:
    """The values of any of the forms, with these rows."""
    values = {
        "letter_parent": PARENT,
        "letter_agency": SCHOOL,
        "letter_number": number,
        "letter_place": PROVINCE,
        "letter_date": f"{today:%d/%m/%Y}",
        "letter_count": str(len(rows)),
        "letter_archive": "VP",
        "letter_signer_title": "HIỆU TRƯỞNG",
        "letter_signer_name": "Nguyễn Văn Hiệu",
        "notify": "sms",
    }
    values |= {f"receiver_{name}": value for name, value in RECEIVER.items()}
    values |= {f"declare_{name}": "on" for name in form.declarations}
    for position, row in enumerate(rows, start=1):
        for column, value in row.items():
            values[row_field(position, column)] = value
    return values
