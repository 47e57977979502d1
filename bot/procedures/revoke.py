"""Revoke (RFC 3647 4.9): what was certified holds no more, and relying parties see it.

Two steps. REVOKE writes it down, for the certificate that a row names and all of
its line, and calls for a CRL. CONFIRM asks from outside until CRL and OCSP show it;
only then the row is done, anybody is told, and the key is destroyed. Neither is ever
given up: both are tried until they succeed, and officers hear of it.

Whoever works on a row holds it first (certify.py): of a revocation and the handing
over of a certificate to the same person, the second finds that the first has been.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from bot.accounts.account import close_account
from bot.dossier.application import as_json, row_from_json
from bot.dossier.form import Procedure
from bot.dossier.grounds import Reason, reason_of
from bot.dossier.revoke_rules import overtaken
from bot.dossier.rows import RevokeRow
from bot.dossier.terms import WORDS
from bot.outbox.delivery import intend
from bot.outbox.subscriber_notices import Revoked
from bot.outbox.values import RevokedCertificate
from bot.procedures.close import close_if_done
from bot.procedures.lines import (
    HANDED_OVER,
    destroy_keys_made_in_vain,
    destroy_unneeded_keys,
    in_force,
    line_of,
)
from bot.procedures.services import Publishing
from bot.procedures.status.publish import burn_interrupted
from bot.procedures.status.seen import status_is_seen
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import (
    CertificateMove,
    CertificateStatus,
    Channel,
    DossierStatus,
    ItemMove,
    ItemStatus,
)
from bot.register.living import StaleState
from bot.register.models import Agency, Certificate, Dossier, Item, Subscriber, Task
from bot.register.tasks import OF_ITEMS, Kind, Lease

UNDER_WAY = (ItemStatus.HELD, ItemStatus.ACCEPTED, ItemStatus.PARKED)
BECAUSE = "certificate.revoked"


async def revoke(lease: Lease, services: Publishing, now: datetime) -> None:
    """Take the validity from the certificate that an accepted row names, and from its line.

    What is under way for the person is withdrawn; who has nothing in force any
    more can no longer log in.

    Raises:
        StaleState: the row is done, or was taken back.
    """
    async with in_transaction():
        await Counter.one_at_a_time("decisions")  # none is made on what is just being revoked
        item = await _held(lease.subject)
        certificate = await _named(item)
        if certificate is None:
            await item.make(ItemMove.WITHDRAW, because="row.certificate.unknown", now=now)
            await close_if_done(item.dossier, now)
        else:
            await _revoke(certificate, item, services, now)
            await tasks.call(Kind.CONFIRM, item.id, due=now)
        await lease.end()


async def confirm(lease: Lease, services: Publishing, now: datetime) -> None:
    """Once relying parties see it: the row is done, everybody is told, the key destroyed.

    Raises:
        StaleState: that has been.
        Unavailable: they do not see it yet.
    """
    async with in_transaction():
        item = await _held(lease.subject)
        line = await _line(item)
    revoked = [one for one in line if one.status is CertificateStatus.REVOKED]
    # what had expired before may have left the list (RFC 5280 3.3)
    asked_at = item.dossier.received_at
    listed = [int(one.serial, 16) for one in revoked if asked_at < one.not_after]
    if listed:
        await status_is_seen(listed, services, now)
    async with in_transaction():
        item = await _held(lease.subject)
        because = "status.seen" if listed else "certificate.expired"
        await item.make(ItemMove.FINISH, because=because, now=now)
        if listed:
            await _tell(item, revoked, now)
        await destroy_unneeded_keys(line, now)
        await close_if_done(item.dossier, now)
        await lease.end()


async def _held(item_id: int) -> Item:
    """The accepted row, locked until the transaction ends.

    Raises:
        StaleState: it is done, or was taken back.
    """
    item = await Item.locked(item_id)
    if item.status is not ItemStatus.ACCEPTED:
        raise StaleState("Item", item.id, item.status)
    await item.fetch_related("dossier__agency")
    return item


async def _named(item: Item) -> Certificate | None:
    """The certificate whose serial number the row bears; rules have seen whose it is."""
    serial = row_from_json(item.asked, RevokeRow).serial.value
    named = Certificate.filter(serial=serial, status__in=HANDED_OVER)
    return await named.select_related("subscriber").first()


async def _line(item: Item) -> list[Certificate]:
    certificate = await _named(item)
    return await line_of(certificate) if certificate else []


async def _revoke(
    certificate: Certificate, item: Item, services: Publishing, now: datetime
) -> None:
    """Everything is locked before anything is written: rows first, then certificates."""
    rows = await _rows_under_way(certificate.subscriber, item.dossier_id)
    line = await line_of(certificate)
    standing = [one for one in line if in_force(one, now)]
    if not await _others_in_force(certificate.subscriber, standing, now):
        await close_account(certificate.subscriber_id, because=BECAUSE, now=now)
    await _take_back(rows, services, now)
    reason = reason_of(row_from_json(item.asked, RevokeRow).reason.typed)
    for one in standing:
        await one.make(
            CertificateMove.REVOKE, because=reason, now=now, for_item=None, current_of=None,
            revoked_at=now, reason=reason,
        )  # fmt: skip
        await tasks.call(Kind.PUBLISH, one.id, due=now)


async def _rows_under_way(subscriber: Subscriber, dossier_id: int) -> list[Item]:
    """The vetted rows that would give the person a certificate, locked.

    A new one that was asked for after this revocation is another matter. A letter
    that is held asks for nothing yet: when it is decided, the rules look again.
    """
    signing = Q(certificates__subscriber_id=subscriber.id) & Q(
        certificates__status=CertificateStatus.SIGNING
    )
    changes = Q(dossier__procedure=Procedure.CHANGE)
    earlier = Q(dossier__procedure=Procedure.ISSUE, dossier_id__lt=dossier_id)
    theirs = Item.filter(
        Q(person=subscriber.personal_number) | signing, changes | earlier,
        dossier__status=DossierStatus.ACCEPTED,
    )  # fmt: skip
    ids = [one for (one,) in await theirs.distinct().values_list("id")]
    locked = await Item.filter(id__in=ids).order_by("id").select_for_update()
    return [one for one in locked if one.status in UNDER_WAY]


async def _others_in_force(
    subscriber: Subscriber, standing: Sequence[Certificate], now: datetime
) -> bool:
    valid = Certificate.filter(
        subscriber_id=subscriber.id, status=CertificateStatus.VALID, not_after__gt=now
    )
    return await valid.exclude(id__in=[one.id for one in standing]).exists()


async def _take_back(rows: Sequence[Item], services: Publishing, now: datetime) -> None:
    words = WORDS[services.settings.terms]
    for row in rows:
        faults = [*row.faults, as_json(overtaken(words, row.position))]
        await burn_interrupted(row, now)
        await row.make(ItemMove.WITHDRAW, because=BECAUSE, now=now, faults=faults)
        await destroy_keys_made_in_vain(row, now)
    ids = [row.id for row in rows]
    await Task.filter(kind__in=OF_ITEMS, subject__in=ids, parked_at__isnull=False).delete()
    for dossier_id in sorted({row.dossier_id for row in rows}):
        await close_if_done(await Dossier.get(id=dossier_id), now)


async def _tell(item: Item, revoked: Sequence[Certificate], now: datetime) -> None:
    """The subscriber, and the agency that the register has them under where another asked.

    Each once, however many letters ask for it. Who asked is told with the dossier's result.
    """
    dossier, newest = item.dossier, revoked[-1]
    subscriber = await Subscriber.get(id=newest.subscriber_id).select_related("agency")
    told = Revoked(
        number=dossier.number,
        full_name=subscriber.full_name,
        holder="",
        asked_by=dossier.agency.name if dossier.application else "",
        ground=row_from_json(item.asked, RevokeRow).reason.typed,
        revoked=tuple(
            RevokedCertificate(one.serial, one.revoked_at, Reason(one.reason))
            for one in revoked
            if one.revoked_at and one.reason
        ),
    )
    await intend(
        told, key=f"revoked:{newest.id}", channel=Channel.EMAIL,
        recipient=subscriber.mailbox, now=now, dossier=dossier,
    )  # fmt: skip
    holder: Agency = subscriber.agency
    if holder.id != dossier.agency_id:
        await intend(
            replace(told, holder=holder.name), key=f"revoked:{newest.id}:holder",
            channel=Channel.EMAIL, recipient=holder.mailbox, now=now, dossier=dossier,
        )  # fmt: skip
