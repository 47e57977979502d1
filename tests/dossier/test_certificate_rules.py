"""Rows that name a certificate (forms 04 and 05): each fault breaks its own rule and no other."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dossier.amendment_rules import VALUES
from bot.dossier.amendments import NAMES, Thing
from bot.dossier.case import Case
from bot.dossier.catalogue import FORMS
from bot.dossier.decision import Outcome, decide
from bot.dossier.field_rules import EVERYWHERE, SAYINGS
from bot.dossier.form import FORM, Procedure
from bot.dossier.letter import read_form
from bot.dossier.rules import HOLD, NOTE, RETURN, Consequence
from bot.dossier.ruleset import ALL_RULES, LETTER, ROW
from bot.dossier.sheet_rules import SHEET_ROW_RULES, SHEET_RULES
from tests.dossier.builders import (
    A_ROW,
    RECEIVED,
    SCHOOL,
    a_case,
    a_change,
    a_holding,
    a_revocation,
    by_leader,
    by_seal,
    form_values,
)
from tests.dossier.flaws import FLAWED

CHANGE, REVOKE = Procedure.CHANGE, Procedure.REVOKE


def flaws_of(procedure: Procedure) -> dict[str, dict[str, str]]:
    return {
        f"row.{name}.{flaw}": {name: FLAWED[field.kind][flaw]}
        for name, field in FORMS[procedure].columns.items()
        for flaw in SAYINGS.get(field.kind, ())
    }


# By code: what is typed in the row, and what the register knows of its certificate.
Faults = dict[str, tuple[dict[str, str], dict[str, Any] | None]]


def asks(what: str, new: str, **held: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """A row that wants one thing changed."""
    return {"renew": "", "what": what, "new": new}, held


def new_values() -> Faults:
    """Every flaw that a new value can have."""
    return {
        f"new.{name}.{flaw}": asks(
            NAMES[Thing(name)][0], FLAWED[field.kind][flaw].replace(";", ",")
        )
        for name, field in VALUES.items()
        for flaw in sorted(SAYINGS[field.kind].keys() - EVERYWHERE.keys())
    }


HELD: Faults = {
    "row.certificate.unknown": ({}, None),
    "row.certificate.other_agency": ({}, {"agency_id": 2, "mailbox": "x@y.gov.vn"}),
    "row.certificate.ended": ({}, {"in_force": False}),
    "row.full_name.differs": ({}, {"full_name": "Lê Hoàng Oanh"}),
    "row.mailbox.differs": ({}, {"mailbox": "khac@hanoiedu.edu.vn"}),
}
FAULTS: dict[Procedure, Faults] = {
    CHANGE: {
        **{code: (typed, {}) for code, typed in flaws_of(CHANGE).items()},
        **HELD,
        **new_values(),
        "row.wish.none": ({"renew": "", "amend": "", "what": "", "new": ""}, {}),
        "row.amend.unticked": ({"amend": ""}, {}),
        "row.certificate.superseded": ({}, {"is_current": False}),
        "row.renew.late": ({}, {"not_after": RECEIVED + timedelta(days=29)}),
        "row.renew.early": ({}, {"not_after": RECEIVED + timedelta(days=3 * 366)}),
        "row.renew.too_often": ({}, {"renewals": 1}),
        "row.amend.unclear": asks("Ảnh thẻ", "Có"),
        "new.unchanged": asks("Họ và tên", a_holding(3).full_name),
        "new.mailbox.public": asks("Email", "yen@gmail.com"),
        "new.mailbox.truncated": asks("Email", "yen@hanoiedu.edu"),
        "new.mailbox.domain": asks("Email", "yen@truong.vn"),
        "new.mailbox.agency": asks("Email", "c3chuvanan@hanoiedu.edu.vn"),
        "new.workplace.unknown": asks("Nơi công tác", "Trường khác", path=("Hà Nội", "Tên cũ")),
        "new.province.differs": asks("Tỉnh/Thành phố", "Huế", path=("Hà Tây", SCHOOL)),
        "new.place.unchanged": asks("Nơi công tác", SCHOOL),
        "new.personal_number.changed": asks("Số CCCD", "001185999999"),
    },
    REVOKE: {
        **{code: (typed, {}) for code, typed in flaws_of(REVOKE).items()},
        **HELD,
        "row.personal_number.differs": ({"personal_number": "001185000099"}, {}),
        "row.reason.suspends": ({"reason": "Đề nghị tạm dừng"}, {}),
    },
}
ELSEWHERE = {  # of their own tests: what takes more than a row and a certificate
    CHANGE: {
        "row.serial.duplicate", "new.mailbox.shared", "new.mailbox.owned", "new.mobile.owned",
        "new.mobile.register", "new.title.register", "new.title.excluded",
        "row.person.being_revoked", "row.person.under_way", "row.person.claimed",
    },
    REVOKE: {"row.serial.duplicate", "row.certificate.other_person"},
}  # fmt: skip
HELD_ON_CHANGE = {
    "row.certificate.other_agency", "row.full_name.differs", "row.amend.unclear",
    "new.full_name.too_long", "new.full_name.maybe_honorific", "new.workplace.unknown",
    "new.province.differs", "new.personal_number.changed",
}  # fmt: skip
HELD_ON_REVOCATION = {
    "row.serial.empty",
    "row.serial.invalid",
    "row.serial.overlong",
    "row.certificate.unknown",
    "row.certificate.other_agency",
}


def with_a_fault(procedure: Procedure, code: str) -> Case:
    """Three rows, of which the last breaks that rule."""
    typed, held = FAULTS[procedure][code]
    holdings = {1: a_holding(1), 2: a_holding(2)}
    if held is not None and "serial" not in typed:
        holdings[3] = a_holding(3, **held)
    make = A_ROW[procedure]
    return a_case(make(1), make(2), make(3, **typed), procedure=procedure, holdings=holdings)


@pytest.mark.parametrize("procedure", FAULTS)
def test_every_rule_is_tried(procedure: Procedure) -> None:
    rules = {rule.code for rule in ROW[procedure]}
    sheets = {rule.code for rule in SHEET_ROW_RULES}  # of its own tests
    assert FAULTS[procedure].keys() | ELSEWHERE[procedure] == rules - sheets


@pytest.mark.parametrize("procedure", FAULTS)
def test_a_valid_letter_is_accepted_with_all_its_rows(procedure: Procedure) -> None:
    decision = decide(a_case(procedure=procedure))
    assert (decision.outcome, decision.faults) == (Outcome.ACCEPT, ())
    assert [row.faults for row in decision.rows] == [(), (), ()]
    assert {row.outcome for row in decision.rows} == {Outcome.ACCEPT}


@pytest.mark.parametrize(
    ("procedure", "code"),
    [(procedure, code) for procedure, all_ in FAULTS.items() for code in all_],
)
def test_a_row_fault_breaks_its_own_rule_and_no_other(procedure: Procedure, code: str) -> None:
    decision = decide(with_a_fault(procedure, code))
    assert [[fault.code for fault in row.faults] for row in decision.rows] == [[], [], [code]]
    assert decision.faults == ()
    ((fault,),) = (row.faults for row in decision.rows if row.faults)
    if procedure is REVOKE:
        assert fault.consequence is (HOLD if code in HELD_ON_REVOCATION else NOTE)
    elif code in HELD_ON_CHANGE:
        assert fault.consequence is HOLD
    else:
        assert fault.consequence is RETURN


def test_a_letter_of_faulty_changes_comes_back_with_all_of_them() -> None:
    row = a_change(1, serial="", mailbox="hoa@@hanoiedu.edu.vn", new="")
    decision = decide(a_case(row, procedure=CHANGE, fields={"letter_date": ""}))
    assert decision.outcome is Outcome.RETURN
    assert [fault.code for fault in decision.faults] == ["letter.date_missing"]
    assert {fault.code for fault in decision.rows[0].faults} == {
        "row.serial.empty",
        "row.mailbox.double_at",
        "row.new.empty",
    }


def test_a_renewal_alone_needs_no_new_information() -> None:
    decision = decide(a_case(a_change(1, amend="", what="", new=""), procedure=CHANGE))
    assert decision.rows[0].faults == ()


def test_a_row_that_names_somebody_else_altogether_is_held_on_a_revocation() -> None:
    row = a_revocation(1, full_name="Lê Hoàng Yến", personal_number="001185000099")
    (decided,) = decide(a_case(row, procedure=REVOKE)).rows
    assert decided.outcome is Outcome.HOLD
    assert {fault.code for fault in decided.faults} == {
        "row.full_name.differs", "row.personal_number.differs", "row.certificate.other_person",
    }  # fmt: skip


def test_of_equal_rows_the_first_stands() -> None:
    rows = (a_change(1), a_change(2), a_change(1))
    codes = [[one.code for one in row.faults] for row in decide(changes(*rows)).rows]
    assert codes == [[], [], ["row.serial.duplicate"]]


def test_of_rows_of_one_certificate_that_differ_none_stands() -> None:
    rows = (a_change(1), a_change(2), a_change(1, serial="0x3A9101", renew=""))
    codes = [[one.code for one in row.faults] for row in decide(changes(*rows)).rows]
    assert codes == [["row.serial.duplicate"], [], ["row.serial.duplicate"]]


def changes(*rows: dict[str, str]) -> Case:
    holdings = {1: a_holding(1), 2: a_holding(2), 3: a_holding(1)}
    return a_case(*rows, procedure=CHANGE, holdings=holdings)


@pytest.mark.parametrize("procedure", FAULTS)
def test_a_certificate_of_others_is_not_compared(procedure: Procedure) -> None:
    """No agency learns of another's people by guessing at what differs."""
    other = a_holding(7, agency_id=2, in_force=False)
    decision = decide(a_case(A_ROW[procedure](1), procedure=procedure, holdings={1: other}))
    assert [fault.code for fault in decision.rows[0].faults] == ["row.certificate.other_agency"]


