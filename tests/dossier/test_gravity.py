"""One more fault never lightens a decision: the real ones, in all their combinations."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dossier.case import Case
from bot.dossier.decision import Decision, Outcome, decide
from tests.dossier.builders import a_case, a_person
from tests.dossier.test_rules import KNOWN_FAULTS, LETTER_FAULTS, ROW_FAULTS

GRAVITY = {Outcome.ACCEPT: 0, Outcome.HOLD: 1, Outcome.RETURN: 2}

# What is changed for a fault of the letter, of one of its rows, or of what is known of it.
Fault = tuple[str, dict[str, Any]]
of_the_letter = st.sampled_from([("letter", changes) for changes in LETTER_FAULTS.values()])
of_a_row = st.sampled_from([("row", changes) for changes in ROW_FAULTS.values()])
of_the_register = st.sampled_from([("known", {"known": one}) for one in KNOWN_FAULTS.values()])
faults = st.lists(of_the_letter | of_a_row | of_the_register, max_size=4)


def with_faults(*faults: Fault) -> Case | None:
    """A letter of two rows with all these faults; None where two of them change one thing."""
    letter: dict[str, Any] = {}
    fields: dict[str, str] = {}
    row: dict[str, Any] = {}
    for about, changes in faults:
        parts = [(row, changes)] if about != "letter" else [
            (fields, changes.get("fields", {})),
            (letter, {name: one for name, one in changes.items() if name != "fields"}),
        ]  # fmt: skip
        for into, more in parts:
            if into.keys() & more.keys():
                return None
            into.update(more)
    if "known" in row:
        letter["known"] = {2: row.pop("known")}
    return a_case(a_person(1), a_person(2, **row), fields=fields, **letter)


def accepted(decision: Decision) -> set[int]:
    return {row.position for row in decision.rows if row.outcome is Outcome.ACCEPT}


@settings(max_examples=150)
@given(faults, of_the_letter | of_a_row | of_the_register)
def test_one_more_fault_never_lightens(some: list[Fault], more: Fault) -> None:
    before, after = with_faults(*some), with_faults(*some, more)
    if before and after:
        was, now = decide(before), decide(after)
        assert GRAVITY[now.outcome] >= GRAVITY[was.outcome]
        assert accepted(now) <= accepted(was)
        if was.outcome is now.outcome is Outcome.ACCEPT:  # a held letter lets its rows stand
            for one, same in zip(was.rows, now.rows, strict=True):
                assert GRAVITY[same.outcome] >= GRAVITY[one.outcome]
