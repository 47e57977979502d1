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
    letter = tuple(examine(case, letter_rules, case.words))
    row_rules = in_force(ruleset.ROW[case.procedure], case.rules)
    rows = {}
    for row in case.rows:
        at = row.row.position
        own = _weighed(examine(row, row_rules, case.words, at), case)
        rows[at] = (*_fallen_on(at, letter, case), *own)
    return conclude(tuple(_weighed(letter, case)), rows)


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
    """What an officer has let pass stops nothing more."""
    for fault in faults:
        passed = _let_pass(fault, case)
        if passed if fault.position is None else fault.position in passed:
            yield replace(fault, consequence=Consequence.NOTE, remedy=OVERRULED)
        else:
            yield fault


def _fallen_on(row: int, letter: Iterable[Fault], case: Case) -> Iterator[Fault]:
    """What holds the letter holds a row alone, once it was let pass for others."""
    for fault in letter:
        passed = _let_pass(fault, case)
        if passed and passed.isdisjoint({None, row}):
            yield replace(fault, position=row)


def _let_pass(fault: Fault, case: Case) -> set[int | None]:
    """The rows for which an officer has let `fault` pass; None: for all that waited.

    Nobody lets pass what could not be read.
    """
    if not case.application or fault.consequence is not HOLD or fault.code in UNYIELDING:
        return set()
    return {position for code, position in case.overruled if code == fault.code}


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
