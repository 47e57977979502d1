"""Which rules hold for which procedure.

A revocation is never stopped by a trifle: signature, capacity, ownership and
serial number decide, every other fault is told and stops nothing, and what is
doubtful goes to an officer instead of back to the agency.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from bot.dossier.attachment_rules import ATTACHMENT_RULES
from bot.dossier.case import Case
from bot.dossier.change_rules import CHANGE_RULES
from bot.dossier.file_rules import FILE_RULES
from bot.dossier.form import Procedure
from bot.dossier.issue_rules import ISSUE_RULES
from bot.dossier.letter_rules import LETTER_RULES
from bot.dossier.mail_rules import MAIL_RULES
from bot.dossier.naming_rules import NAMING_RULES
from bot.dossier.neighbour_rules import NEIGHBOUR_RULES
from bot.dossier.own_letter_rules import OWN_LETTER_RULES
from bot.dossier.person_rules import PERSON_RULES
from bot.dossier.receiver_rules import RECEIVER_RULES
from bot.dossier.revoke_rules import REVOKE_RULES, told_only
from bot.dossier.rules import HOLD, Rule, reworded, softened
from bot.dossier.sheet_rules import SHEET_ROW_RULES, SHEET_RULES
from bot.dossier.signature_rules import SIGNATURE_RULES
from bot.errors import Misconfigured
from bot.sections.authority import Rules
from bot.variables import nearest

T = TypeVar("T")

DECIDING = (*FILE_RULES, *SIGNATURE_RULES)
REST = (
    *LETTER_RULES,
    *OWN_LETTER_RULES,
    *NAMING_RULES,
    *RECEIVER_RULES,
    *MAIL_RULES,
    *ATTACHMENT_RULES,
    *SHEET_RULES,
)
TRIFLES = {"signature.time_old", "signature.time_future"}
DOUBTS = {"form.divergent", "letter.no_rows"}
MISSING = "Người có trong danh sách được thu hồi ngay; nếu còn thiếu ai, đề nghị gửi văn bản mới."


def _on_revocation(rules: tuple[Rule[Case], ...]) -> Iterator[Rule[Case]]:
    for rule in rules:
        if rule.code in DOUBTS or rule in SHEET_RULES:  # who is in a list that is not read?
            yield from softened([rule], HOLD)
        elif rule in DECIDING and rule.code not in TRIFLES:
            yield rule
        else:
            yield _told(rule)


def _told(rule: Rule[Case]) -> Rule[Case]:
    told = told_only(rule)
    return replace(told, remedy=MISSING) if rule.code == "letter.count_differs" else told


# Of the letter, its signatures and its mail.
ALL_RULES = (*DECIDING, *REST)
LETTER: Mapping[Procedure, tuple[Rule[Case], ...]] = {
    Procedure.ISSUE: ALL_RULES,
    Procedure.CHANGE: ALL_RULES,
    Procedure.REVOKE: tuple(_on_revocation(ALL_RULES)),
    Procedure.WITHDRAW: ALL_RULES,
    Procedure.OTHER: ALL_RULES,
}

# Of each row; a rule's subject is a `RowCase` of the kind of row that the procedure has.
ROW: Mapping[Procedure, tuple[Rule[Any], ...]] = {
    Procedure.ISSUE: (*ISSUE_RULES, *PERSON_RULES, *NEIGHBOUR_RULES, *SHEET_ROW_RULES),
    Procedure.CHANGE: (*CHANGE_RULES, *SHEET_ROW_RULES),
    Procedure.REVOKE: REVOKE_RULES,
    Procedure.WITHDRAW: (),
    Procedure.OTHER: (),
}


def in_force(rules: Iterable[Rule[T]], settings: Rules) -> tuple[Rule[T], ...]:
    """The same rules, in the words that are set."""
    return tuple(reworded(rules, settings.wording))


def require_known(settings: Rules) -> None:
    """Refuse words for a rule that there is not.

    Raises:
        Misconfigured: naming the first.
    """
    every = (*ALL_RULES, *(rule for rules in ROW.values() for rule in rules))
    known = {rule.code: rule for rule in every}
    for code in settings.wording.keys() - known.keys():
        like = nearest(code, known)
        raise Misconfigured(
            f"Setting rules.wording: there is no rule {code}.",
            f"Do you mean {like}?" if like else "`bot rules` prints them all.",
        )
