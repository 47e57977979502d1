"""An officer's ruling on a held dossier, or on rows of it: let pass, come back, or wait on.

Inside the transaction that records the order, one at a time. Accepting decides
nothing here: what held is let pass, and the dossier is decided again, by the rules.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.dossier.application import as_json
from bot.dossier.form import Procedure
from bot.dossier.rules import Consequence, Fault
from bot.procedures.close import close_if_done
from bot.procedures.orders.case_file import faults_of, items_waiting
from bot.procedures.orders.holds import end_holds, hold
from bot.procedures.returning import tell_returned
from bot.register import tasks
from bot.register.lifecycle import DossierMove, DossierStatus, ItemMove, Verb
from bot.register.models import Dossier, Item, Officer, Order
from bot.sections.officers import Officers

RETURNED = "officer.returned"
REMEDY = "Đề nghị hoàn thiện theo lý do nêu trên rồi gửi văn bản mới."


@dataclass(frozen=True)
class Ruling:
    """What is ruled on: `chosen` of the rows that wait; all of them, unless some were named.

    The dossier's agency and mail have been fetched.
    """

    dossier: Dossier
    chosen: tuple[Item, ...]
    order: Order
    officer: Officer
    settings: Officers
    now: datetime


async def accept(ruling: Ruling) -> None:
    """Let pass what holds the rows, and the letter for them; have all that waits decided again.

    Rows that were not named wait on, if need be for what holds the letter alone.
    """
    dossier, chosen, now = ruling.dossier, ruling.chosen, ruling.now
    is_whole = len(chosen) == len(await items_waiting(dossier))
    named = [None] if is_whole else [item.position for item in chosen]
    holding = [
        [fault.code, position]
        for fault in faults_of(dossier, chosen)
        if fault.consequence is Consequence.HOLD
        for position in (named if fault.position is None else [fault.position])
    ]
    new = [one for one in holding if one not in dossier.overruled]
    await Dossier.filter(id=dossier.id).update(overruled=[*dossier.overruled, *new])
    await end_holds(dossier.id, now)
    is_urgent = dossier.procedure == Procedure.REVOKE
    await tasks.call(tasks.Kind.DECIDE, dossier.id, due=now, first=is_urgent)


async def give_back(ruling: Ruling) -> None:
    """Return the rows, or the letter with all of them: for the officer's reason and all others."""
    dossier, chosen, now = ruling.dossier, ruling.chosen, ruling.now
    waiting = await items_waiting(dossier)
    if dossier.status is DossierStatus.HELD and len(chosen) == len(waiting):
        faults = await _return_letter(ruling)
    else:
        faults = await _return_rows(ruling)
    await Item.make_all(chosen, ItemMove.RETURN, because=RETURNED, now=now)
    await tell_returned(dossier, faults, key=f"order:{ruling.order.id}", now=now)
    if len(chosen) < len(waiting):
        await hold(dossier, ruling.settings, now)
    else:
        await end_holds(dossier.id, now)
        await close_if_done(dossier, now)


async def wait_on(ruling: Ruling) -> None:
    """Nothing is decided; why stands in the new notice, with a new code."""
    kept = f"{ruling.officer.name}: {ruling.order.reason}"
    await hold(ruling.dossier, ruling.settings, ruling.now, kept)


RULINGS: Mapping[Verb, Callable[[Ruling], Awaitable[None]]] = {
    Verb.ACCEPT: accept,
    Verb.RETURN: give_back,
    Verb.HOLD: wait_on,
}


async def _return_letter(ruling: Ruling) -> list[Fault]:
    dossier = ruling.dossier
    reason, others = _reason(ruling, None), faults_of(dossier, ruling.chosen)
    faults = [*dossier.faults, as_json(reason)]
    await dossier.make(DossierMove.RETURN, because=RETURNED, now=ruling.now, faults=faults)
    return [reason, *others]


async def _return_rows(ruling: Ruling) -> list[Fault]:
    found = {item.position: _reason(ruling, item.position) for item in ruling.chosen}
    faults = faults_of(ruling.dossier, ruling.chosen)
    for item in ruling.chosen:
        item.faults = [*item.faults, as_json(found[item.position])]
    await Item.bulk_update(ruling.chosen, fields=["faults"])
    return [*found.values(), *(fault for fault in faults if fault.position in found)]


def _reason(ruling: Ruling, position: int | None) -> Fault:
    reason = ruling.order.reason
    return Fault(RETURNED, Consequence.RETURN, position, None, "", reason, REMEDY)
