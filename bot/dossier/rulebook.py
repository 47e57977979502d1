"""Every rule as a page: what docs/rules.md is made of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.dossier import ruleset
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from bot.dossier.officer_rules import OFFICER_RULES
from bot.dossier.rules import Consequence, Rule
from bot.dossier.terms import WORDS
from bot.sections.authority import Terms

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
    weights = {rule.code: rule.consequence for rule in ruleset.LETTER[Procedure.REVOKE]}
    return "\n".join(
        [
            HEAD,
            "## The letter, its signatures and its mail\n",
            "The last column is the consequence for a revocation, which no trifle stops.\n",
            *_table(ruleset.ALL_RULES, weights),
            *(
                line
                for form in FORMS.values()
                for line in (
                    f"\n## Each row of form {form.number}\n",
                    *_table(ruleset.ROW[form.procedure]),
                )
            ),
            "\n## What nothing sends back\n",
            *_table(OFFICER_RULES),
            "",
        ]
    )


def _table(
    rules: Sequence[Rule[Any]], weights: Mapping[str, Consequence] | None = None
) -> Iterator[str]:
    """`weights` are the consequences that a last column shows, by code."""
    yield "| code | source | consequence | text | remedy |" + (" form 05 |" if weights else "")
    yield "|---|---|---|---|---|" + ("---|" if weights else "")
    told = {"certificate": WORDS[Terms.OFFICIAL].certificate, "detail": "…"}
    for rule in rules:
        yield (
            f"| `{rule.code}` | {rule.source} | {rule.consequence} "
            f"| {rule.text.format(**told)} | {rule.remedy.format(**told)} |"
            + (f" {weights[rule.code]} |" if weights else "")
        )
