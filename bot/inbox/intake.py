"""From bytes to a `Mail` row that will be looked at, whatever the door."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
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

Key = tuple[str, bool]  # digest, and whether it is only tried out: of both there is one mail


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
    is_trial: bool = False

    @property
    def key(self) -> Key:
        return self.digest, self.is_trial


class Intake:
    """Keeps mails: the bytes of each at once, the rows of those that come together in one commit.

    Args:
        clock: asked once a group: a mail is received now unless a server of ours had it before.
        precheck: the mailbox whose mail is only tried out.
    """

    def __init__(
        self, archive: Archive, clock: Callable[[], Awaitable[datetime]], precheck: str = ""
    ) -> None:
        self._archive = archive
        self._clock = clock
        self._precheck = precheck
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
        sorted_out = [replace(one, is_trial=one.mailbox == self._precheck) for one in arrivals]
        return await _commit(sorted_out, await self._clock())


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
    first: dict[Key, Arrival] = {}
    for arrival in arrivals:
        first.setdefault(arrival.key, arrival)
    try:
        mails = await _found_or_added(first, arrivals, now)
    except IntegrityError:  # another door added one of them meanwhile: now it is found
        mails = await _found_or_added(first, arrivals, now)
    return [mails[arrival.key] for arrival in arrivals]


async def _found_or_added(
    first: dict[Key, Arrival], arrivals: Sequence[Arrival], now: datetime
) -> dict[Key, Mail]:
    async with in_transaction():
        mails = await _by_key(first)
        # sorted: two doors that add the same mails never wait for each other crosswise
        if fresh := sorted(first.keys() - mails.keys()):
            mails |= await _add([first[key] for key in fresh], now)
        await _remember(arrivals, mails)
        return mails


async def _remember(arrivals: Sequence[Arrival], mails: dict[Key, Mail]) -> None:
    """Where mails were fetched; each message once, whoever fetches it again."""
    places = {one.place: mails[one.key].id for one in arrivals if one.place}
    rows = [
        Fetched(folder=place.folder, uid_validity=place.uid_validity, uid=place.uid, mail_id=mail)
        for place, mail in sorted(places.items())
    ]
    if rows:
        await Fetched.bulk_create(rows, ignore_conflicts=True)


async def _by_key(keys: Iterable[Key]) -> dict[Key, Mail]:
    found = await Mail.filter(digest__in=[digest for digest, _ in keys]).order_by("id")
    return {(mail.digest, mail.is_trial): mail for mail in found}


async def _add(arrivals: Sequence[Arrival], now: datetime) -> dict[Key, Mail]:
    """Rows, events and tasks of new mails, in as many statements for fifty as for one."""
    rows = [
        Mail(
            digest=arrival.digest,
            is_trial=arrival.is_trial,
            size=arrival.size,
            mailbox=arrival.mailbox,
            envelope_from=arrival.envelope_from,
            received_at=settled(arrival.received, now),
        )
        for arrival in arrivals
    ]
    await Mail.bulk_create(rows)
    keys = {arrival.key for arrival in arrivals}
    found = await _by_key(keys)
    added = {key: mail for key, mail in found.items() if key in keys}
    about = [(mail.id, {"sha256": digest}) for (digest, _), mail in added.items()]
    await audit.append_all(audit.SYSTEM, "mail.store", about, because="received", now=now)
    await tasks.call_all(tasks.Kind.IDENTIFY, [mail.id for mail in added.values()], due=now)
    return added
