"""Withdraw: an agency takes back what is not done yet.

Whoever works on a row holds it first (issue.py): of a withdrawal and the handing
over of a certificate, the second finds that the first has been. What is done
stays: a certificate loses its validity by form 05.
"""

from datetime import datetime

from bot.dossier.application import application_from_json
from bot.dossier.case import Case
from bot.dossier.rules import Fault
from bot.outbox.agency_notices import Withdrawn
from bot.outbox.values import TakenBack
from bot.procedures.close import OPEN, WAITING, close_if_done, row_results
from bot.procedures.lines import destroy_keys_made_in_vain
from bot.procedures.orders.holds import end_holds
from bot.procedures.status.publish import burn_interrupted
from bot.procedures.telling import tell_agency
from bot.register.lifecycle import DossierMove, ItemMove, ItemStatus
from bot.register.models import Dossier, Item, Task
from bot.register.tasks import OF_ITEMS, Kind

BECAUSE = "agency.withdrew"


async def withdraw(dossier: Dossier, case: Case, notes: tuple[Fault, ...], now: datetime) -> None:
    """Take back what the dossiers that `case` names still ask for; tell it, and what is not undone.

    Inside the transaction that accepted `dossier`, whose letter says so: nothing is
    left to do in it. `notes` are its faults that stopped nothing.
    """
    named = sorted({one.id for one in case.named.values()})
    taken = [await _take_back(one, now) for one in named]
    await dossier.make(DossierMove.COMPLETE, because=BECAUSE, now=now)
    told = Withdrawn(
        dossier.number,
        dossier.agency.name,
        case.application.letter.number if case.application else "",
        dossier.received_at,
        tuple(taken),
        notes,
    )
    await tell_agency(dossier, told, key="withdrawn", now=now)


async def _take_back(dossier_id: int, now: datetime) -> TakenBack:
    await _end_tasks(dossier_id)
    await end_holds(dossier_id, now)
    for item in await _open_items(dossier_id):
        await burn_interrupted(item, now)
        await item.make(ItemMove.WITHDRAW, because=BECAUSE, now=now)
        await destroy_keys_made_in_vain(item, now)
    dossier = await Dossier.locked(dossier_id)
    was_open = dossier.status in WAITING
    if was_open:
        await _close(dossier, now)
    await dossier.refresh_from_db()
    application = application_from_json(dossier.application) if dossier.application else None
    return TakenBack(
        dossier.number,
        application.letter.number if application else "",
        was_open,
        await row_results(dossier),
    )


async def _end_tasks(dossier_id: int) -> None:
    """What was given up is not taken up again, and what is unread is not read."""
    items = await Item.filter(dossier_id=dossier_id).values_list("id", flat=True)
    parked = Task.filter(kind__in=OF_ITEMS, subject__in=items, parked_at__isnull=False)
    await parked.delete()
    await Task.filter(kind=Kind.DECIDE, subject=dossier_id).delete()


async def _open_items(dossier_id: int) -> list[Item]:
    """The rows without an end, held: who is handing one over now goes first."""
    rows = Item.filter(dossier_id=dossier_id, status__in=OPEN)
    return await rows.order_by("id").select_for_update()


async def _close(dossier: Dossier, now: datetime) -> None:
    """A dossier of which something is done ends as others do; of any other nothing is left."""
    if await Item.filter(dossier_id=dossier.id, status=ItemStatus.DONE).exists():
        await close_if_done(dossier, now)
    else:
        await dossier.make(DossierMove.WITHDRAW, because=BECAUSE, now=now)
