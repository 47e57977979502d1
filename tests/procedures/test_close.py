"""What is told of a dossier when its time has come, for every state its rows may be in."""

from typing import Any

import pytest

from bot.dossier.application import as_json
from bot.dossier.form import Procedure
from bot.dossier.rules import Consequence, Fault
from bot.outbox.agency_notices import Result
from bot.outbox.values import RowResult
from bot.procedures.close import report_at_due_time
from bot.register import tasks
from bot.register.lifecycle import DossierStatus, ItemStatus
from bot.register.models import Dossier, Item, Notice
from bot.register.tasks import Kind
from tests.dossier.builders import a_row, an_application
from tests.outbox.examples import A_DOUBT, A_FAULT, A_NOTE, DUE
from tests.outbox.world import a_dossier, a_mail, an_agency, take

pytestmark = pytest.mark.usefixtures("register")


async def a_due_dossier(status: DossierStatus, **changes: Any) -> Dossier:
    dossier = await a_dossier(await an_agency(), await a_mail())
    await Dossier.filter(id=dossier.id).update(status=status, **changes)
    await tasks.call(Kind.RESULT, dossier.id, due=DUE)
    return dossier


async def an_item(dossier: Dossier, status: ItemStatus, *faults: Any) -> Item:
    position = 1 + await Item.filter(dossier=dossier).count()
    return await Item.create(
        dossier=dossier,
        position=position,
        place=f"{dossier.id}/{position}",
        status=status,
        asked=as_json(a_row(position)),
        faults=[as_json(fault) for fault in faults],
    )


async def told() -> Result:
    await report_at_due_time(await take(Kind.RESULT, DUE), DUE)
    return Result.read((await Notice.get()).data)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (ItemStatus.ASKED, "open"),
        (ItemStatus.ACCEPTED, "open"),
        (ItemStatus.HELD, "held"),
        (ItemStatus.PARKED, "held"),
        (ItemStatus.WITHDRAWN, "withdrawn"),
    ],
)
async def test_a_row_is_told_by_who_acts_next(status: ItemStatus, outcome: str) -> None:
    dossier = await a_due_dossier(DossierStatus.ACCEPTED)
    await an_item(dossier, status)
    assert [row.outcome for row in (await told()).rows] == [outcome]


async def test_rows_of_a_held_letter_wait_for_the_officer() -> None:
    dossier = await a_due_dossier(DossierStatus.HELD)
    await an_item(dossier, ItemStatus.ASKED)
    assert [row.outcome for row in (await told()).rows] == ["held"]


@pytest.mark.parametrize("status", [DossierStatus.RECEIVED, DossierStatus.HELD])
async def test_before_rows_are_read_none_is_told(status: DossierStatus) -> None:
    await a_due_dossier(status)
    result = await told()
    assert (result.rows, result.due) == ((), DUE)


async def test_notes_of_the_letter_and_of_its_rows_are_told_and_no_other_faults() -> None:
    dossier = await a_due_dossier(DossierStatus.ACCEPTED, faults=[as_json(A_NOTE)])
    await an_item(dossier, ItemStatus.RETURNED, A_NOTE, A_DOUBT, A_FAULT)
    await an_item(dossier, ItemStatus.HELD, A_DOUBT)
    result = await told()
    name = a_row(1).full_name.typed
    assert result.notes == (A_NOTE, A_NOTE)
    assert result.rows[0] == RowResult(1, name, "returned", faults=(A_FAULT,))


@pytest.mark.parametrize(
    ("notify", "code", "told"),
    [
        ("sms", "receiver.title.empty", 2),
        ("", "letter.notify", 1),
        ("sms", "receiver.mobile.invalid", 1),
        ("email", "receiver.mailbox.public", 1),
    ],
)
async def test_a_receiver_whose_address_is_a_trifle_of_a_revocation_is_not_told(
    notify: str, code: str, told: int
) -> None:
    letter = an_application(procedure=Procedure.REVOKE, notify=notify)
    fault = as_json(Fault(code, Consequence.NOTE, None, None, "", "", ""))
    await a_due_dossier(DossierStatus.HELD, application=as_json(letter), faults=[fault])
    await report_at_due_time(await take(Kind.RESULT, DUE), DUE)
    assert await Notice.all().count() == told
