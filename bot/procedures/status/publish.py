"""Publish: the CRL, where relying parties look.

Every burnt or revoked serial calls for a list of its own at once; the regular
one comes round by its own task, which is never parked, so that no list lapses.
With that one the OCSP responder's certificate is looked after.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from tortoise.transactions import in_transaction

from bot.ca import crl
from bot.ca.crl import Revoked
from bot.ca.lint import lint_crl, require_clean
from bot.files import replace
from bot.procedures.services import CRL_FILE, Publishing
from bot.procedures.status.delegate import renew_responder
from bot.register import audit, tasks
from bot.register.counter import Counter
from bot.register.lifecycle import CertificateMove, CertificateStatus
from bot.register.models import Certificate, Item, Task
from bot.register.tasks import Lease

REGULAR = 0  # subject of the task that comes round
LISTED = (CertificateStatus.BURNT, CertificateStatus.REVOKED)
ROWS = 1_000  # read, or served, at once: PostgreSQL takes 32,767 numbers in a question


async def publish(lease: Lease, services: Publishing, now: datetime) -> None:
    """Sign a list of everything revoked by now, and put it where it is looked for."""
    async with in_transaction():
        number = await Counter.next("crl")  # held: a higher number lists all that a lower one does
        # whoever called for a list by now is served by this one; of very many, the first
        calls = Task.filter(kind=tasks.Kind.PUBLISH, lease__isnull=True).exclude(subject=REGULAR)
        served = [task.id for task in await calls.order_by("id").limit(ROWS).only("id")]
        listed = await _ids()
    await _encode(listed, services.entries)
    entries = [services.entries[one] for one in listed]
    signed = await asyncio.to_thread(_sign, services, number, entries, now)
    async with in_transaction():
        await lease.check()
        await Counter.rise("crl.newest", number)
    async with in_transaction():
        await lease.end()
        if await Counter.stands("crl.newest", number):  # held: no older list comes after a newer
            await asyncio.to_thread(replace, services.published / CRL_FILE, signed)
        await Task.filter(id__in=served, lease__isnull=True).delete()
        await audit.append(
            audit.SYSTEM, "crl.publish", because="crl.due", now=now, subject=number,
            details={"entries": len(entries)},
        )  # fmt: skip
        if lease.subject == REGULAR:
            every = timedelta(hours=services.settings.issuing.crl_every_hours)
            await tasks.call(tasks.Kind.PUBLISH, REGULAR, due=now + every)
    if lease.subject == REGULAR:
        await renew_responder(services, now)


async def burn_interrupted(item: Item, now: datetime) -> None:
    """List the serials that an interrupted issue reserved, inside the caller's transaction.

    Whether their bytes were signed cannot be known.
    """
    async for standing in Certificate.filter(item=item, status=CertificateStatus.SIGNING):
        await standing.make(
            CertificateMove.BURN, because="issue.interrupted", now=now, for_item=None,
            current_of=None, revoked_at=now, reason=x509.ReasonFlags.unspecified.value,
        )  # fmt: skip
        await tasks.call(tasks.Kind.PUBLISH, standing.id, due=now)


async def _ids() -> list[int]:
    """Which certificates are listed."""
    rows = await Certificate.filter(status__in=LISTED).order_by("id").values_list("id")
    return [one for (one,) in rows]


async def _encode(listed: Sequence[int], entries: dict[int, bytes]) -> None:
    """Add to `entries` those of `listed` that it lacks: what is listed never changes."""
    new = [one for one in listed if one not in entries]
    for start in range(0, len(new), ROWS):
        rows = Certificate.filter(id__in=new[start : start + ROWS])
        for one, serial, at, reason in await rows.values_list(
            "id", "serial", "revoked_at", "reason"
        ):
            entries[one] = crl.entry(Revoked(int(serial, 16), at, x509.ReasonFlags(reason)))


def _sign(services: Publishing, number: int, entries: Sequence[bytes], now: datetime) -> bytes:
    issuer = services.issuer
    drafted = crl.draft(
        issuer=issuer.certificate,
        number=number,
        this_update=now,
        next_update=now + timedelta(hours=services.settings.issuing.crl_hours),
        entries=entries,
    )
    require_clean(lint_crl(drafted.trial))
    return crl.sign(drafted.tbs, issuer.key, issuer.certificate)