def test_of_a_letter_signature_capacity_and_doubt_decide_on_a_revocation() -> None:
    weights = {rule.code: rule.consequence for rule in LETTER[REVOKE]}
    usual = {rule.code: rule.consequence for rule in ALL_RULES}
    assert weights.keys() == usual.keys()
    trifles = (
        *("letter.", "receiver.", "declare.", "eligibility.", "named.", "withdraw.", "mail."),
        *("signature.time_", "sheet."),
    )
    lists = {rule.code for rule in SHEET_RULES}
    for code, weight in weights.items():
        if code in ("form.divergent", "letter.no_rows"):
            assert weight is HOLD
        elif code in lists:  # who stands in a list that is not read?
            assert weight is min(usual[code], HOLD, key=lambda one: one.gravity)
        elif code.startswith(trifles):
            assert weight is NOTE
        else:
            assert weight is usual[code]


typed = st.text(max_size=30) | st.sampled_from(["", "0x", "05/09/1985", "on", "a@gmail.com"])
names = st.sampled_from(sorted(form_values(procedure=REVOKE).keys() - {FORM}))


@given(
    st.dictionaries(names, typed, max_size=20),
    st.lists(st.text(max_size=9), max_size=2).map(tuple),
    st.booleans(),
    st.none() | st.just("HS-2026-000001"),
)
def test_whatever_else_is_wrong_no_revocation_comes_back(
    changes: dict[str, str], senders: tuple[str, ...], truncated: bool, used: str | None
) -> None:
    case = a_case(
        procedure=REVOKE,
        application=read_form({**form_values(procedure=REVOKE), **changes}),
        senders=senders,
        truncated=truncated,
        letter_used_in=used,
    )
    decision = decide(case)
    assert decision.outcome in (Outcome.ACCEPT, Outcome.HOLD)
    assert Outcome.RETURN not in {row.outcome for row in decision.rows}
    assert all(fault.consequence is not RETURN for row in decision.rows for fault in row.faults)


@pytest.mark.parametrize("signatures", [(by_leader(),), (by_seal(),)], ids=["seal", "leader"])
def test_without_authority_a_revocation_comes_back(signatures: Any) -> None:
    decision = decide(a_case(procedure=REVOKE, signatures=signatures))
    assert decision.outcome is Outcome.RETURN
    assert {fault.consequence for fault in decision.faults} == {Consequence.RETURN}


def test_texts_are_sentences() -> None:
    for procedure in FAULTS:
        for rule in ROW[procedure]:
            for text in (rule.text, rule.remedy):
                assert text[0].isupper(), rule.code
                assert text.endswith("."), rule.code
