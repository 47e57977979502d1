"""What is typed is read or named as wrong, and never repaired."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dossier import addresses, fields
from bot.dossier.fields import Flaw

DOMAINS = ("gov.vn", "edu.vn")


@pytest.mark.parametrize("typed", ["001185012345", " 001 185 012 345 ", "001.185.012.345"])
def test_personal_numbers(typed: str) -> None:
    assert fields.read_personal_number(typed).value == "001185012345"


@pytest.mark.parametrize(
    ("typed", "flaw", "suggestion"),
    [
        ("", Flaw.EMPTY, ""),
        ("1185012345", Flaw.LOST_ZERO, "001185012345"),
        ("0912345678", Flaw.INVALID, ""),
        ("4485012345", Flaw.INVALID, ""),
        ("01185012345", Flaw.LOST_ZERO, "001185012345"),
        ("01185012345.0", Flaw.LOST_ZERO, "001185012345"),
        ("012345678", Flaw.LAPSED, ""),
        ("001485012345", Flaw.INVALID, ""),
        ("٠٠١١٨٥٠١٢٣٤٥", Flaw.INVALID, ""),
        ("1.18501E+11", Flaw.INVALID, ""),
    ],
)
def test_faulty_personal_numbers(typed: str, flaw: Flaw, suggestion: str) -> None:
    reading = fields.read_personal_number(typed)
    assert (reading.value, reading.flaw, reading.suggestion) == (None, flaw, suggestion)


@pytest.mark.parametrize(
    ("number", "year"), [("001085000001", 1985), ("001199000001", 1999), ("001301000001", 2001)]
)
def test_birth_years(number: str, year: int) -> None:
    assert fields.birth_year(number) == year


@pytest.mark.parametrize("typed", ["0912345678", "+84 912 345 678", "0912.345.678", "(091)2345678"])
def test_mobiles(typed: str) -> None:
    assert fields.read_mobile(typed).value == "+84912345678"


@pytest.mark.parametrize(
    ("typed", "flaw", "suggestion"),
    [
        ("912345678.0", Flaw.SPREADSHEET, "0912345678"),
        ("912345678", Flaw.LOST_ZERO, "0912345678"),
        ("0912345678/0987654321", Flaw.SEVERAL, ""),
        ("0912345678 0987654321", Flaw.SEVERAL, ""),
        ("0912345678 - 0987654321", Flaw.SEVERAL, ""),
        ("0612345678", Flaw.INVALID, ""),
        ("01234567890", Flaw.INVALID, ""),
        ("84912345678", Flaw.INVALID, ""),
    ],
)
def test_faulty_mobiles(typed: str, flaw: Flaw, suggestion: str) -> None:
    reading = fields.read_mobile(typed)
    assert (reading.value, reading.flaw, reading.suggestion) == (None, flaw, suggestion)


@pytest.mark.parametrize(
    ("typed", "flaw", "suggestion"),
    [
        ("hoa@@hanoi.edu.vn", Flaw.DOUBLE_AT, "hoa@hanoi.edu.vn"),
        ("hoa @hanoi.edu.vn", Flaw.SPACE, "hoa@hanoi.edu.vn"),
        ("hoa@hanoi,edu.vn", Flaw.COMMA, "hoa@hanoi.edu.vn"),
        ("hoa@hanoi.edu.vn, binh@hanoi.edu.vn", Flaw.SEVERAL, ""),
        ("hoa.hanoi.edu.vn", Flaw.INVALID, ""),
        ("hoà@hanoi.edu.vn", Flaw.INVALID, ""),
        ("hoa@hanoi", Flaw.INVALID, ""),
        ("hoa@hanoi.edu.vn\x00", Flaw.INVALID, ""),
        ("hoa@hà-nội.edu.vn", Flaw.INVALID, ""),
        ("hoa@@hà-nội.edu.vn", Flaw.DOUBLE_AT, ""),
        ("hoa\u200b@hanoi.edu.vn", Flaw.INVALID, ""),
        ("a b@@c,", Flaw.SPACE, ""),
    ],
)
def test_faulty_mailboxes(typed: str, flaw: Flaw, suggestion: str) -> None:
    reading = fields.read_mailbox(typed)
    assert (reading.value, reading.flaw, reading.suggestion) == (None, flaw, suggestion)


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("hoa@laocai.go", "hoa@laocai.gov.vn"),
        ("hoa@laocai.gov", "hoa@laocai.gov.vn"),
        ("hoa@hanoi.edu.v", "hoa@hanoi.edu.vn"),
        ("hoa@laocai.gov.vn", ""),
        ("hoa@truong.com", ""),
    ],
)
def test_truncated_domains(address: str, whole: str) -> None:
    assert addresses.whole_address(address, DOMAINS) == whole


@pytest.mark.parametrize("address", ["a@gov.vn", "a@laocai.gov.vn", "a@so.gd.hanoi.edu.vn"])
def test_official_domains(address: str) -> None:
    assert addresses.in_domains(address, DOMAINS)


@pytest.mark.parametrize("address", ["a@evilgov.vn", "a@gov.vn.example.com", "a@vn", "a@gmail.com"])
def test_other_domains(address: str) -> None:
    assert not addresses.in_domains(address, DOMAINS)


@pytest.mark.parametrize("typed", ["5/9/1985", "05/09/1985"])
def test_dates(typed: str) -> None:
    assert fields.read_date(typed).value == date(1985, 9, 5)


@pytest.mark.parametrize("typed", ["1985", "31/02/1985", "1985-09-05", "05/09/85", "05/09/0185"])
def test_faulty_dates(typed: str) -> None:
    assert fields.read_date(typed).flaw is Flaw.INVALID


def test_names_are_kept_in_nfc() -> None:
    name = "Nguyễn Thị Hồng Ngọc"
    assert fields.read_name(unicodedata.normalize("NFD", f"  {name} ")).value == name


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("Ông/Bà: Lê Bình", "Lê Bình"),
        ("Bà Lê Bình", "Lê Bình"),
        ("Cô Lê Bình", "Lê Bình"),
        ("Anh: Lê Bình", "Lê Bình"),
        ("Ông. Lê Bình", "Lê Bình"),
    ],
)
def test_forms_of_address_are_no_names(typed: str, rest: str) -> None:
    reading = fields.read_name(typed)
    assert (reading.flaw, reading.value, reading.suggestion) == (Flaw.HONORIFIC, None, rest)


@pytest.mark.parametrize("typed", ["Anh Đức Huy", "ông Gia Bảo"])
def test_what_may_be_a_name_is_kept_and_looked_at(typed: str) -> None:
    reading = fields.read_name(typed)
    assert (reading.flaw, reading.value) == (Flaw.MAYBE_HONORIFIC, typed)


@pytest.mark.parametrize("typed", ["H'Hen Niê", "Y-Bhăm Ƀdap", "Lê Văn A.", "Lê\u00a0Thị\tNở"])
def test_names_as_people_bear_them(typed: str) -> None:
    assert fields.read_name(typed).value == " ".join(typed.split())


@pytest.mark.parametrize(
    "typed",
    [
        "Nguyễn\u3164Văn An",
        "Nguyễn Văn\u200b An",
        "\u202eNguyễn Văn An",
        "Nguуễn Văn Вinh",  # Cyrillic
        "𝐍guyễn Ｖăn",
        "Nguyễn ﬁ",
        "Lê ʟan",
        "Lê Văn A\u0336n",
        "محمد علي",
        "...",
        "Lê - Lan",
        "Lê ' Lan",
        "Lê Văn A1",
    ],
)
def test_what_is_no_latin_name(typed: str) -> None:
    reading = fields.read_name(typed)
    assert (reading.value, reading.flaw) == (None, Flaw.INVALID)


@pytest.mark.parametrize(
    "hidden",
    "\u200b\u3164\u115f\u202e\u2066\u00ad\ufeff\ufe0f\u034f"
    "\x00\x1b\ue000\u2800\U000e0041\U000e0101\ud800",
)
def test_hidden_characters_are_no_text(hidden: str) -> None:
    for typed in (hidden, f"Giáo{hidden}viên", f"Giáo viên{hidden}"):
        reading = fields.read_text(typed)
        assert (reading.value, reading.flaw) == (None, Flaw.INVALID)


@pytest.mark.parametrize("typed", ["Giáо viên", "ТL.", "ꓔꓡ", "Ｇiáo viên", "Γiáo viên"])
def test_letters_of_other_scripts_are_no_text(typed: str) -> None:
    assert fields.read_text(typed).flaw is Flaw.INVALID


@pytest.mark.parametrize("typed", ["Số 10/2, phố Thụy Khuê\r\nHà Nội", "Tổ «Toán – Tin» (cơ sở 2)"])
def test_texts_as_people_write_them(typed: str) -> None:
    assert fields.read_text(unicodedata.normalize("NFD", typed)).value == " ".join(typed.split())


def test_a_name_of_64_characters_fits() -> None:
    assert fields.read_name("Nguyễn " * 8 + "Bìnhbình").flaw is None
    assert fields.read_name("Nguyễn " * 8 + "Bìnhbình Y").flaw is Flaw.TOO_LONG


def test_plain_compares_what_people_write_differently() -> None:
    assert fields.plain("  ĐỖ  Hoà ") == fields.plain("Đỗ Hòa") == "do hoa"


def test_titles_are_found_as_words() -> None:
    assert fields.says_title("Quyền HIỆU  TRƯỞNG", ("Hiệu trưởng",)) == "Hiệu trưởng"
    assert fields.says_title("Hi\u200bệu trưởng", ("Hiệu trưởng",)) == "Hiệu trưởng"
    assert not fields.says_title("Giáo viên", ("Hiệu trưởng", "Giám đốc"))


@given(
    st.sampled_from(
        [
            fields.read_text,
            fields.read_name,
            fields.read_date,
            fields.read_personal_number,
            fields.read_mobile,
            fields.read_mailbox,
        ]
    ),
    st.text(),
)
def test_any_text_is_read_or_has_a_flaw(read: object, typed: str) -> None:
    reading = read(typed)  # type: ignore[operator]  # hypothesis forgets the type
    assert (reading.value is None) <= (reading.flaw is not None)
    assert reading.typed == unicodedata.normalize("NFC", typed).strip()


def test_endless_fields_are_refused_at_once() -> None:
    for read in (fields.read_mobile, fields.read_mailbox, fields.read_name):
        reading = read("9" * 1_000_000)
        assert reading.flaw is Flaw.OVERLONG
        assert reading.typed == "9" * fields.KEPT + "…"


@pytest.mark.parametrize(
    "typed",
    ["3a91f0c2", "3A 91 F0 C2", "3a:91:f0:c2", "0x3A91F0C2", "0X0003a91f0c2", "003A91\n F0C2"],
)
def test_serial_numbers(typed: str) -> None:
    assert fields.read_serial(typed).value == "3a91f0c2"


@pytest.mark.parametrize(
    ("typed", "flaw"),
    [
        ("", Flaw.EMPTY),
        (" ", Flaw.EMPTY),
        ("0", Flaw.INVALID),
        ("0x", Flaw.INVALID),
        ("3a91-f0c2", Flaw.INVALID),
        ("3.91E+37", Flaw.INVALID),
        ("3a91f0cz", Flaw.INVALID),
        ("٣٩", Flaw.INVALID),
        ("3a91\u200bf0c2", Flaw.INVALID),
        ("f" * 41, Flaw.INVALID),
        (str(2**160), Flaw.INVALID),
        ("9" * 50, Flaw.INVALID),
        ("f" * 401, Flaw.OVERLONG),
    ],
)
def test_faulty_serial_numbers(typed: str, flaw: Flaw) -> None:
    reading = fields.read_serial(typed)
    assert (reading.value, reading.flaw) == (None, flaw)


@given(st.integers(1, 2**160 - 1))
def test_every_serial_number_is_read_as_the_register_has_it(serial: int) -> None:
    octets = serial.to_bytes(20, "big")
    for typed in (f"{serial:x}", f"{serial:#X}", octets.hex(":"), octets.hex(" ", 4).upper()):
        assert fields.read_serial(typed).value == f"{serial:x}"


@given(st.integers(10**40, 2**160 - 1))
def test_a_long_serial_number_may_be_decimal(serial: int) -> None:
    assert fields.read_serial(str(serial)).value == f"{serial:x}"
