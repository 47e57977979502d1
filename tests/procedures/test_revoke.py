"""Revocation: the whole line, what is under way, who is told, what becomes of the key."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.accounts.account import AccountClosed, mint, open_account
from bot.outbox.agency_notices import Result
from bot.outbox.content import Content
from bot.outbox.delivery import intend
from bot.outbox.subscriber_notices import Revoked
from bot.procedures.status.seen import StatusUnseen
from bot.register import audit, tasks
from bot.register.lifecycle import (
    AccountStatus,
    CertificateStatus,
    Channel,
    DossierStatus,
    ItemStatus,
    NoticeStatus,
)
from bot.register.living import StaleState
from bot.register.models import Account, Agency, Certificate, Item, Notice, SubjectKey, Task
from bot.register.place import Place
from bot.register.tasks import Kind
from bot.sections.authority import Accounts
from tests.ca.builders import NOW
from tests.outbox.examples import a_credential
from tests.procedures.revoking import (
    AGO,
    a_holder,
    a_letter,
    again,
    another,
    carried_out,
    do,
    outside,
    publish,
    standing,
    state,
    under_way,
)
from tests.procedures.status_world import World
from tests.register.rows import a_subscriber, an_agency
from tests.registers import sqlite_place

__all__ = ["outside"]  # a fixture

VALID, REVOKED = CertificateStatus.VALID, CertificateStatus.REVOKED
BURNT, SIGNING = CertificateStatus.BURNT, CertificateStatus.SIGNING
WITHDRAWN, DONE = ItemStatus.WITHDRAWN, ItemStatus.DONE


@pytest.fixture
def place(blank_register: Path, tmp_path: Path) -> Place:
    """SQLite's is enough here; what locks is tried with both (test_revoke_races.py)."""
    return sqlite_place(blank_register, tmp_path)


@pytest.fixture
async def agency(register: Place) -> Agency:
    return await an_agency()


async def told(kind: str) -> list[Any]:
    content: type[Content] = {"revoked": Revoked, "result": Result}[kind]
    return [content.read(one.data) for one in await Notice.filter(kind=kind).order_by("id")]


async def test_the_whole_line_of_a_key_is_revoked_and_nothing_else(
    agency: Agency, outside: World
) -> None:
    old = await a_holder(agency, current_of=None, not_after=NOW + timedelta(days=9))
    person = old.subscriber
    middle = await another(person, key=old.key, replaces=old)
    new = await another(person, replaces=middle, current_of=person.id)  # with a key of its own
    earlier = await another(person, not_after=AGO)  # another line
    stranger = await a_holder(agency)
    done = await carried_out(outside, await a_letter(middle, reason="Nghỉ hưu"))
    assert done.status is DONE
    for one in (old, middle, new):
        is_now = await Certificate.get(id=one.id)
        assert (is_now.status, is_now.reason) == (REVOKED, "cessationOfOperation")
        assert (is_now.revoked_at, is_now.for_item, is_now.current_of) == (NOW, None, None)
    assert [await standing(one) for one in (earlier, stranger)] == [VALID, VALID]
    (row,) = (await told("result"))[0].rows
    assert (row.outcome, row.serial, row.revoked_at) == ("revoked", middle.serial, NOW)
    assert set(row.also) == {old.serial, new.serial}
    assert await SubjectKey.filter(destroyed_at=NOW, blob=b"").count() == 2
    for one in (earlier, stranger):
        assert (await SubjectKey.get(id=one.key_id)).blob
    assert [one async for one in audit.broken(await middle.chain())] == []


async def test_until_it_is_seen_nothing_is_done_and_nobody_told(
    agency: Agency, outside: World
) -> None:
    one = await a_holder(agency)
    item = await a_letter(one)
    await do(outside, Kind.REVOKE, item)
    with pytest.raises(StatusUnseen):
        await do(outside, Kind.CONFIRM, item)
    assert (await again(item)).status is ItemStatus.ACCEPTED
    assert not await Notice.exists()
    assert (await SubjectKey.get(id=one.key_id)).blob
    account = await Account.get(subscriber_id=one.subscriber_id)
    assert account.status is AccountStatus.CLOSED  # what protects does not wait
    await publish(outside)
    await Task.filter(kind=Kind.CONFIRM).update(lease=None, leased_until=None, begun_at=None)
    await do(outside, Kind.CONFIRM, item)
    assert (await again(item)).status is DONE


