"""Whatever an officer may be told of a rule or an order has words."""

import re
from typing import Any

import pytest

from bot.dossier import ruleset
from bot.dossier.rules import Consequence, Rule
from bot.outbox.order_words import BASES, CONSEQUENCES, VERBS, basis
from bot.register.lifecycle import Verb

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
