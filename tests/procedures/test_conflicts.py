"""Two requests for one person: who goes first, in both orders and at once."""

import asyncio

import pytest

from bot.dossier.decision import Outcome
from bot.dossier.form import Procedure
from bot.dossier.rules import HOLD
from bot.outbox.values import OtherRequest
from bot.procedures.orders.case_file import case_file
from bot.register.lifecycle import ItemMove, ItemStatus
from bot.register.models import Agency, Dossier, Item
from bot.register.place import Place
from tests.procedures.office import Office, a_school, at, office
from tests.register.rows import NOW

__all__ = ["office"]  # a fixture

ACCEPTED, HELD, RETURNED = ItemStatus.ACCEPTED, ItemStatus.HELD, ItemStatus.RETURNED
EXCLUDED, CLAIMED = "row.title.excluded", "row.person.claimed"


@pytest.fixture
async def school(register: Place) -> Agency:
    return await a_school()


@pytest.fixture
async def other(register: Place) -> Agency:
    return await a_school("Trường Trung học phổ thông Phan Đình Phùng")


def codes(item: Item) -> list[str]:
    return [fault["code"] for fault in item.faults]


async def row_of(dossier: Dossier) -> tuple[ItemStatus, list[str]]:
    (item,) = await Item.filter(dossier=dossier)
    return item.status, codes(item)


@pytest.mark.parametrize("is_first_decided_first", [True, False])
async def test_of_two_letters_of_one_agency_the_first_decided_goes_on(
    school: Agency, office: Office, is_first_decided_first: bool
) -> None:
    letters = [await office.letter(school, at(school)) for _ in range(2)]
    one, two = letters if is_first_decided_first else letters[::-1]
    await office.decided(one)
    await office.decided(two)
    assert await row_of(one) == (ACCEPTED, [])
    assert await row_of(two) == (RETURNED, ["row.person.under_way"])


@pytest.mark.parametrize("is_first_decided_first", [True, False])
async def test_of_two_agencies_the_first_decided_goes_on_and_the_other_is_looked_at(
    school: Agency, other: Agency, office: Office, is_first_decided_first: bool
) -> None:
    letters = [await office.letter(one, at(one)) for one in (school, other)]
    one, two = letters if is_first_decided_first else letters[::-1]
    await office.decided(one)
    await office.decided(two)
    status, faults = await row_of(one)
    assert status is ACCEPTED
    assert "row.person.claimed" not in faults
    assert await row_of(two) == (HELD, ["row.person.claimed"])


@pytest.mark.parametrize("is_one_agency", [True, False])
async def test_decided_at_once_one_goes_on(
    school: Agency, other: Agency, office: Office, is_one_agency: bool
) -> None:
    agencies = (school, school if is_one_agency else other)
    letters = [await office.letter(agency, at(agency)) for agency in agencies]
    await asyncio.gather(*map(office.decided, letters))
    found = sorted([await row_of(one) for one in letters])
    expected = (RETURNED, "row.person.under_way") if is_one_agency else (HELD, "row.person.claimed")
    assert found == [(ACCEPTED, []), (expected[0], [expected[1]])]


async def let_pass(office: Office, dossier: Dossier, *codes: str) -> tuple[Outcome, list[str]]:
    """What would be decided, once an officer has let these faults of the row pass."""
    dossier.overruled = [[code, 1] for code in codes]
    (row,) = (await office.thought(dossier)).rows
    return row.outcome, [fault.code for fault in row.faults if fault.consequence is HOLD]


@pytest.mark.parametrize("is_first_decided_first", [True, False])
async def test_while_rows_of_two_agencies_wait_the_earlier_may_go_on(
    school: Agency, other: Agency, office: Office, is_first_decided_first: bool
) -> None:
    letters = [await office.letter(one, at(one, title="Giám đốc")) for one in (school, other)]
    for one in letters if is_first_decided_first else letters[::-1]:
        await office.decided(one)
    assert {(await row_of(one))[0] for one in letters} == {HELD}
    one, two = letters
    assert await let_pass(office, one, EXCLUDED) == (Outcome.ACCEPT, [])
    assert await let_pass(office, two, EXCLUDED) == (Outcome.HOLD, [CLAIMED])


async def test_nobody_lets_a_second_certificate_pass(
    school: Agency, other: Agency, office: Office
) -> None:
    one, two = [await office.letter(agency, at(agency)) for agency in (school, other)]
    await office.decided(one)
    await office.decided(two)
    assert await let_pass(office, two, CLAIMED) == (Outcome.HOLD, [CLAIMED])
    (item,) = await Item.filter(dossier=one)
    await item.make(ItemMove.WITHDRAW, because="test", now=NOW)
    assert await let_pass(office, two) == (Outcome.ACCEPT, [])


async def test_no_agency_learns_which_other_one_it_is(
    school: Agency, other: Agency, office: Office
) -> None:
    one, two = [await office.letter(agency, at(agency)) for agency in (school, other)]
    await office.decided(one)
    await office.decided(two)
    (item,) = await Item.filter(dossier=two)
    assert school.name not in str(item.faults)
    assert one.number not in str(item.faults)


async def test_officers_see_both_agencies(school: Agency, other: Agency, office: Office) -> None:
    one, two = [await office.letter(agency, at(agency)) for agency in (school, other)]
    await office.decided(one)
    await office.decided(two)
    (row,) = (await case_file(await Dossier.get(id=two.id).prefetch_related("agency"))).rows
    assert row.others == (OtherRequest(one.number, school.name, Procedure.ISSUE, is_vetted=True),)
