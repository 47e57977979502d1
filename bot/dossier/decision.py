"""From rules to a decision: one for the letter, one for each row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.dossier import ruleset
from bot.dossier.case import Case
from bot.dossier.person_rules import UNYIELDING
from bot.dossier.rules import HOLD, Consequence, Fault, examine, gravest
from bot.dossier.ruleset import in_force
from bot.signatures.verdict import SubIndication

OVERRULED = "Cán bộ tiếp nhận đã xem xét và chấp nhận điểm này."


class Outcome(StrEnum):
    """What becomes of a letter or a row."""

    ACCEPT = "accept"
    HOLD = "hold"
    RETURN = "return"
    STAND = "stand"  # nothing yet: revocation data is awaited, or the letter is held


@dataclass(frozen=True, slots=True)
class RowDecision:
    position: int
    outcome: Outcome
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`retry`: judge again later; nothing else is decided."""

    outcome: Outcome
    faults: tuple[Fault, ...] = ()
    rows: tuple[RowDecision, ...] = ()
    retry: bool = False


def decide(case: Case) -> Decision:
    """Judge a letter and each of its rows."""
    if _could_not_check(case) and not case.patience_over:
        return Decision(Outcome.STAND, retry=True)
    letter_rules = in_force(ruleset.LETTER[case.procedure], case.rules)
    letter = tuple(_weighed(examine(case, letter_rules, case.words), case))
    row_rules = in_force(ruleset.ROW[case.procedure], case.rules)
    rows = {
        row.row.position: tuple(
            _weighed(examine(row, row_rules, case.words, row.row.position), case)
        )
        for row in case.rows
    }
    return conclude(letter, rows)


def conclude(letter: tuple[Fault, ...], rows: dict[int, tuple[Fault, ...]]) -> Decision:
    """What follows from the faults of a letter and of its rows, by position.

    A returned letter returns all its rows, a held one lets them stand; else
    each row goes its own way. A letter is returned too when all its rows are.
    """
    own = {position: _outcome(faults) for position, faults in rows.items()}
    outcome = _outcome(letter)
    if own and set(own.values()) == {Outcome.RETURN}:
        outcome = Outcome.RETURN
    decided = (
        RowDecision(position, _beneath(outcome, own[position]), faults)
        for position, faults in rows.items()
    )
    return Decision(outcome, letter, tuple(decided))


def _weighed(faults: Iterable[Fault], case: Case) -> Iterator[Fault]:
    """What an officer has let pass stops nothing more; nobody lets pass what could not be read."""
    for fault in faults:
        is_overruled = case.application and (fault.code, fault.position) in case.overruled
        if is_overruled and fault.consequence is HOLD and fault.code not in UNYIELDING:
            yield replace(fault, consequence=Consequence.NOTE, remedy=OVERRULED)
        else:
            yield fault


def _outcome(faults: Iterable[Fault]) -> Outcome:
    return {
        Consequence.NOTE: Outcome.ACCEPT,
        Consequence.HOLD: Outcome.HOLD,
        Consequence.RETURN: Outcome.RETURN,
    }[gravest(faults)]


def _beneath(letter: Outcome, row: Outcome) -> Outcome:
    match letter:
        case Outcome.RETURN:
            return Outcome.RETURN
        case Outcome.HOLD:
            return Outcome.STAND
        case _:
            return row


def _could_not_check(case: Case) -> bool:
    awaited = (*case.authorising, *case.replacing, *(case.sealing if case.loose_sheets else ()))
    return case.unopened or any(
        signed.signature.verdict.sub_indication is SubIndication.TRY_LATER for signed in awaited
    )
