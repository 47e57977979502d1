"""The document that an officer approves says what is in force."""

from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings
from bot.dossier.rulebook import chapters, rulebook
from bot.dossier.ruleset import ALL_RULES, ROW
from bot.dossier.terms import WORDS
from bot.errors import Misconfigured
from bot.sections.authority import Rules, Terms, Wording

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def lines(settings: Settings) -> list[str]:
    return rulebook(settings).splitlines()


def changed(**rules: Any) -> Settings:
    return Settings(rules=Rules(**rules))


def test_the_page_is_what_nobody_has_changed() -> None:
    assert PAGE.read_text(encoding="utf-8") == rulebook(Settings())


def test_every_rule_stands_in_it() -> None:
    every = [ALL_RULES, *ROW.values()]
    codes = {line.code for chapter in chapters(Settings()) for line in chapter.lines}
    assert codes == {rule.code for rules in every for rule in rules}


def test_numbers_and_lists_are_filled_in() -> None:
    settings = changed(freshness_days=7, public_mail=("thu.vn", "a|b"))
    page = rulebook(settings)
    assert "| `rules.freshness_days` | 7 | how old" in page
    assert "| `rules.public_mail` | thu.vn · a\\|b | " in page


@pytest.mark.parametrize("weight", ["note", "hold", "return"])
def test_of_what_a_setting_weighs_one_weight_is_printed(weight: str) -> None:
    (line,) = (line for line in lines(changed(undeclared=weight)) if "`eligibility." in line)
    assert line.split("|")[3].strip() == weight


@pytest.mark.parametrize("terms", Terms)
def test_it_speaks_the_words_that_are_set(terms: Terms) -> None:
    page = rulebook(Settings(terms=terms))
    (other,) = set(Terms) - {terms}
    assert f"| `terms` | {terms} |" in page
    assert f" {WORDS[terms].certificate} " in page
    assert f"đang có {WORDS[other].certificate} còn" not in page


def test_changed_words_stay_in_their_cell() -> None:
    said = Wording(remedy="Xóa | gõ lại\n{detail}.")
    settings = changed(wording={"row.mailbox.public": said})
    (line,) = (line for line in lines(settings) if line.startswith("| `row.mailbox.public`"))
    assert line.endswith("| Xóa \\| gõ lại …. |")
    assert "| `rules.wording` | row.mailbox.public | " in rulebook(settings)


def test_words_for_no_rule_are_refused() -> None:
    with pytest.raises(Misconfigured, match=r"row\.mailbox\.publik.*Do you mean row\.mailbox\."):
        rulebook(changed(wording={"row.mailbox.publik": Wording()}))
