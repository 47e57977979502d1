"""From bytes to a `Mail` row that will be looked at, whatever the door."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.inbox.archive import Archive
from bot.inbox.group import GroupCommit
from bot.register import audit, tasks
from bot.register.columns import storable
from bot.register.models import Mail

LONGEST_SENDER = 512  # as wide as the column


@dataclass(frozen=True)
class Arrival:
    """A mail whose bytes are on the disk, but whose row is not committed yet."""

    digest: str
    size: int
    mailbox: str
    envelope_from: str


class Intake:
    """Keeps mails: the bytes of each at once, the rows of those that come together in one commit.

    Args:
        clock: asked once a group, for the time of receipt.
    """

    def __init__(self, archive: Archive, clock: Callable[[], Awaitable[datetime]]) -> None:
        self._archive = archive
        self._clock = clock
        self._rows = GroupCommit(self._commit)

    async def store(self, raw: bytes, mailbox: str, envelope_from: str) -> Mail:
        """Keep one mail; when this returns it may be acknowledged.

        The bytes are on the disk and the row is committed with the task that looks
        at it. The same bytes again are the same mail.
        """
        return await self._rows.add(await _kept(self._archive, raw, mailbox, envelope_from))

    async def _commit(self, arrivals: Sequence[Arrival]) -> list[Mail]:
        return await _commit(arrivals, await self._clock())


async def store(
    archive: Archive, raw: bytes, *, mailbox: str, envelope_from: str, now: datetime
) -> Mail:
    """Keep one mail by itself, as `Intake` does."""
    [mail] = await _commit([await _kept(archive, raw, mailbox, envelope_from)], now)
    return mail


async def _kept(archive: Archive, raw: bytes, mailbox: str, envelope_from: str) -> Arrival:
    # A thread a mail: the file system's journal makes one write of syncs that come together.
    digest = await asyncio.to_thread(archive.put, raw)
    return Arrival(digest, len(raw), mailbox, storable(envelope_from, LONGEST_SENDER))


async def _commit(arrivals: Sequence[Arrival], now: datetime) -> list[Mail]:
    """One transaction for all; of the same bytes the first to come are the mail."""
    first: dict[str, Arrival] = {}
    for arrival in arrivals:
        first.setdefault(arrival.digest, arrival)
    try:
        mails = await _found_or_added(first, now)
    except IntegrityError:  # another door added one of them meanwhile: now it is found
        mails = await _found_or_added(first, now)
    return [mails[arrival.digest] for arrival in arrivals]


async def _found_or_added(arrivals: dict[str, Arrival], now: datetime) -> dict[str, Mail]:
    async with in_transaction():
        mails = await _by_digest(arrivals)
        # sorted: two doors that add the same mails never wait for each other crosswise
        if fresh := sorted(arrivals.keys() - mails.keys()):
            mails |= await _add([arrivals[digest] for digest in fresh], now)
        return mails


async def _by_digest(digests: Iterable[str]) -> dict[str, Mail]:
    found = await Mail.filter(digest__in=list(digests)).order_by("id")
    return {mail.digest: mail for mail in found}


async def _add(arrivals: Sequence[Arrival], now: datetime) -> dict[str, Mail]:
    """Rows, events and tasks of new mails, in as many statements for fifty as for one."""
    rows = [
        Mail(
            digest=arrival.digest,
            size=arrival.size,
            mailbox=arrival.mailbox,
            envelope_from=arrival.envelope_from,
            received_at=now,
        )
        for arrival in arrivals
    ]
    await Mail.bulk_create(rows)
    added = await _by_digest(row.digest for row in rows)
    about = [(mail.id, {"sha256": digest}) for digest, mail in added.items()]
    await audit.append_all(audit.SYSTEM, "mail.store", about, because="received", now=now)
    await tasks.call_all(tasks.Kind.IDENTIFY, [mail.id for mail in added.values()], due=now)
    return added
