"""Mail stays in a mailbox of ours behind IMAP: officers are told."""

import hashlib
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from bot.inbox.intake import Place
from bot.outbox.officer_notices import Unfetched
from bot.procedures.telling import tell_officers

TOO_BIG = "mail.too_big"


async def report_trouble(mailbox: str, code: str, lasts: timedelta, now: datetime) -> None:
    """None of it is fetched; once a day for each reason, whoever reports it."""
    key = f"unfetched:{_short(f'{mailbox} {code}')}:{now:%Y%m%d}"
    async with in_transaction():
        await tell_officers(Unfetched(mailbox, code, now - lasts), key=key, now=now)


async def report_too_big(mailbox: str, place: Place, size: int, now: datetime) -> None:
    """One mail is not fetched; once, whoever reports it."""
    megabytes = f"{size / 1_000_000:.1f}".replace(".", ",")
    key = f"unfetched:{_short(place.folder)}:{place.uid_validity}:{place.uid}"
    async with in_transaction():
        await tell_officers(Unfetched(mailbox, TOO_BIG, now, megabytes), key=key, now=now)


def _short(name: str) -> str:
    """Enough of a digest for a key."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
