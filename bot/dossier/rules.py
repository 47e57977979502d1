"""Rules are rows: a code, its source, its consequence, what to say, and when it is broken.

Every broken rule is reported at once; the gravest consequence wins.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

from bot.dossier.terms import Words
from bot.sections.authority import Wording

T = TypeVar("T")
Subject = TypeVar("Subject", contravariant=True)

SHOWN = 200  # characters of a value that are repeated to people


class Consequence(StrEnum):
    """What a broken rule leads to, in order of gravity."""

    NOTE = "note"  # told, and stops nothing
    HOLD = "hold"  # an officer decides
    RETURN = "return"  # the agency mends and sends anew

    @property
    def gravity(self) -> int:
        return list(Consequence).index(self)


NOTE, HOLD, RETURN = Consequence
WAIT = "Cán bộ tiếp nhận sẽ kiểm tra; cơ quan, tổ chức chưa phải làm gì."  # what HOLD asks for
OVERTAKEN = "row.overtaken"  # told of a row that was vetted, and something else came first


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a rule is broken: the column's label, what was typed there, and details to tell.

    `position` is the row's, where a rule of the letter speaks of one.
    """

    column: str | None = None
    value: str = ""
    suggestion: str = ""
    detail: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """`find` yields one finding for each place where a subject breaks the rule.

    `text` and `remedy` are for the agency; `{certificate}` and `{detail}` are
    filled in.
    """

    code: str
    source: str
    consequence: Consequence
    text: str
    remedy: str
    find: Callable[[Subject], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken rule as it is told. `position` is the row's, None for the letter."""

    code: str
    consequence: Consequence
    position: int | None
    column: str | None
    value: str
    text: str
    remedy: str


def when(broken: Callable[[T], object], column: str | None = None) -> Callable[[T], list[Finding]]:
    """A finder that needs no more than a yes or no."""
    return lambda subject: [Finding(column)] if broken(subject) else []


def examine(
    subject: T, rules: Iterable[Rule[T]], words: Words, position: int | None = None
) -> Iterator[Fault]:
    """Yield a fault for every place where `subject` breaks a rule, in list order."""
    for rule in rules:
        for finding in rule.find(subject):
            told = {"certificate": words.certificate, "detail": finding.detail}
            remedy = rule.remedy.format(**told)
            if finding.suggestion:
                remedy += f" Gợi ý, cần kiểm tra lại: {finding.suggestion}"
            yield Fault(
                rule.code,
                rule.consequence,
                finding.position or position,
                finding.column,
                finding.value[:SHOWN],
                rule.text.format(**told),
                remedy,
            )


def softened(rules: Iterable[Rule[T]], consequence: Consequence) -> Iterator[Rule[T]]:
    """The same rules, where a fault weighs no more than `consequence`."""
    for rule in rules:
        yield replace(rule, consequence=min(rule.consequence, consequence, key=_gravity))


def reworded(rules: Iterable[Rule[T]], wording: Mapping[str, Wording]) -> Iterator[Rule[T]]:
    """The same rules, saying what `wording` has for their codes."""
    for rule in rules:
        said = wording.get(rule.code, Wording())
        yield replace(rule, text=said.text or rule.text, remedy=said.remedy or rule.remedy)


def gravest(faults: Iterable[Fault]) -> Consequence:
    """The gravest consequence of `faults`; a note where there are none."""
    found = (fault.consequence for fault in faults)
    return max(found, key=_gravity, default=Consequence.NOTE)


def _gravity(consequence: Consequence) -> int:
    return consequence.gravity
