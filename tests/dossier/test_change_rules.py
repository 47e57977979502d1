"""Form 04 beside what the register knows: other letters, other people, other agencies."""

from datetime import timedelta
from typing import Any

import pytest

from bot.dossier.amendments import Amendment, Thing, amendment_of
from bot.dossier.application import as_json, row_from_json
from bot.dossier.case import OTHER_AGENCY, Case
from bot.dossier.decision import Outcome, RowDecision, decide
from bot.dossier.form import Procedure
from bot.dossier.known import Claim, Known
from bot.dossier.rows import ChangeRow
from bot.dossier.rules import HOLD, NOTE, RETURN
from bot.register.lifecycle import ItemStatus
from bot.sections.authority import Rules
from tests.dossier.builders import RECEIVED, a_case, a_change, a_holding, an_application

CHANGE = Procedure.CHANGE
NOTHING = {"amend": "", "what": "", "new": ""}


def asking(what: str, new: str, **changes: str) -> dict[str, str]:
    """A row that wants one thing changed, or several."""
    return a_change(1, renew="", what=what, new=new, **changes)


def of(*rows: dict[str, str], **changes: Any) -> Case:
    return a_case(*rows, procedure=CHANGE, **changes)


def decided(case: Case) -> RowDecision:
    (row,) = decide(case).rows
    return row


def codes(case: Case) -> list[str]:
    return [fault.code for fault in decided(case).faults]


def amendment(what: str, new: str) -> Amendment:
    (row,) = an_application(asking(what, new), procedure=CHANGE).rows
    assert isinstance(row, ChangeRow)
    return amendment_of(row)


def values(what: str, new: str) -> dict[str, str | None]:
    read = amendment(what, new)
    assert not read.unclear
    return {thing: reading.value for thing, reading in read.changes.items()}


@pytest.mark.parametrize(
    ("what", "new"),
    [
        ("Họ và tên; Số điện thoại", "Lê Yến; 0912 000 009"),
        ("Họ tên\nSĐT", "Lê Yến\n0912.000.009"),
        ("1. Họ và tên\n2. Điện thoại di động", "1. Lê Yến\n2. 0912000009"),
        ("1) họ tên 2) sđt", "1) Lê Yến 2) 0912000009"),
        ("- Thay đổi họ và tên\n- Số điện thoại mới", "- Lê Yến;\n- 0912000009"),
    ],
)
def test_several_things_are_read_one_by_one(what: str, new: str) -> None:
    assert values(what, new) == {"full_name": "Lê Yến", "mobile": "+84912000009"}


@pytest.mark.parametrize(
    ("what", "new"),
    [
        ("Ảnh thẻ", "Có"),  # nothing of the list
        ("Họ tên; ảnh thẻ", "Lê Yến; Có"),
        ("Họ và tên", "Lê Yến; 0912000009"),  # more values than names
        ("Họ và tên; Số điện thoại", "Lê Yến"),
        ("Họ tên; Họ và tên", "Lê Yến; Lê Hoàng Yến"),  # twice
        ("1. Họ tên\n2. SĐT", "2. 0912000009\n1. Lê Yến"),  # in another order
        ("Họ tên, số điện thoại", "Lê Yến, 0912000009"),  # a comma may belong to a name
        ("Mật khẩu", "123456"),
        (";", ";"),
    ],
)
def test_what_is_not_understood_is_held_and_not_guessed(what: str, new: str) -> None:
    assert amendment(what, new).unclear
    assert codes(of(asking(what, new))) == ["row.amend.unclear"]
    assert decided(of(asking(what, new))).outcome is Outcome.HOLD


def test_what_an_officer_lets_pass_unread_changes_nothing() -> None:
    case = of(asking("Ảnh thẻ", "Có"), overruled=frozenset({("row.amend.unclear", 1)}))
    assert decided(case).outcome is Outcome.ACCEPT
    assert amendment("Ảnh thẻ", "Có").changes == {}


def test_a_row_without_the_tick_changes_nothing() -> None:
    (row,) = an_application(a_change(1, amend=""), procedure=CHANGE).rows
    assert isinstance(row, ChangeRow)
    assert amendment_of(row).changes == {}


def test_a_row_that_the_register_gives_back_is_read_alike() -> None:
    (row,) = an_application(asking("Email", "Yen@HanoiEdu.edu.vn"), procedure=CHANGE).rows
    again = row_from_json(as_json(row), ChangeRow)
    assert amendment_of(again).value(Thing.MAILBOX) == "yen@hanoiedu.edu.vn"


@pytest.mark.parametrize(
    ("what", "new", "told"),
    [
        ("Số điện thoại", "0912000009", {"new.mobile.register": NOTE}),
        ("Chức vụ", "Tổ phó chuyên môn", {"new.title.register": NOTE}),
        (
            "Chức vụ",
            "Kế toán trưởng",
            {"new.title.register": NOTE, "new.title.excluded": HOLD},
        ),
    ],
)
def test_what_no_certificate_bears_is_told(what: str, new: str, told: dict[str, str]) -> None:
    faults = decided(of(asking(what, new))).faults
    assert {fault.code: fault.consequence for fault in faults} == told


def test_a_place_that_the_register_has_now_may_be_certified() -> None:
    held = a_holding(1, path=("Hà Tây", "Trường cũ"))
    case = of(asking("Tỉnh; Nơi công tác", "Hà Nội; Tổ Toán"), holdings={1: held})
    assert codes(case) == []


