"""From bytes to a `Mail` row that will be looked at, whatever the door."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.inbox.archive import Archive
from bot.inbox.group import GroupCommit
from bot.inbox.receipt import returned_to, settled
from bot.register import audit, tasks
from bot.register.columns import storable
from bot.register.models import Fetched, Mail

LONGEST_SENDER = 512  # as wide as the column


@dataclass(frozen=True, order=True)
class Place:
    """Which message of which IMAP folder; the folder is its URL (RFC 5092)."""

    folder: str
    uid_validity: int
    uid: int


@dataclass(frozen=True)
class Message:
    """A mail as an IMAP server handed it out."""

    raw: bytes
    mailbox: str
    received: datetime | None  # INTERNALDATE
    place: Place


@dataclass(frozen=True)
class Arrival:
    """A mail whose bytes are on the disk, but whose row is not committed yet."""

    digest: str
    size: int
    mailbox: str
    envelope_from: str
    received: datetime | None = None  # as a server of ours says
    place: Place | None = None  # where it was fetched


class Intake:
    """Keeps mails: the bytes of each at once, the rows of those that come together in one commit.

    Args:
        clock: asked once a group: a mail is received now unless a server of ours had it before.
    """

    def __init__(self, archive: Archive, clock: Callable[[], Awaitable[datetime]]) -> None:
        self._archive = archive
        self._clock = clock
        self._rows = GroupCommit(self._commit)

    async def store(
        self, raw: bytes, mailbox: str, envelope_from: str, received: datetime | None = None
    ) -> Mail:
        """Keep one mail; when this returns it may be acknowledged.

        The bytes are on the disk and the row is committed with the task that looks
        at it. The same bytes again are the same mail.

        Args:
            received: when a server of ours says that it had the mail, if it does.
        """
        kept = await _kept(self._archive, raw, mailbox, envelope_from, received)
        return await self._rows.add(kept)

    async def store_all(self, messages: Sequence[Message]) -> list[Mail | BaseException]:
        """Keep many mails in one commit, with where each was fetched; or say why one is not."""
        try:
            digests = await asyncio.to_thread(self._archive.put_all, [one.raw for one in messages])
        except OSError as error:
            return [error for _ in messages]
        senders = [storable(returned_to(one.raw), LONGEST_SENDER) for one in messages]
        return await self._rows.add_all(
            [
                Arrival(digest, len(one.raw), one.mailbox, sender, one.received, one.place)
                for one, digest, sender in zip(messages, digests, senders, strict=True)
            ]
        )

    async def _commit(self, arrivals: Sequence[Arrival]) -> list[Mail]:
        return await _commit(arrivals, await self._clock())


async def store(
    archive: Archive, raw: bytes, *, mailbox: str, envelope_from: str, now: datetime
) -> Mail:
    """Keep one mail by itself, as `Intake` does."""
    [mail] = await _commit([await _kept(archive, raw, mailbox, envelope_from)], now)
    return mail


async def fetched(folder: str, uid_validity: int, uids: Iterable[int]) -> set[int]:
    """Which of these messages of an IMAP folder are kept."""
    rows = Fetched.filter(folder=folder, uid_validity=uid_validity, uid__in=list(uids))
    return {row.uid async for row in rows.only("uid")}


async def _kept(
    archive: Archive,
    raw: bytes,
    mailbox: str,
    envelope_from: str,
    received: datetime | None = None,
) -> Arrival:
    # A thread a mail: the file system's journal makes one write of syncs that come together.
    digest = await asyncio.to_thread(archive.put, raw)
    return Arrival(digest, len(raw), mailbox, storable(envelope_from, LONGEST_SENDER), received)


async def _commit(arrivals: Sequence[Arrival], now: datetime) -> list[Mail]:
    """One transaction for all; of the same bytes the first to come are the mail."""
    first: dict[str, Arrival] = {}
    for arrival in arrivals:
        first.setdefault(arrival.digest, arrival)
    try:
        mails = await _found_or_added(first, arrivals, now)
    except IntegrityError:  # another door added one of them meanwhile: now it is found
        mails = await _found_or_added(first, arrivals, now)
    return [mails[arrival.digest] for arrival in arrivals]


async def _found_or_added(
    first: dict[str, Arrival], arrivals: Sequence[Arrival], now: datetime
) -> dict[str, Mail]:
    async with in_transaction():
        mails = await _by_digest(first)
        # sorted: two doors that add the same mails never wait for each other crosswise
        if fresh := sorted(first.keys() - mails.keys()):
            mails |= await _add([first[digest] for digest in fresh], now)
        await _remember(arrivals, mails)
        return mails


async def _remember(arrivals: Sequence[Arrival], mails: dict[str, Mail]) -> None:
    """Where mails were fetched; each message once, whoever fetches it again."""
    places = {one.place: mails[one.digest].id for one in arrivals if one.place}
    rows = [
        Fetched(folder=place.folder, uid_validity=place.uid_validity, uid=place.uid, mail_id=mail)
        for place, mail in sorted(places.items())
    ]
    if rows:
        await Fetched.bulk_create(rows, ignore_conflicts=True)


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
            received_at=settled(arrival.received, now),
        )
        for arrival in arrivals
    ]
    await Mail.bulk_create(rows)
    added = await _by_digest(row.digest for row in rows)
    about = [(mail.id, {"sha256": digest}) for digest, mail in added.items()]
    await audit.append_all(audit.SYSTEM, "mail.store", about, because="received", now=now)
    await tasks.call_all(tasks.Kind.IDENTIFY, [mail.id for mail in added.values()], due=now)
    return added
