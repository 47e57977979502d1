"""Whatever an officer may be told of a rule or an order has words."""

import inspect
import re
from typing import Any

import pytest

from bot.cli.refusals import SAID
from bot.dossier import ruleset
from bot.dossier.rules import Consequence, Rule
from bot.errors import BotError
from bot.outbox import refusals
from bot.outbox.order_words import BASES, CONSEQUENCES, REFUSALS, VERBS, basis
from bot.procedures.orders import hearing
from bot.procedures.orders import obeying as orders
from bot.procedures.power import acts, carrying, enrolment, mass_revocation, officers, pausing
from bot.procedures.power import proposing as power
from bot.register.lifecycle import Verb
from bot.signatures import signer, smime

STANDARD = re.compile(r"(EN|RFC|ISO) [0-9A-Z][0-9A-Z .-]*[0-9A-Z]")
RULES: list[Rule[Any]] = [
    *ruleset.ALL_RULES,
    *(rule for rules in ruleset.ROW.values() for rule in rules),
]


@pytest.mark.parametrize("source", sorted({rule.source for rule in RULES}))
def test_what_a_rule_rests_on_is_said_in_vietnamese(source: str) -> None:
    said = basis(source)
    assert said in BASES.values() or STANDARD.fullmatch(said), said


def test_standards_keep_their_clause() -> None:
    assert basis("RFC 5322 3.6.2; register of agencies") == "RFC 5322 3.6.2"
    assert basis("EN 319 102-1, claimed signing time") == "EN 319 102-1"


def test_every_verb_and_consequence_has_words() -> None:
    assert set(VERBS) == set(Verb)
    assert set(CONSEQUENCES) == set(Consequence)


@pytest.mark.parametrize(
    "code",
    sorted(
        error.code
        for room in (acts, carrying, enrolment, mass_revocation, officers, pausing, power)
        for _, error in inspect.getmembers(room, inspect.isclass)
        if issubclass(error, BotError) and error.__module__ == room.__name__
    ),
)
def test_whatever_a_proposal_is_refused_for_has_words(code: str) -> None:
    assert code in refusals.REFUSALS or code == "order.needed"  # no mail is without one
    assert code in SAID


@pytest.mark.parametrize("room", [hearing, orders, signer, smime])
def test_whatever_an_order_is_not_believed_or_obeyed_for_has_words(room: Any) -> None:
    named = r'"((?:order|officer|certificate|signature|revocation|mail)\.[a-z_]+)"'
    codes = set(re.findall(named, inspect.getsource(room)))
    # an officer is known by a certificate that was read, and by an intact signature
    unseen = {"certificate.unreadable", "signature.unreadable", "officer.ordered", "order.misread"}
    assert codes - unseen <= set(REFUSALS) | {"order.refused"}
