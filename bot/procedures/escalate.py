"""Escalate: the machine gave up on a task; an officer acts next."""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.outbox.notices import Held, Parked
from bot.procedures.services import Services
from bot.procedures.telling import tell_officers
from bot.register.lifecycle import ItemMove, ItemStatus
from bot.register.models import Dossier, Item, Notice, Task
from bot.register.tasks import Kind, Lease


async def escalate(lease: Lease, services: Services, now: datetime) -> None:
    """Tell the officers, and park the row whose certificate could not be issued.

    A notice to the officers that cannot be sent is not told by another: it
    would fail alike. It stands in the register, for `bot doctor` to show.
    """
    task = await Task.get(id=lease.subject)
    async with in_transaction():
        item = await Item.get(id=task.subject) if task.kind == Kind.ISSUE else None
        if item and item.status is ItemStatus.ACCEPTED:
            await item.make(ItemMove.PARK, because=task.last_error or "worker.died", now=now)
        dossier = await _dossier_of(task, item)
        about = Parked(
            dossier.number if dossier else None,
            task.kind,
            item.position if item else None,
            task.last_error or "worker.died",
            task.since,
            dossier.due_at if dossier else None,
        )
        if not await _is_to_officers(task):
            await tell_officers(about, key=f"parked:{task.id}", now=now, dossier=dossier)
        await lease.end()


async def _is_to_officers(task: Task) -> bool:
    if task.kind != Kind.NOTICE:
        return False
    return await Notice.exists(id=task.subject, kind__in=[Held.kind, Parked.kind])


async def _dossier_of(task: Task, item: Item | None) -> Dossier | None:
    if item:
        return await Dossier.get(id=item.dossier_id)
    return await Dossier.get(id=task.subject) if task.kind == Kind.DECIDE else None
