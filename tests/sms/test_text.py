import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sms.text import one_part, parts, septets, unaccent


@pytest.mark.parametrize(
    ("accented", "bare"),
    [
        ("Đỗ Thị Hường đã được cấp", "Do Thi Huong da duoc cap"),
        (unicodedata.normalize("NFD", "Nguyễn Đức Ưởng"), "Nguyen Duc Uong"),
        ("“Hồ sơ” – 3 dòng…", '"Ho so" - 3 dong...'),
    ],
)
def test_accents_go_and_letters_stay(accented: str, bare: str) -> None:
    assert unaccent(accented) == bare


@given(st.text(alphabet="aăâeêioôơuưyđAĂÂĐƠƯ\u0300\u0301\u0303\u0309\u0323 "))
def test_unaccented_vietnamese_is_always_ascii_and_stays_so(text: str) -> None:
    bare = unaccent(text)
    assert bare.isascii()
    assert unaccent(bare) == bare


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 153, 3),  # 76 in each part: an escape is never cut from its letter
        ("ế" * 70, 1),
        ("ế" * 71, 2),
        ("ế" * 134, 2),
        ("ế" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 67, 3),  # 33 in each part
        (unicodedata.normalize("NFD", "ế" * 70), 1),
    ],
)
def test_parts_are_counted_as_carriers_do(text: str, count: int) -> None:
    assert parts(text) == count
    assert one_part(text) is (count == 1)


def test_only_the_gsm_alphabet_has_septets() -> None:
    assert septets("a€") == [1, 2]
    assert septets("đ") is None
