"""From an agency's words to RFC 5280's reasons."""

from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from bot.dossier.fields import plain
from bot.dossier.grounds import GROUNDS, Reason, asks_to_suspend, reason_of, table

KEY, AFFILIATION = Reason.KEY_COMPROMISE, Reason.AFFILIATION_CHANGED
CESSATION, SUPERSEDED, OTHER = (
    Reason.CESSATION_OF_OPERATION, Reason.SUPERSEDED, Reason.UNSPECIFIED,
)  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "procedures.md"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Lộ khóa bí mật", KEY),
        ("NGHI LỘ KHOÁ", KEY),
        ("mat dien thoai", KEY),
        ("Bị mất\n điện thoại ngày 05/09/2026", KEY),
        ("Tài khoản bị người khác sử dụng", KEY),
        ("Điện thoại bị mất", KEY),
        ("Điện thoại không bị mất; nghỉ hưu", CESSATION),
        ("Bị lừa cung cấp mã OTP", KEY),
        ("Đổi khóa bí mật", OTHER),  # "bị mất", without accents
        ("Chuyển công tác sang Trường THPT Kim Liên", AFFILIATION),
        ("Chuyển sang công tác tại đơn vị khác", AFFILIATION),
        ("Theo quyết định điều động số 12/QĐ-SGDĐT", AFFILIATION),
        ("Trường sáp nhập từ 01/07/2026", AFFILIATION),
        ("Nghỉ hưu", CESSATION),
        ("Thôi việc theo nguyện vọng", CESSATION),
        ("Không còn nhu cầu sử dụng", CESSATION),
        ("Đã từ trần", CESSATION),
        ("Bị sa thải", CESSATION),
        ("Đề nghị thay thế chứng thư", SUPERSEDED),
        ("Để được cấp lại", SUPERSEDED),
        ("Sai thông tin họ tên", SUPERSEDED),
        ("Sai họ và tên", SUPERSEDED),
        ("", OTHER),
        ("Theo đề nghị của cá nhân", OTHER),
        ("Máy tính bị lỗi", OTHER),
        # of several the gravest
        ("Nghỉ hưu và mất thiết bị", KEY),
        ("Chuyển công tác, thay thế chứng thư", AFFILIATION),
        # what is denied is no ground
        ("Không lộ khóa, nghỉ hưu", CESSATION),
        ("Chuyển trường; không có dấu hiệu bị lộ khóa", AFFILIATION),
        ("Không bị lộ khóa hoặc mất thiết bị, chuyển công tác", AFFILIATION),
        ("Không phải do mất thiết bị mà do nghỉ hưu", CESSATION),
        ("Chưa lộ khóa", OTHER),
        # these deny something else
        ("Không may bị lộ khóa", KEY),
        ("Không loại trừ lộ khóa", KEY),
        ("Không biết có bị lộ khóa hay không", KEY),
        ("Không còn nhu cầu, mất thiết bị", KEY),
        ("Không. Lộ khóa", KEY),
        # there is nothing to come back
        ("Tạm dừng vì nghỉ thai sản", OTHER),
    ],
)  # fmt: skip
def test_a_text_has_one_reason(text: str, reason: Reason) -> None:
    assert reason_of(text) is reason


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Đề nghị tạm dừng 6 tháng", True),
        ("TẠM NGỪNG sử dụng", True),
        ("Nghỉ hưu", False),
        ("Ngừng sử dụng", False),
    ],
)
def test_a_suspension_is_recognised(text: str, asks: bool) -> None:
    assert asks_to_suspend(text) is asks


@pytest.mark.parametrize(
    ("reason", "phrase"),
    [(reason, phrase) for reason, phrases in GROUNDS.items() for phrase in phrases],
)
def test_every_phrase_gives_its_reason_with_and_without_accents(
    reason: Reason, phrase: str
) -> None:
    for text in (phrase, phrase.upper(), plain(phrase), f"Do {phrase}."):
        assert reason_of(text) is reason


def test_only_such_reasons_are_given_as_a_crl_has() -> None:
    for reason in Reason:
        assert x509.ReasonFlags(reason).value == reason


@given(st.text())
def test_any_text_has_a_reason(text: str) -> None:
    assert reason_of(text) in Reason


@given(st.text(alphabet="ab ,.;", max_size=20), st.sampled_from(GROUNDS[KEY]))
def test_no_other_word_hides_that_a_key_was_lost(words: str, phrase: str) -> None:
    assert reason_of(f"{words} {phrase} {words}") is KEY


def test_the_page_shows_the_table() -> None:
    assert "\n".join(table()) in PAGE.read_text(encoding="utf-8")