@pytest.mark.parametrize("kind", [Kind.REVOKE, Kind.CONFIRM])
async def test_a_step_that_comes_again_changes_nothing(
    agency: Agency, outside: World, kind: Kind
) -> None:
    item = await a_letter(await a_holder(agency))
    await carried_out(outside, item)
    notices = await Notice.all().count()
    await tasks.call(kind, item.id, due=NOW)
    with pytest.raises(StaleState):
        await do(outside, kind, item)
    assert await Notice.all().count() == notices


async def test_of_two_letters_the_second_tells_the_earlier_date(
    agency: Agency, outside: World
) -> None:
    one = await a_holder(agency)
    first, second = await a_letter(one), await a_letter(one, reason="Nghỉ hưu")
    await carried_out(outside, first)
    outside.clock.time = NOW + timedelta(hours=1)
    assert (await carried_out(outside, second)).status is DONE
    for result in await told("result"):
        assert [row.revoked_at for row in result.rows] == [NOW]
    assert len(await told("revoked")) == 1
    assert (await Certificate.get(id=one.id)).reason == "keyCompromise"


async def test_what_has_expired_is_noted_and_published_by_nobody(
    agency: Agency, outside: World
) -> None:
    one = await a_holder(agency, not_after=AGO)
    item = await carried_out(outside, await a_letter(one))
    assert (item.status, await standing(one)) == (DONE, VALID)
    assert not await Task.exists(kind=Kind.PUBLISH)
    (row,) = (await told("result"))[0].rows
    assert (row.outcome, row.not_after) == ("expired", AGO)
    assert await told("revoked") == []


async def test_what_ends_before_it_is_seen_is_looked_for_and_told_all_the_same(
    agency: Agency, outside: World
) -> None:
    one = await a_holder(agency, not_after=NOW + timedelta(hours=1))
    item = await a_letter(one, received_at=NOW)
    await do(outside, Kind.REVOKE, item)
    outside.clock.time = NOW + timedelta(hours=2)
    with pytest.raises(StatusUnseen):
        await do(outside, Kind.CONFIRM, item)
    assert not await Notice.exists()
    await publish(outside)
    await Task.filter(kind=Kind.CONFIRM).update(lease=None, leased_until=None, begun_at=None)
    await do(outside, Kind.CONFIRM, item)
    assert (await again(item)).status is DONE
    assert len(await told("revoked")) == 1


async def test_the_subscriber_and_the_agency_that_has_them_are_told(
    agency: Agency, outside: World
) -> None:
    one = await a_holder(agency)
    asking = await an_agency(name="Trường THPT Kim Liên", mailbox="kl@hanoiedu.vn")
    item = await carried_out(outside, await a_letter(one, agency=asking))
    notices = {notice.recipient: notice for notice in await Notice.filter(kind="revoked")}
    assert notices.keys() == {one.subscriber.mailbox, agency.mailbox}
    own, holders = await told("revoked")
    assert (own.holder, holders.holder) == ("", agency.name)
    assert own.asked_by == holders.asked_by == asking.name
    (result,) = await Notice.filter(kind="result", channel=Channel.EMAIL)
    assert (result.recipient, result.dossier_id) == (asking.mailbox, item.dossier_id)


