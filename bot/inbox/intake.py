"""From bytes to a `Mail` row that will be looked at, whatever the door."""

import asyncio
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.inbox.archive import Archive
from bot.register import audit, tasks
from bot.register.models import Mail

LONGEST_SENDER = 512  # as wide as the column


async def store(
    archive: Archive, raw: bytes, *, mailbox: str, envelope_from: str, now: datetime
) -> Mail:
    """Keep one mail; when this returns it may be acknowledged.

    The bytes are on the disk and the row is committed with the task that looks
    at it. The same bytes again are the same mail.
    """
    digest = await asyncio.to_thread(archive.put, raw)
    about = {
        "size": len(raw),
        "mailbox": mailbox,
        "envelope_from": _storable(envelope_from),
        "received_at": now,
    }
    async with in_transaction():
        mail, new = await Mail.get_or_create(digest=digest, defaults=about)
        if new:
            await audit.append(
                audit.SYSTEM, "mail.store", because="received", now=now,
                subject=mail.id, details={"sha256": digest},
            )  # fmt: skip
            await tasks.call(tasks.Kind.IDENTIFY, mail.id, due=now)
    return mail


def _storable(sender: str) -> str:
    """An envelope sender as any database takes it: no mail hangs on how it looks."""
    return sender.encode(errors="replace").decode().replace("\0", "?")[:LONGEST_SENDER]