@pytest.mark.parametrize(
    ("known", "row", "told"),
    [
        ({"mailbox_of_another": True}, a_change(1), {"new.mailbox.owned": RETURN}),
        (
            {"mobile_of_another": True},
            asking("SĐT", "0912000009"),
            {"new.mobile.owned": HOLD, "new.mobile.register": NOTE},
        ),
    ],
)
def test_what_is_another_persons_is_not_taken(
    known: dict[str, Any], row: dict[str, str], told: dict[str, str]
) -> None:
    faults = decided(of(row, known={1: Known(**known)})).faults
    assert {fault.code: fault.consequence for fault in faults} == told


def test_of_two_rows_that_want_one_mailbox_none_gets_it() -> None:
    rows = (a_change(1), a_change(2, new="moi1@hanoiedu.edu.vn"))
    found = [[fault.code for fault in row.faults] for row in decide(of(*rows)).rows]
    assert found == [["new.mailbox.shared"], ["new.mailbox.shared"]]


def test_an_amendment_is_judged_by_the_mailbox_that_it_leaves() -> None:
    """Where the agency's domains are others by now, a new mailbox is needed."""
    case = of(
        asking("Họ và tên", "Trần Đức Bính", mailbox="binh@cu.vn"),
        holdings={1: a_holding(1, mailbox="binh@cu.vn")},
    )
    assert codes(case) == ["new.mailbox.domain"]
    renewal = of(
        a_change(1, mailbox="binh@cu.vn", **NOTHING),
        holdings={1: a_holding(1, mailbox="binh@cu.vn")},
    )
    assert codes(renewal) == []


@pytest.mark.parametrize(("days", "told"), [(30, []), (29, ["row.renew.late"])])
def test_a_renewal_is_asked_in_time(days: int, told: list[str]) -> None:
    held = a_holding(1, not_after=RECEIVED + timedelta(days=days))
    assert codes(of(a_change(1, **NOTHING), holdings={1: held})) == told
    assert codes(of(a_change(1, renew=""), holdings={1: held})) == []
    loose = Rules(renewal_days=days)
    assert codes(of(a_change(1, **NOTHING), holdings={1: held}, rules=loose)) == []


def test_a_renewal_gains_time() -> None:
    held = a_holding(1, not_after=RECEIVED + timedelta(days=400))
    short = Rules(renewal_years=1)
    assert codes(of(a_change(1, **NOTHING), holdings={1: held}, rules=short)) == ["row.renew.early"]
    assert codes(of(a_change(1, renew=""), holdings={1: held}, rules=short)) == []
    assert codes(of(a_change(1, **NOTHING), holdings={1: held})) == []


def test_how_often_is_a_setting() -> None:
    held = a_holding(1, renewals=1)
    often = Rules(renewals=2)
    assert codes(of(a_change(1, **NOTHING), holdings={1: held}, rules=often)) == []
    assert codes(of(a_change(1, renew=""), holdings={1: held})) == []


def a_claim(procedure: Procedure = CHANGE, **changes: Any) -> Claim:
    valid: dict[str, Any] = {
        "dossier": "HS-2026-000001",
        "agency_id": 1,
        "agency": "Trường",
        "procedure": procedure,
        "status": ItemStatus.ACCEPTED,
        "is_earlier": True,
    }
    return Claim(**valid | changes)


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        (a_claim(), ["row.person.under_way"]),
        (a_claim(status=ItemStatus.HELD), ["row.person.under_way"]),
        (a_claim(status=ItemStatus.ASKED), []),  # under a held letter
        (a_claim(agency_id=2), ["row.person.claimed"]),
        (a_claim(agency_id=2, status=ItemStatus.HELD), []),  # anybody can name anybody
        (a_claim(Procedure.REVOKE), ["row.person.being_revoked"]),
        (a_claim(Procedure.REVOKE, is_earlier=False), ["row.person.being_revoked"]),
        (a_claim(Procedure.REVOKE, status=ItemStatus.ASKED), ["row.person.being_revoked"]),
    ],
)
def test_what_is_asked_elsewhere_for_the_same_person(claim: Claim, told: list[str]) -> None:
    assert codes(of(a_change(1), known={1: Known(claims=(claim,))})) == told


def test_of_other_agencies_people_nothing_is_told() -> None:
    held = a_holding(1, agency_id=2, is_current=False, renewals=1, mailbox="x@y.gov.vn")
    known = Known(claims=(a_claim(Procedure.REVOKE),))
    case = of(a_change(1), holdings={1: held}, known={1: known})
    assert codes(case) == [OTHER_AGENCY]
    (fault,) = decided(case).faults
    assert held.agency not in fault.text + fault.remedy


def test_who_has_moved_is_the_asking_agencys_once_an_officer_agrees() -> None:
    overruled = frozenset({(OTHER_AGENCY, 1)})
    held = a_holding(1, agency_id=2, path=("Huế", "Trường khác"))
    case = of(a_change(1), holdings={1: held}, overruled=overruled)
    assert [(one.code, one.consequence) for one in decided(case).faults] == [(OTHER_AGENCY, NOTE)]
    assert decided(case).outcome is Outcome.ACCEPT
    held = a_holding(1, agency_id=2, mailbox="khac@hue.edu.vn", is_current=False)
    case = of(a_change(1), holdings={1: held}, overruled=overruled)
    assert codes(case) == [OTHER_AGENCY, "row.mailbox.differs", "row.certificate.superseded"]
    assert decided(case).outcome is Outcome.RETURN