class TestWhatIsUnderWay:
    @pytest.mark.parametrize(
        "status", [ItemStatus.ACCEPTED, ItemStatus.HELD, ItemStatus.PARKED], ids=str
    )
    async def test_it_is_withdrawn_and_its_agency_told_why(
        self, agency: Agency, outside: World, status: ItemStatus
    ) -> None:
        one = await a_holder(agency)
        row = await under_way(one.subscriber, status)
        await tasks.call(Kind.CHANGE, row.id, due=NOW)
        await Task.filter(kind=Kind.CHANGE).update(parked_at=NOW)
        item = await a_letter(one)
        await do(outside, Kind.REVOKE, item)
        row = await again(row)
        assert (row.status, row.dossier.status) == (WITHDRAWN, DossierStatus.COMPLETED)
        assert not await Task.exists(kind=Kind.CHANGE)
        result, *_ = await told("result")
        assert "Đã có đề nghị thu hồi" in result.notes[0].text

    @pytest.mark.parametrize("is_of_its_own", [True, False], ids=["new key", "same key"])
    async def test_a_key_that_was_made_for_it_alone_is_destroyed_at_once(
        self, agency: Agency, outside: World, is_of_its_own: bool
    ) -> None:
        old = await a_holder(agency)
        row = await under_way(old.subscriber)
        key = {} if is_of_its_own else {"key": old.key}
        new = await another(
            old.subscriber, item=row, for_item=row.id, status=SIGNING, replaces=old, **key
        )
        await do(outside, Kind.REVOKE, await a_letter(old))
        assert await standing(new) is BURNT
        assert ((await SubjectKey.get(id=new.key_id)).blob == b"") is is_of_its_own

    async def test_rows_of_others_in_that_letter_go_on(
        self, agency: Agency, outside: World
    ) -> None:
        one, other = await a_holder(agency), await a_holder(agency)
        row = await under_way(one.subscriber)
        beside = await under_way(other.subscriber)
        await Item.filter(id=beside.id).update(dossier_id=row.dossier_id)
        await do(outside, Kind.REVOKE, await a_letter(one))
        assert (await again(row)).status is WITHDRAWN
        beside = await again(beside)
        assert (beside.status, beside.dossier.status) == (
            ItemStatus.ACCEPTED, DossierStatus.ACCEPTED,
        )  # fmt: skip

    @pytest.mark.parametrize("procedure", ["issue", "renew_amend"])
    async def test_what_is_being_signed_is_burnt(
        self, agency: Agency, outside: World, procedure: str
    ) -> None:
        one = await a_holder(agency)
        row = await under_way(one.subscriber, procedure=procedure)
        signing = await another(
            one.subscriber, item=row, for_item=row.id, status=SIGNING, key=one.key
        )
        item = await carried_out(outside, await a_letter(one))
        assert (item.status, (await again(row)).status) == (DONE, WITHDRAWN)
        assert await standing(signing) is BURNT
        assert (await SubjectKey.get(id=one.key_id)).destroyed_at == NOW

    async def test_what_was_asked_for_afterwards_is_another_matter(
        self, agency: Agency, outside: World
    ) -> None:
        one = await a_holder(agency)
        item = await a_letter(one)
        later = await under_way(one.subscriber, ItemStatus.HELD, procedure="issue")
        await do(outside, Kind.REVOKE, item)
        assert (await again(later)).status is ItemStatus.HELD

    async def test_a_letter_that_is_held_is_looked_at_again_anyway(
        self, agency: Agency, outside: World
    ) -> None:
        one = await a_holder(agency)
        row = await under_way(one.subscriber, ItemStatus.ASKED, DossierStatus.HELD)
        await do(outside, Kind.REVOKE, await a_letter(one))
        assert (await again(row)).status is ItemStatus.ASKED

    async def test_a_key_that_an_open_row_names_is_kept(
        self, agency: Agency, outside: World
    ) -> None:
        one = await a_holder(agency)
        row = await under_way(await a_subscriber(agency=agency))
        await another(
            one.subscriber,
            item=row,
            status=BURNT,
            key=one.key,
            revoked_at=NOW,
            reason="unspecified",
        )
        await carried_out(outside, await a_letter(one))
        assert (await SubjectKey.get(id=one.key_id)).blob


class TestTheAccount:
    async def test_a_credential_that_was_not_sent_is_called_off(
        self, agency: Agency, outside: World
    ) -> None:
        one = await a_holder(agency)
        account = await Account.get(subscriber_id=one.subscriber_id)
        notice = await intend(
            a_credential(), key="credential:1", channel=Channel.EMAIL, recipient="x@y.vn",
            now=NOW, account=account,
        )  # fmt: skip
        await carried_out(outside, await a_letter(one))
        assert (await Notice.get(id=notice.id)).status is NoticeStatus.VOID
        assert not await Task.exists(kind=Kind.CREDENTIAL)
        with pytest.raises(AccountClosed):
            await mint(account.id, "hash", limits=Accounts(), now=NOW)

    async def test_it_stays_open_for_another_certificate(
        self, agency: Agency, outside: World
    ) -> None:
        one = await a_holder(agency, current_of=None)
        await another(one.subscriber)  # another line, in force
        await carried_out(outside, await a_letter(one))
        account = await Account.get(subscriber_id=one.subscriber_id)
        assert account.status is AccountStatus.ACTIVE

    async def test_a_new_certificate_opens_it_again(self, agency: Agency, outside: World) -> None:
        one = await a_holder(agency)
        await carried_out(outside, await a_letter(one))
        account = await open_account(one.subscriber, now=NOW)
        assert account.status is AccountStatus.PENDING


async def test_a_row_that_names_nothing_ends(agency: Agency, outside: World) -> None:
    """An officer has let it pass: there still is nothing to revoke."""
    one = await a_holder(agency)
    item = await a_letter(one)
    await Certificate.filter(id=one.id).update(serial="7")
    await do(outside, Kind.REVOKE, item)
    assert (await again(item)).status is WITHDRAWN
    assert await state((await again(item)).dossier) is DossierStatus.COMPLETED
