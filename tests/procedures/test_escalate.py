"""Officers hear of what was given up, also when it is given up while they are being told."""

import asyncio
from datetime import timedelta

import pytest

from bot.procedures import escalate
from bot.register import tasks
from bot.register.lifecycle import ItemStatus
from bot.register.models import Item, Notice, Task
from bot.register.tasks import OF_ITEMS, Kind, Queue
from tests.register.rows import NOW, a_dossier, an_item, an_officer


async def test_a_task_parked_while_its_lateness_is_told_is_told_anew(
    postgresql_register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await an_officer()
    item = await an_item(status=ItemStatus.ACCEPTED, dossier=await a_dossier())
    await tasks.call(Kind.ISSUE, item.id, due=NOW - timedelta(hours=3))
    late = await Task.get(kind=Kind.ISSUE)
    await tasks.call(Kind.ESCALATE, late.id, due=NOW)
    telling, go_on = asyncio.Event(), asyncio.Event()
    is_to_officers = escalate._is_to_officers

    async def slowly(task: Task) -> bool:
        telling.set()
        await go_on.wait()
        return await is_to_officers(task)

    monkeypatch.setattr(escalate, "_is_to_officers", slowly)
    [told], [worked] = [await tasks.lease(NOW, [one], most=1) for one in (Queue.POST, Queue.CA)]
    lease, other = await tasks.begin(told, NOW), await tasks.begin(worked, NOW)
    assert lease
    assert other
    escalating = asyncio.create_task(escalate.escalate(lease, NOW))
    await telling.wait()
    parking = asyncio.create_task(other.park("lint.fatal", NOW))
    go_on.set()
    await asyncio.gather(escalating, parking)
    again = [await tasks.begin(one, NOW) for one in await tasks.lease(NOW, [Queue.POST], most=9)]
    [anew] = [lease for lease in again if lease and lease.kind is Kind.ESCALATE]
    await escalate.escalate(anew, NOW)
    assert (await Item.get(id=item.id)).status is ItemStatus.PARKED
    assert await Notice.filter(kind="parked").count() == 2


@pytest.mark.parametrize("kind", [Kind.DECIDE, Kind.RESULT, Kind.CHANGE], ids=str)
async def test_officers_read_which_dossier_it_is_about(sqlite_register: str, kind: Kind) -> None:
    await an_officer()
    item = await an_item(status=ItemStatus.ACCEPTED)
    dossier = await item.dossier
    await tasks.call_parked(
        kind, item.id if kind in OF_ITEMS else dossier.id, "crash.KeyError", NOW
    )
    [message] = await tasks.lease(NOW, [Queue.POST], most=1)
    lease = await tasks.begin(message, NOW)
    assert lease
    await escalate.escalate(lease, NOW)
    told = await Notice.get(kind="parked")
    assert told.data["number"] == dossier.number
