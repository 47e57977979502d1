"""The table of bench/README.md: every line in its place, and the page around it left alone."""

import re

import pytest

from bench.__main__ import MEASURES, README
from bench.table import BEGIN, END, HEADINGS, Line, markdown, rewritten, spelt

LINE = Line("door", "mails a | b", "Dovecot's\nLMTP", 0.8312, "≥ 0.8", "166 and 200 mails/s")


def test_a_line_is_a_row_of_as_many_cells_as_there_are_headings() -> None:
    head, rule, row = markdown([LINE]).splitlines()
    assert head == f"| {' | '.join(HEADINGS)} |"
    assert rule.count("---") == len(HEADINGS)
    assert row == (
        r"| door | mails a \| b | Dovecot's LMTP | 0.831 | ≥ 0.8 | 166 and 200 mails/s |"
    )
    assert len(re.split(r"(?<!\\)\|", row)) == len(HEADINGS) + 2


@pytest.mark.parametrize(
    ("ratio", "digits"), [(0.97449, "0.974"), (1.0, "1.00"), (38.41, "38.4"), (1250.4, "1250")]
)
def test_three_digits_count(ratio: float, digits: str) -> None:
    assert spelt(ratio) == digits


def test_what_stands_around_the_table_stays() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    new = rewritten(page, markdown([LINE]))
    assert new == f"before\n{BEGIN}\n\n{markdown([LINE])}\n\n{END}\nafter\n"
    assert rewritten(new, markdown([LINE])) == new


@pytest.mark.parametrize(
    "page", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{END}{END}", f"{BEGIN}{END}{BEGIN}"]
)
def test_a_page_without_its_marks_is_left_alone(page: str) -> None:
    with pytest.raises(ValueError, match="marks"):
        rewritten(page, "table")


def test_the_page_has_its_marks_and_a_row_for_every_line() -> None:
    page = README.read_text()
    rewritten(page, "table")
    names = [name for lines in MEASURES.values() for name in lines]
    rows = re.findall(r"^\| (\S+) \|", page, re.MULTILINE)[2:]
    assert rows == names
