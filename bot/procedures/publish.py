"""Publish: the CRL, where relying parties look.

Every burnt or revoked serial calls for a list of its own at once; the regular
one comes round by its own task, which is never parked, so that no list lapses.
"""

import asyncio
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tortoise.transactions import in_transaction

from bot.ca import crl
from bot.ca.crl import Revoked
from bot.ca.lint import lint_crl, require_clean
from bot.files import replace
from bot.procedures.services import Publishing
from bot.register import audit, tasks
from bot.register.counter import Counter
from bot.register.lifecycle import CertificateMove, CertificateStatus
from bot.register.models import Certificate, Item, Task
from bot.register.tasks import Lease

REGULAR = 0  # subject of the task that comes round
CRL_FILE = "ca.crl"
CERTIFICATE_FILE = "ca.cer"
RESPONDER_FILE = "ocsp.cer"
OCSP_PATH = "/ocsp"
LISTED = (CertificateStatus.BURNT, CertificateStatus.REVOKED)


async def publish(lease: Lease, services: Publishing, now: datetime) -> None:
    """Sign a list of everything revoked by now, and put it where it is looked for."""
    async with in_transaction():
        number = await Counter.next("crl")  # held: a higher number lists all that a lower one does
        # whoever called for a list by now is served by this one
        calls = Task.filter(kind=tasks.Kind.PUBLISH, lease__isnull=True).exclude(subject=REGULAR)
        served = [task.id for task in await calls.only("id")]
        revoked = [
            Revoked(int(serial, 16), at, x509.ReasonFlags(reason))
            for serial, at, reason in await Certificate.filter(status__in=LISTED)
            .order_by("id")
            .values_list("serial", "revoked_at", "reason")
        ]
    signed = await asyncio.to_thread(_sign, services, number, revoked, now)
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
            details={"entries": len(revoked)},
        )  # fmt: skip
        if lease.subject == REGULAR:
            every = timedelta(hours=services.settings.issuing.crl_every_hours)
            await tasks.call(tasks.Kind.PUBLISH, REGULAR, due=now + every)


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


def _sign(services: Publishing, number: int, revoked: list[Revoked], now: datetime) -> bytes:
    signed = crl.build(
        issuer=services.issuer.certificate,
        key=services.issuer.key,
        number=number,
        this_update=now,
        next_update=now + timedelta(hours=services.settings.issuing.crl_hours),
        revoked=revoked,
    ).public_bytes(Encoding.DER)
    require_clean(lint_crl(signed))
    return signed
