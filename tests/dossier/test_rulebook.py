from pathlib import Path

from bot.dossier.rulebook import rulebook

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_page_is_what_the_rules_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == rulebook()
