"""When every row has its end, and what is told of it."""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.dossier.application import application_from_json, faults_from_json, row_from_json
from bot.outbox.notices import Result, RowResult
from bot.procedures.services import Services
from bot.procedures.telling import tell_agency, tell_receiver
from bot.register.lifecycle import CertificateStatus, DossierMove, DossierStatus, ItemStatus, exits
from bot.register.models import Certificate, Dossier, Item
from bot.register.tasks import Lease

WAITING = frozenset({DossierStatus.RECEIVED, DossierStatus.HELD, DossierStatus.ACCEPTED})


async def close_if_done(dossier: Dossier, now: datetime) -> None:
    """Complete an accepted dossier whose rows are closed, inside the caller's transaction."""
    if dossier.status is not DossierStatus.ACCEPTED:
        return
    items = await Item.filter(dossier=dossier).order_by("position")
    if any(any(exits(item.status)) for item in items):
        return
    await dossier.make(DossierMove.COMPLETE, because="rows.closed", now=now)
    await _tell_result(dossier, items, now, key="result")


async def report_at_due_time(lease: Lease, services: Services, now: datetime) -> None:
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
    result = Result(
        dossier.number,
        dossier.agency.name,
        application.letter.number if application else "",
        dossier.received_at,
        None if dossier.status is DossierStatus.COMPLETED else dossier.due_at,
        tuple([await _row_result(item) for item in items]),
    )
    await tell_agency(dossier, result, key=key, now=now)
    if application:
        await tell_receiver(
            dossier, application.receiver, application.notify, result, key=key, now=now
        )


async def _row_result(item: Item) -> RowResult:
    name = row_from_json(item.asked).full_name.typed
    if item.status is ItemStatus.RETURNED:
        return RowResult(item.position, name, "returned", faults=faults_from_json(item.faults))
    if item.status is not ItemStatus.DONE:
        return RowResult(item.position, name, "held")
    one = await Certificate.get(item=item, status=CertificateStatus.VALID)
    return RowResult(item.position, name, "issued", one.serial, one.not_before, one.not_after)
