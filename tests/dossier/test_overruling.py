"""What an officer lets pass of signatures whose status nobody could learn."""

from dataclasses import replace

from bot.dossier.decision import Outcome, decide
from bot.signatures.verdict import SubIndication
from tests.dossier.builders import a_case, by_leader, by_seal, undetermined

AWAY = undetermined(SubIndication.TRY_LATER)


def test_a_signature_that_could_not_be_checked_is_let_pass() -> None:
    case = a_case(signatures=(by_leader(verdict=AWAY), by_seal()), patience_over=True)
    holding = {(one.code, one.position) for one in decide(case).faults}
    assert holding == {("signature.unchecked", None)}
    assert decide(replace(case, overruled=frozenset(holding))).outcome is Outcome.ACCEPT


def test_a_signature_that_turns_out_to_be_revoked_is_not() -> None:
    revoked = undetermined(SubIndication.REVOKED_NO_POE)
    case = a_case(signatures=(by_leader(verdict=revoked), by_seal()), patience_over=True)
    passed = replace(case, overruled=frozenset({("signature.unchecked", None)}))
    assert decide(passed) == decide(case)
    assert decide(passed).outcome is Outcome.RETURN
