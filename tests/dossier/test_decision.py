"""What must always hold of a decision."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dossier.case import Case, Signed, Signer
from bot.dossier.decision import OVERRULED, Decision, Outcome, conclude, decide
from bot.dossier.form import row_field
from bot.dossier.form01 import FORM_01
from bot.dossier.known import Known
from bot.dossier.letter import read_form
from bot.dossier.rules import Consequence, Fault
from bot.register.lifecycle import Capacity
from bot.signatures.verdict import Indication, SubIndication, Verdict
from tests.dossier.builders import (
    RECEIVED,
    a_case,
    a_person,
    a_signature,
    a_signer,
    by_leader,
    by_seal,
    form_values,
    undetermined,
)

GRAVITY = {Outcome.ACCEPT: 0, Outcome.HOLD: 1, Outcome.RETURN: 2}


def a_fault(consequence: Consequence) -> Fault:
    return Fault("test", consequence, None, None, "", "", "")


faults = st.lists(st.sampled_from(Consequence).map(a_fault), max_size=3).map(tuple)
rows = st.dictionaries(st.integers(1, 10), faults, max_size=4)


@given(faults, rows, st.sampled_from(Consequence))
def test_one_more_fault_of_the_letter_never_lightens(
    letter: tuple[Fault, ...], rows: dict[int, tuple[Fault, ...]], more: Consequence
) -> None:
    before = conclude(letter, rows)
    after = conclude((*letter, a_fault(more)), rows)
    assert GRAVITY[after.outcome] >= GRAVITY[before.outcome]
    accepted = {row.position for row in before.rows if row.outcome is Outcome.ACCEPT}
    assert {row.position for row in after.rows if row.outcome is Outcome.ACCEPT} <= accepted


@given(faults, rows, st.integers(1, 10), st.sampled_from(Consequence))
def test_one_more_fault_of_a_row_never_lightens(
    letter: tuple[Fault, ...],
    rows: dict[int, tuple[Fault, ...]],
    position: int,
    more: Consequence,
) -> None:
    rows = {position: (), **rows}
    before = conclude(letter, rows)
    after = conclude(letter, {**rows, position: (*rows[position], a_fault(more))})
    assert GRAVITY[after.outcome] >= GRAVITY[before.outcome]
    if before.outcome is after.outcome is Outcome.ACCEPT:
        for was, now in zip(before.rows, after.rows, strict=True):
            assert GRAVITY[now.outcome] >= GRAVITY[was.outcome]
            assert was.position == position or now.outcome is was.outcome


verdicts = st.one_of(
    st.just(Verdict.passed()),
    st.builds(
        lambda indication, why: Verdict(
            indication=indication, sub_indication=why, reasons=("test",)
        ),
        st.sampled_from([Indication.TOTAL_FAILED, Indication.INDETERMINATE]),
        st.sampled_from(SubIndication),
    ),
)
signers = st.one_of(
    st.none(),
    st.builds(
        a_signer,
        st.sampled_from(Capacity),
        agency_id=st.integers(1, 2),
        in_force=st.booleans(),
    ),
)


@st.composite
def signed(draw: st.DrawFn) -> Signed:
    verdict = draw(verdicts)
    intact = verdict == Verdict.passed() or draw(st.booleans())
    time = draw(st.none() | st.integers(-99, 99).map(lambda days: RECEIVED + timedelta(days)))
    return Signed(a_signature(verdict=verdict, intact=intact, signing_time=time), draw(signers))


typed = st.text(max_size=30) | st.sampled_from(
    ["", "01/1", "05/09/1985", "001185000001", "0912345678", "a@b.gov.vn", "a@laocai.go", "on"]
)
names = st.sampled_from(
    [*form_values(), *(row_field(9, column) for column in FORM_01.columns), "unknown"]
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    values = {**form_values(), **draw(st.dictionaries(names, typed, max_size=5))}
    return a_case(
        application=draw(st.sampled_from([read_form(values), None])),
        signatures=tuple(draw(st.lists(signed(), max_size=3)))
        or draw(st.sampled_from([(), (by_leader(), by_seal())])),
        file_faults=tuple(draw(st.lists(st.sampled_from(["pdf.xfa", "pdf.odd"]), max_size=1))),
        divergent=tuple(draw(st.lists(names, max_size=1))),
        senders=tuple(draw(st.lists(st.text(max_size=9), max_size=2)))
        or ("c3chuvanan@hanoiedu.edu.vn",),
        known={1: Known(mailbox_of_another=draw(st.booleans()))},
        patience_over=draw(st.booleans()),
    )


@settings(max_examples=300)
@given(cases())
def test_every_case_is_decided_and_only_proper_authority_is_accepted(case: Case) -> None:
    decision = decide(case)
    if decision.retry:
        assert decision == Decision(Outcome.STAND, retry=True)
        assert not case.patience_over
        return
    assert len(decision.rows) == len(case.rows)
    if decision.outcome is Outcome.ACCEPT:
        assert case.application
        assert decision.rows
        assert authority(case) >= {Capacity.LEADER, Capacity.ORGANISATION}
        assert not case.file_faults
        assert not case.divergent
    else:
        assert not any(row.outcome is Outcome.ACCEPT for row in decision.rows)


def authority(case: Case) -> set[Capacity]:
    def believed(signer: Signer | None, passed: bool) -> bool:
        return bool(passed and signer and signer.agency_id == 1 and signer.in_force)

    return {
        one.signer.capacity
        for one in case.signatures
        if one.signer and believed(one.signer, one.signature.passed)
    }


def test_while_revocation_data_is_awaited_nothing_else_is_decided() -> None:
    waiting = by_leader(verdict=undetermined(SubIndication.TRY_LATER))
    decision = decide(a_case(signatures=(waiting,), fields={"letter_date": ""}))
    assert decision == Decision(Outcome.STAND, retry=True)


def test_when_patience_is_over_an_officer_decides_and_rows_stand() -> None:
    waiting = by_leader(verdict=undetermined(SubIndication.TRY_LATER))
    decision = decide(a_case(signatures=(waiting, by_seal()), patience_over=True))
    assert decision.outcome is Outcome.HOLD
    assert {row.outcome for row in decision.rows} == {Outcome.STAND}


def test_good_rows_never_wait_for_bad_ones() -> None:
    case = a_case(
        a_person(1), a_person(2, mailbox="hoa@@hanoiedu.edu.vn"), a_person(3, title="Giám đốc")
    )
    decision = decide(case)
    assert decision.outcome is Outcome.ACCEPT
    assert [row.outcome for row in decision.rows] == [Outcome.ACCEPT, Outcome.RETURN, Outcome.HOLD]


def test_a_letter_of_returned_rows_alone_is_returned() -> None:
    decision = decide(a_case(a_person(1, mailbox="hoa@gmail.com")))
    assert decision.outcome is Outcome.RETURN
    assert decision.faults == ()


def test_a_returned_letter_returns_its_good_rows() -> None:
    decision = decide(a_case(fields={"notify": ""}))
    assert {row.outcome for row in decision.rows} == {Outcome.RETURN}


def overruling(case: Case, *codes: tuple[str, int | None]) -> Decision:
    return decide(replace(case, overruled=frozenset(codes)))


def test_what_an_officer_lets_pass_is_told_and_stops_nothing() -> None:
    case = a_case(a_person(1), a_person(2, title="Giám đốc"), senders=("ai-do@gmail.com",))
    assert decide(case).outcome is Outcome.HOLD
    letter = overruling(case, ("mail.from", None))
    assert [row.outcome for row in letter.rows] == [Outcome.ACCEPT, Outcome.HOLD]
    both = overruling(case, ("mail.from", None), ("row.title.excluded", 2))
    assert (both.outcome, {row.outcome for row in both.rows}) == (Outcome.ACCEPT, {Outcome.ACCEPT})
    assert [(one.code, one.consequence, one.remedy) for one in both.faults] == [
        ("mail.from", Consequence.NOTE, OVERRULED)
    ]


def test_an_officer_lets_pass_one_fault_of_one_row() -> None:
    case = a_case(a_person(1, title="Giám đốc"), a_person(2, title="Giám đốc"))
    decision = overruling(case, ("row.title.excluded", 2), ("mail.from", None))
    assert [row.outcome for row in decision.rows] == [Outcome.HOLD, Outcome.ACCEPT]


def test_what_holds_a_letter_is_let_pass_for_the_rows_that_are_named_alone() -> None:
    case = a_case(a_person(1), a_person(2), senders=("ai-do@gmail.com",))
    decision = overruling(case, ("mail.from", 1))
    assert decision.outcome is Outcome.ACCEPT
    assert [row.outcome for row in decision.rows] == [Outcome.ACCEPT, Outcome.HOLD]
    (fault,) = decision.rows[1].faults
    assert (fault.code, fault.position) == ("mail.from", 2)


def test_nobody_lets_pass_what_comes_back_or_could_not_be_read() -> None:
    wrong = a_case(fields={"notify": ""})
    assert overruling(wrong, ("letter.notify", None)).outcome is Outcome.RETURN
    unopened = a_case(application=None, file_faults=("sandbox.time",), patience_over=True)
    (fault,) = decide(unopened).faults
    assert overruling(unopened, (fault.code, fault.position)) == decide(unopened)


@settings(max_examples=40)
@given(cases(), st.data())
def test_overruling_never_makes_graver_and_returns_stay_returns(
    case: Case, data: st.DataObject
) -> None:
    before = decide(case)
    told = [*before.faults, *(fault for row in before.rows for fault in row.faults)]
    if not told:
        return
    codes = data.draw(st.lists(st.sampled_from([(one.code, one.position) for one in told])))
    after = overruling(case, *codes)
    assert GRAVITY.get(after.outcome, 0) <= GRAVITY.get(before.outcome, 0)
    if before.outcome is Outcome.RETURN:
        assert after.outcome is Outcome.RETURN
