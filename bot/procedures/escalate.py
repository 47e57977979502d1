"""Escalate: the machine does not get on with a task; an officer acts next."""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.outbox.officer_notices import Parked
from bot.procedures.status.publish import burn_interrupted
from bot.procedures.telling import tell_officers
from bot.register import tasks
from bot.register.lifecycle import ItemMove, ItemStatus, NoticeMove, NoticeStatus
from bot.register.models import Dossier, Item, Mail, Notice, Officer, Task
from bot.register.tasks import OF_DOSSIERS, OF_ITEMS, Kind, Lease


async def escalate(lease: Lease, now: datetime) -> None:
    """Tell the officers, once, of a task that was given up or is tried for too long.

    A row that was given up is parked, and what was reserved for it is listed as
    revoked. A notice to the officers that cannot be sent is not told by another:
    it would fail alike. It stands in the register, for `bot doctor` to show.
    """
    async with in_transaction():
        # held: who parks it meanwhile calls for this anew, after our end
        task = await Task.filter(id=lease.subject).select_for_update().get_or_none()
        if task:
            item = await Item.locked(task.subject) if task.kind in OF_ITEMS else None
            if item and task.parked_at and item.status is ItemStatus.ACCEPTED:
                await burn_interrupted(item, now)
                await item.make(ItemMove.PARK, because=task.last_error, now=now)
            if not await _is_to_officers(task):
                await _tell(task, item, now)
        await lease.end()


async def resume(task: Task, now: datetime) -> None:
    """An officer has seen to what was in the way: a parked task begins anew."""
    async with in_transaction():
        if task.kind in OF_ITEMS:
            item = await Item.get(id=task.subject)
            await item.make(ItemMove.RESUME, because="officer.resumed", now=now)
        if task.kind in (Kind.NOTICE, Kind.CREDENTIAL):
            notice = await Notice.get(id=task.subject)
            if notice.status is NoticeStatus.FAILED:
                await notice.make(NoticeMove.RETRY, because="officer.resumed", now=now)
        await tasks.resume(task, now)


async def _tell(task: Task, item: Item | None, now: datetime) -> None:
    dossier = await _dossier_of(task, item)
    mail = await Mail.get(id=task.subject) if task.kind == Kind.IDENTIFY else None
    about = Parked(
        dossier.number if dossier else None,
        task.kind,
        item.position if item else None,
        task.last_error,
        task.since,
        dossier.due_at if dossier else None,
        trying=task.parked_at is None,
        mail=mail.digest[:16] if mail else None,
        received=mail.received_at if mail else None,
    )
    # once each time: a task that was resumed and fails again is told again
    state, at = ("parked", task.parked_at) if task.parked_at else ("late", task.since)
    key = f"{state}:{task.id}:{at.timestamp():.0f}"
    await tell_officers(about, key=key, now=now, dossier=dossier)


async def _is_to_officers(task: Task) -> bool:
    if task.kind != Kind.NOTICE:
        return False
    notice = await Notice.get(id=task.subject)
    return await Officer.exists(mailbox=notice.recipient)


async def _dossier_of(task: Task, item: Item | None) -> Dossier | None:
    if item:
        return await Dossier.get(id=item.dossier_id)
    if task.kind in (Kind.NOTICE, Kind.CREDENTIAL):
        notice = await Notice.get(id=task.subject).prefetch_related("dossier")
        told_of: Dossier | None = notice.dossier
        return told_of
    return await Dossier.get(id=task.subject) if task.kind in OF_DOSSIERS else None
