"""The first line of a signed text: an order, a question, or neither."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dossier.orders import Inquiry, Misread, OrderText, read_order
from bot.register.lifecycle import Act, Verb
from bot.sms.text import unaccent

DOSSIER, PROPOSAL, CODE = "HS-2026-000123", "DX-2026-000001", "K7Q29XWM"
WRITTEN = {
    "DUYỆT HS-2026-000123 K7Q2-9XWM": OrderText(Verb.ACCEPT, DOSSIER, CODE),
    "DUYỆT HS-2026-000123 K7Q2-9XWM dòng 1, 3-5": OrderText(
        Verb.ACCEPT, DOSSIER, CODE, (1, 3, 4, 5)
    ),
    "DUYỆT HS-2026-000123 K7Q2-9XWM: đã gọi điện": OrderText(
        Verb.ACCEPT, DOSSIER, CODE, reason="đã gọi điện"
    ),
    "TRẢ LẠI HS-2026-000123 K7Q2-9XWM: Thiếu: chữ ký": OrderText(
        Verb.RETURN, DOSSIER, CODE, reason="Thiếu: chữ ký"
    ),
    "TRẢ LẠI HS-2026-000123 K7Q2-9XWM dòng 2: Không đúng đơn vị": OrderText(
        Verb.RETURN, DOSSIER, CODE, (2,), "Không đúng đơn vị"
    ),
    "GIỮ HS-2026-000123 K7Q2-9XWM: chờ Sở trả lời": OrderText(
        Verb.HOLD, DOSSIER, CODE, reason="chờ Sở trả lời"
    ),
    "DUYỆT DX-2026-000001 K7Q2-9XWM": OrderText(Verb.ACCEPT, PROPOSAL, CODE),
    "TRẢ LẠI DX-2026-000001 K7Q2-9XWM: sai": OrderText(Verb.RETURN, PROPOSAL, CODE, reason="sai"),
    "ĐỀ NGHỊ agency": OrderText(Verb.PROPOSE, Act.AGENCY),
    "TRA CỨU HS-2026-000123": Inquiry(DOSSIER),
}
each = pytest.mark.parametrize(("line", "meant"), WRITTEN.items())


@each
def test_what_is_written_is_meant(line: str, meant: object) -> None:
    assert read_order(line) == meant


@each
def test_as_people_type(line: str, meant: OrderText | Inquiry) -> None:
    """In NFD, in small letters, with spaces and blank lines, and more below."""
    head, colon, reason = line.partition(":")
    for typed in (
        unicodedata.normalize("NFD", line),
        f"{head.lower()}{colon}{reason}",
        f"{unaccent(head)}{colon}{reason}",
        f"\ufeff\r\n \t\r\n\u00a0 {line.replace(' ', '  ')}  \r\n\r\n{line}\r\nTRẢ LẠI",
        f"{line}\n> DUYỆT HS-2026-000999 K7Q2-9XWM",
    ):
        assert read_order(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "duyệt hs-2026-000123 k7q29xwm",
        "DUYỆT HS-2026-000123 K7Q2 9XWM.",
        "Duyệt HS–2026–000123 K7Q2–9XWM",
    ],
)
def test_codes_as_people_copy_them(typed: str) -> None:
    assert read_order(typed) == OrderText(Verb.ACCEPT, DOSSIER, CODE)


@pytest.mark.parametrize(
    ("listed", "rows"),
    [
        ("1", (1,)),
        ("số 2", (2,)),
        ("3,1,1", (1, 3)),
        ("1 - 3; 7", (1, 2, 3, 7)),
        ("3–5", (3, 4, 5)),
        ("2000", (2000,)),
    ],
)
def test_rows(listed: str, rows: tuple[int, ...]) -> None:
    assert read_order(f"DUYỆT {DOSSIER} {CODE} dòng {listed}") == OrderText(
        Verb.ACCEPT, DOSSIER, CODE, rows
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("DUYỆT", "order.number"),
        ("duyệt giúp em hồ sơ này với ạ", "order.number"),
        ("DUYỆT HS-26-1 K7Q2-9XWM", "order.number"),
        ("GIỮ DX-2026-000001 K7Q2-9XWM: lý do", "order.number"),
        ("DUYỆT HS-2026-000123", "order.code"),
        ("DUYỆT HS-2026-000123 K7Q2", "order.code"),
        ("DUYỆT HS-2026-000123 K7Q2-9XWM nhé", "order.code"),
        ("DUYỆT HS-2026-000123 dòng 1", "order.code"),
        ("DUYỆT HS-2026-000123 K7Q2-9XWM dòng", "order.rows"),
        ("DUYỆT HS-2026-000123 K7Q2-9XWM dòng 1 3", "order.rows"),
        ("DUYỆT HS-2026-000123 K7Q2-9XWM dòng 1, 2001", "order.rows"),
        ("DUYỆT HS-2026-000123 K7Q2-9XWM dòng 0", "order.rows"),
        ("DUYỆT HS-2026-000123 K7Q2-9XWM dòng 5-3", "order.rows"),
        ("DUYỆT HS-2026-000123 K7Q2-9XWM dòng 1 và 2", "order.rows"),
        ("DUYỆT DX-2026-000001 K7Q2-9XWM dòng 1", "order.rows"),
        (f"DUYỆT {DOSSIER} {CODE} dòng {'1-2000,' * 2_000}1", "order.rows"),
        ("TRẢ LẠI HS-2026-000123 K7Q2-9XWM", "order.reason"),
        ("TRẢ LẠI HS-2026-000123 K7Q2-9XWM:", "order.reason"),
        ("GIỮ HS-2026-000123 K7Q2-9XWM", "order.reason"),
        (f"GIỮ HS-2026-000123 K7Q2-9XWM: {'a' * 1_001}", "order.reason"),
        ("GIỮ HS-2026-000123 K7Q2-9XWM: a\u202eb", "order.reason"),
        ("GIỮ HS-2026-000123 K7Q2-9XWM: a\0b", "order.reason"),
        ("ĐỀ NGHỊ everything", "order.act"),
        ("ĐỀ NGHỊ", "order.act"),
    ],
)
def test_what_cannot_be_read_is_said_and_never_guessed(line: str, why: str) -> None:
    assert read_order(line) == Misread(why)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\n",
        "> DUYỆT HS-2026-000123 K7Q2-9XWM",
        "| DUYỆT HS-2026-000123 K7Q2-9XWM",
        "Kính gửi quý cơ quan\nDUYỆT HS-2026-000123 K7Q2-9XWM",
        "DUYỆTHS-2026-000123 K7Q2-9XWM",
        "Đã duyệt HS-2026-000123 K7Q2-9XWM",
        "HS-2026-000123 K7Q2-9XWM DUYỆT",
    ],
)
def test_no_order(text: str) -> None:
    assert read_order(text) is None


@pytest.mark.parametrize("line", ["TRA CỨU", "tra cuu hồ sơ của tôi", f"TRA CỨU {PROPOSAL}"])
def test_a_question_without_a_number(line: str) -> None:
    assert read_order(line) == Inquiry("")


verbs = st.sampled_from(["DUYỆT", "TRẢ LẠI", "GIỮ", "ĐỀ NGHỊ", "TRA CỨU", "duyet", ">"])
middles = st.sampled_from(["", DOSSIER, PROPOSAL, CODE, "dòng", "1-2000", ",", ":"]) | st.text(
    max_size=20
)


@given(st.lists(verbs | middles, max_size=8).map(" ".join) | st.text())
def test_any_text_gives_an_answer_within_bounds(text: str) -> None:
    read = read_order(text)
    if isinstance(read, OrderText):
        assert len(read.reason) <= 1_000
        assert len(read.code) == (0 if read.verb is Verb.PROPOSE else 8)
        assert all(1 <= row <= 2_000 for row in read.rows)
        assert read.reason or read.verb in (Verb.ACCEPT, Verb.PROPOSE)


@pytest.mark.parametrize("reason", ["lý do", "Lý do.", " LÝ DO ", "ly\u0301 do"])
def test_a_reason_copied_from_the_notice_is_none(reason: str) -> None:
    assert read_order(f"TRẢ LẠI HS-2026-000123 K7Q2-9XWM: {reason}") == Misread("order.reason")
