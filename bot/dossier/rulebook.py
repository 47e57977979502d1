"""Every rule as a document that an officer approves: what `bot rules` prints.

docs/rules.md is that print under the settings that nobody has changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.config import Settings
from bot.dossier import ruleset
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from bot.dossier.own_letter_rules import UNDECLARED
from bot.dossier.rules import Consequence, Rule
from bot.dossier.terms import WORDS
from bot.sections.authority import Rules

HEAD = """\
# Rules

Every broken rule is reported at once; the gravest consequence wins: `return` (the agency mends
and sends anew), `hold` (an officer decides), `note` (told, and stops nothing). A returned letter
returns all its rows; a held one lets them stand; else each row goes its own way. While revocation
data cannot be had, nothing is decided until patience is over (`trust.patience_hours`). Who goes
first where two requests meet: [conflicts.md](conflicts.md).

`bot rules` prints this page from the rules themselves, as its settings have them. A rule's words
are a setting too: `rules.wording`, by its code.
"""


ABOUT = {
    "terms": "the vocabulary that goes out: of 2023, or of Decree 68/2024",
    "authority.name": "accepted «Kính gửi»",
    "trust.patience_hours": "how long revocation data that cannot be had is waited for",
}


@dataclass(frozen=True)
class Line:
    """A rule as it is read. `on_revocation`: its consequence there, for a rule of the letter."""

    code: str
    source: str
    consequence: Consequence
    text: str
    remedy: str
    on_revocation: Consequence | None = None


@dataclass(frozen=True)
class Chapter:
    """The rules about one thing. `about`: what each of them looks at, for scripts."""

    about: str
    title: str
    lines: tuple[Line, ...]
    note: str = ""


def chapters(settings: Settings) -> tuple[Chapter, ...]:
    """Every rule in force, in the order in which they are tried.

    Raises:
        Misconfigured: words are set for a rule that there is not.
    """
    ruleset.require_known(settings.rules)
    weights = {rule.code: rule.consequence for rule in ruleset.LETTER[Procedure.REVOKE]}
    return (
        Chapter(
            "letter",
            "The letter, its signatures and its mail",
            _lines(ruleset.ALL_RULES, settings, weights),
            "The last column is the consequence for a revocation, which no trifle stops.",
        ),
        *(
            Chapter(
                f"form {form.number}",
                f"Each row of form {form.number}",
                _lines(ruleset.ROW[form.procedure], settings),
            )
            for form in FORMS.values()
        ),
    )


def in_force(settings: Settings) -> dict[str, Any]:
    """What the rules go by, by the setting's name: numbers, words, lists of words."""
    rules = settings.rules
    return {
        "terms": settings.terms,
        "authority.name": settings.authority.name,
        "trust.patience_hours": settings.trust.patience_hours,
        **{f"rules.{name}": getattr(rules, name) for name in Rules.model_fields},
        "rules.wording": sorted(rules.wording),
    }


def rulebook(settings: Settings) -> str:
    """The whole document, Markdown."""
    return "\n".join([HEAD, *_settings(settings), *map(_chapter, chapters(settings)), ""])


def _lines(
    rules: Sequence[Rule[Any]],
    settings: Settings,
    weights: Mapping[str, Consequence] | None = None,
) -> tuple[Line, ...]:
    told = {"certificate": WORDS[settings.terms].certificate, "detail": "…"}
    return tuple(
        Line(
            rule.code,
            rule.source,
            rule.consequence,
            rule.text.format(**told),
            rule.remedy.format(**told),
            weights[rule.code] if weights else None,
        )
        for rule in ruleset.in_force(rules, settings.rules)
        if rule.code != UNDECLARED or rule.consequence == settings.rules.undeclared
    )


def _settings(settings: Settings) -> Iterator[str]:
    yield "## Settings in force\n"
    yield "| setting | value | what it is |"
    yield "|---|---|---|"
    for name, value in in_force(settings).items():
        field = Rules.model_fields.get(name.removeprefix("rules."))
        about = field.description if field else ABOUT[name]
        yield f"| `{name}` | {_shown(value)} | {about} |"


def _shown(value: object) -> str:
    text = " · ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return _cell(text) or "(none)"


def _chapter(chapter: Chapter) -> str:
    has_last = any(line.on_revocation for line in chapter.lines)
    return "\n".join(
        [
            f"\n## {chapter.title}\n",
            *([f"{chapter.note}\n"] if chapter.note else []),
            "| code | source | consequence | text | remedy |" + (" form 05 |" if has_last else ""),
            "|---|---|---|---|---|" + ("---|" if has_last else ""),
            *(
                f"| `{line.code}` | {line.source} | {line.consequence} "
                f"| {_cell(line.text)} | {_cell(line.remedy)} |"
                + (f" {line.on_revocation} |" if has_last else "")
                for line in chapter.lines
            ),
        ]
    )


def _cell(text: str) -> str:
    """Words of a setting stay in their cell."""
    return " ".join(text.replace("|", "\\|").split())
