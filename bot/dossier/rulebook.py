"""Every rule as a page: what docs/rules.md is made of."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.config import Terms
from bot.dossier.letter_rules import LETTER_RULES
from bot.dossier.row_rules import ROW_RULES
from bot.dossier.rules import Rule
from bot.dossier.terms import WORDS

HEAD = """\
# Rules

Every broken rule is reported at once; the gravest consequence wins: `return` (the agency mends
and sends anew), `hold` (an officer decides), `note` (told, and stops nothing). A returned letter
returns all its rows; a held one lets them stand; else each row goes its own way. While revocation
data cannot be had, nothing is decided until patience is over (`trust.patience_hours`).

This page is made from the rules themselves, in the words of Decree 68/2024; a test compares them.
"""


def rulebook() -> str:
    """All rules as Markdown: code, source, consequence, text, remedy."""
    return "\n".join(
        [
            HEAD,
            "## The letter and its mail\n",
            *_table(LETTER_RULES),
            "\n## Each row\n",
            *_table(ROW_RULES),
            "",
        ]
    )


def _table(rules: Sequence[Rule[Any]]) -> Iterator[str]:
    yield "| code | source | consequence | text | remedy |"
    yield "|---|---|---|---|---|"
    told = {"certificate": WORDS[Terms.OFFICIAL].certificate, "detail": "…"}
    for rule in rules:
        yield (
            f"| `{rule.code}` | {rule.source} | {rule.consequence} "
            f"| {rule.text.format(**told)} | {rule.remedy.format(**told)} |"
        )
