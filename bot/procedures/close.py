"""When every row has its end, and what is told of it."""

from datetime import datetime
from typing import Any, Literal

from tortoise.transactions import in_transaction

from bot.dossier.application import application_from_json, faults_from_json, row_from_json
from bot.dossier.form import Procedure
from bot.dossier.rows import ChangeRow, Row
from bot.dossier.rules import OVERTAKEN, Consequence, Fault
from bot.outbox.agency_notices import Result
from bot.outbox.values import RowResult
from bot.procedures.orders.holds import end_holds
from bot.procedures.revoked import revoked_rows
from bot.procedures.telling import tell_agency, tell_receiver
from bot.register.lifecycle import CertificateStatus, DossierMove, DossierStatus, ItemStatus, exits
from bot.register.models import Certificate, Dossier, Item
from bot.register.tasks import Lease

# faults of the address
UNREACHED = ("letter.notify", "receiver.mobile.", "receiver.mailbox.", "receiver.unclear")
Changed = Literal["renewed", "amended", "renewed_amended"]
ISSUED = (CertificateStatus.VALID, CertificateStatus.REVOKED)  # and handed over
OPEN = frozenset(status for status in ItemStatus if any(exits(status)))
WAITING = frozenset({DossierStatus.RECEIVED, DossierStatus.HELD, DossierStatus.ACCEPTED})


async def close_if_done(dossier: Dossier, now: datetime) -> None:
    """Complete an accepted dossier whose rows are closed, inside the caller's transaction.

    The event of the row that was closed holds the dossier's chain: of two hands
    that close its last rows, the second sees what the first has done.
    """
    if await Item.filter(dossier_id=dossier.id, status__in=OPEN).exists():
        return
    dossier = await Dossier.locked(dossier.id)
    if dossier.status is not DossierStatus.ACCEPTED:
        return
    await dossier.fetch_related("agency", "mail")
    items = await Item.filter(dossier=dossier).order_by("position")
    await dossier.make(DossierMove.COMPLETE, because="rows.closed", now=now)
    await end_holds(dossier.id, now)
    await _tell_result(dossier, items, now, key="result")


async def report_at_due_time(lease: Lease, now: datetime) -> None:
    """At the due time, tell how far an unfinished dossier has come; the rest follows."""
    async with in_transaction():
        dossier = await Dossier.locked(lease.subject)
        await dossier.fetch_related("agency", "mail")
        if dossier.status in WAITING:
            items = await Item.filter(dossier=dossier).order_by("position")
            await _tell_result(dossier, items, now, key="result:due")
        await lease.end()


async def _tell_result(dossier: Dossier, items: list[Item], now: datetime, *, key: str) -> None:
    application = application_from_json(dossier.application) if dossier.application else None
    faults = [*dossier.faults, *(fault for item in items for fault in item.faults)]
    result = Result(
        dossier.number,
        dossier.agency.name,
        application.letter.number if application else "",
        dossier.received_at,
        None if dossier.status is DossierStatus.COMPLETED else dossier.due_at,
        await row_results(dossier),
        notes=_those(Consequence.NOTE, faults),
        by_order=application is None and bool(items),
    )
    await tell_agency(dossier, result, key=key, now=now)
    if application and not any(fault["code"].startswith(UNREACHED) for fault in dossier.faults):
        await tell_receiver(
            dossier, application.receiver, application.notify, result, key=key, now=now
        )


async def row_results(dossier: Dossier) -> tuple[RowResult, ...]:
    """What became of each row so far."""
    done = Certificate.filter(item__dossier_id=dossier.id, status__in=ISSUED)
    issued = {certificate.item_id: certificate async for certificate in done}
    items = await Item.filter(dossier_id=dossier.id).order_by("position")
    revoked = await revoked_rows(items) if dossier.procedure == Procedure.REVOKE else {}
    return tuple(
        revoked.get(item.id) or _row_result(item, dossier, issued.get(item.id)) for item in items
    )


def _row_result(item: Item, dossier: Dossier, issued: Certificate | None) -> RowResult:
    name = row_from_json(item.asked, Row).full_name.typed
    match item.status:
        case ItemStatus.DONE if dossier.procedure == Procedure.CHANGE:
            return _changed(item, name, issued)
        case ItemStatus.DONE if issued:
            return RowResult(
                item.position, name, "issued", issued.serial, issued.not_before, issued.not_after
            )
        case ItemStatus.RETURNED:
            to_mend = _those(Consequence.RETURN, item.faults)
            return RowResult(item.position, name, "returned", faults=to_mend)
        case ItemStatus.WITHDRAWN:
            is_overtaken = any(fault["code"] == OVERTAKEN for fault in item.faults)
            return RowResult(item.position, name, "overtaken" if is_overtaken else "withdrawn")
        case ItemStatus.HELD | ItemStatus.PARKED:
            return RowResult(item.position, name, "held")
        case _:  # a row stands for as long as its letter is held
            is_held = dossier.status is DossierStatus.HELD
            return RowResult(item.position, name, "held" if is_held else "open")


def _changed(item: Item, name: str, certificate: Certificate | None) -> RowResult:
    """Of form 04; without a new certificate, the register alone has changed."""
    row = row_from_json(item.asked, ChangeRow)
    if certificate is None:
        return RowResult(item.position, name, "recorded")
    outcome: Changed = "renewed" if row.renew else "amended"
    if row.renew and row.amend:
        outcome = "renewed_amended"
    return RowResult(
        item.position, name, outcome, certificate.serial, certificate.not_before,
        certificate.not_after,
    )  # fmt: skip


def _those(consequence: Consequence, stored: list[Any]) -> tuple[Fault, ...]:
    faults = faults_from_json(stored)
    return tuple(fault for fault in faults if fault.consequence is consequence)
