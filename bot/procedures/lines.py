"""A certificate's line: what replaced one another, and what names the same key.

What is wrong with one of them is wrong with all.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from bot.register import audit
from bot.register.lifecycle import CertificateStatus, ItemStatus, exits
from bot.register.models import Certificate, Item, SubjectKey

HANDED_OVER = (CertificateStatus.VALID, CertificateStatus.REVOKED)
NAMED_BY = [status for status in ItemStatus if any(exits(status))]  # an open row may use it yet


async def line_of(certificate: Certificate) -> list[Certificate]:
    """`certificate` and all that belong to it, oldest first; locked in the caller's transaction."""
    own = Certificate.filter(subscriber_id=certificate.subscriber_id, status__in=HANDED_OVER)
    return line_among(certificate.id, await own.order_by("id").select_for_update())


def line_among(certificate_id: int, own: Iterable[Certificate]) -> list[Certificate]:
    """The same, where all that were handed over to its holder are known."""
    others = {one.id: one for one in own}
    line = {certificate_id: others.pop(certificate_id)}
    while more := [one for one in others.values() if _belongs(one, line.values())]:
        line |= {one.id: others.pop(one.id) for one in more}
    return [line[one] for one in sorted(line)]


def _belongs(one: Certificate, line: Collection[Certificate]) -> bool:
    return any(
        one.key_id == other.key_id or one.replaces_id == other.id or other.replaces_id == one.id
        for other in line
    )


def in_force(certificate: Certificate, now: datetime) -> bool:
    """Whether it is neither revoked nor out of its dates."""
    return certificate.status is CertificateStatus.VALID and now < certificate.not_after


async def destroy_unneeded_keys(line: Collection[Certificate], now: datetime) -> None:
    """Empty the blobs of those of its keys that nothing names any more.

    Inside the caller's transaction. A blob in a backup lives as long as that does;
    without the KEK it opens nothing (docs/hsm.md).
    """
    for key_id in sorted({one.key_id for one in line}):
        if await _is_needed(key_id, now):
            continue
        standing = SubjectKey.filter(id=key_id, destroyed_at__isnull=True)
        if await standing.update(blob=b"", destroyed_at=now):
            chain = await next(one for one in line if one.key_id == key_id).chain()
            await audit.append(
                chain, "key.destroy", subject=key_id, because="key.unneeded", now=now
            )


async def destroy_keys_made_in_vain(item: Item, now: datetime) -> None:
    """Of a row that is given up: whatever key was made for it alone."""
    await destroy_unneeded_keys(await Certificate.filter(item=item), now)


async def _is_needed(key_id: int, now: datetime) -> bool:
    naming = Certificate.filter(key_id=key_id)
    valid = naming.filter(status=CertificateStatus.VALID, not_after__gt=now)
    return await valid.exists() or await naming.filter(item__status__in=NAMED_BY).exists()
