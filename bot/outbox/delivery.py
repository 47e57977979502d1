"""Telling one person one thing, once: the intent first, then the try, then the word of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from bot.clock import Calendar
from bot.config import Settings
from bot.errors import Refused, code_of
from bot.outbox import caps
from bot.outbox.agency_notices import Gathered
from bot.outbox.content import Content
from bot.outbox.enclosures import Enclosures
from bot.outbox.mailer import Mailer
from bot.outbox.notices import KINDS
from bot.outbox.render import Letter, Renderer
from bot.outbox.subscriber_notices import Credential, Mac, Passcode
from bot.outbox.transport import Transport
from bot.register import tasks
from bot.register.lifecycle import Channel, NoticeMove, NoticeStatus
from bot.register.living import StaleState
from bot.register.models import Account, Attempt, Dossier, Mail, Notice, OptOut, Task
from bot.register.tasks import Kind, Lease
from bot.sms.gateway import Failure, Gateway, NumberRefused

FIRST_LOOK = timedelta(minutes=1)  # until the carrier is asked whether a message arrived


@dataclass(frozen=True)
class Post:
    """Queue `post`: what it takes to tell people; made once, by the composition root."""

    settings: Settings
    renderer: Renderer
    mailer: Mailer
    transport: Transport
    gateway: Gateway
    mac: Mac  # of the `post` token
    enclosures: Enclosures
    calendar: Calendar  # what is told may depend on the time that is left


async def intend(
    content: Content,
    *,
    key: str,
    channel: Channel,
    recipient: str,
    now: datetime,
    dossier: Dossier | None = None,
    account: Account | None = None,
    answers: Mail | None = None,
) -> Notice:
    """Write down that `recipient` is to be told `content`, inside the caller's transaction.

    Once for each `key`: a second call finds the first one's notice.
    """
    notice, is_new = await Notice.get_or_create(
        key=key,
        defaults={
            "kind": content.kind,
            "channel": channel,
            "recipient": recipient,
            "data": content.data(),
            "dossier": dossier,
            "account": account,
            "answers": answers,
            "made_at": now,
        },
    )
    if is_new:
        kind = Kind.CREDENTIAL if isinstance(content, Credential) else Kind.NOTICE
        await tasks.call(kind, notice.id, due=now)
    return notice


async def post(lease: Lease, services: Post, now: datetime) -> None:
    """Send a notice: commit the try, send it, commit that it was taken.

    Killed anywhere and repeated, it sends under the same Message-ID or reference.
    A mail beyond what its mailbox gets in an hour waits instead (`bot.outbox.caps`).

    Raises:
        Conflict: the notice is closed, or another hand holds its task.
        Unavailable: try again later.
    """
    notice = await open_notice(lease.subject)
    name = _name(notice, services.mailer)
    begun = await _begin(notice, name, lease, services, now)
    if begun is None:
        return
    attempt, is_first = begun
    since = None if is_first else attempt.made_at
    try:
        reference = await _send(notice, name, services, now, since)
    except Refused as error:
        await give_up(notice, lease, because=code_of(error), now=now)
    else:
        async with in_transaction():
            await record_sent(notice, name, reference, lease, now)
            if reference and notice.channel is Channel.SMS:
                await tasks.call(Kind.ARRIVAL, attempt.id, due=now + FIRST_LOOK)


async def _begin(
    notice: Notice, name: str, lease: Lease, services: Post, now: datetime
) -> tuple[Attempt, bool] | None:
    """The try called `name`, committed, and whether it is the first; None: it may not go now."""
    is_mail = notice.channel is Channel.EMAIL
    async with in_transaction():
        if is_mail:
            await caps.one_at_a_time()
        await lease.check()
        if tried := await Attempt.get_or_none(message_id=name):
            return tried, False
        if is_mail and not await caps.may_go(notice, lease, services.settings.outbox.hourly, now):
            return None
        return await Attempt.create(message_id=name, notice=notice, number=1, made_at=now), True


async def call_off(account: Account, *, because: str, now: datetime) -> None:
    """Let nothing that would open `account` be sent any more, inside the caller's transaction."""
    kinds = (Credential.kind, Passcode.kind)
    waiting = Notice.filter(account_id=account.id, kind__in=kinds)
    unsent = waiting.filter(status__in=NoticeMove.CALL_OFF.sources).order_by("id")
    for notice in await unsent.select_for_update():
        await notice.make(NoticeMove.CALL_OFF, because=because, now=now)
        # whoever has its task in hand has lost it
        await Task.filter(kind__in=(Kind.NOTICE, Kind.CREDENTIAL), subject=notice.id).delete()


async def open_notice(notice_id: int) -> Notice:
    """A notice that still is to be sent, with its account and what it answers.

    Raises:
        StaleState: it was sent, or given up.
    """
    notice = await Notice.get(id=notice_id).prefetch_related("answers", "account")
    if notice.status is not NoticeStatus.INTENDED:
        raise StaleState("Notice", notice.id, notice.status)
    return notice


async def record_sent(
    notice: Notice, name: str, reference: str, lease: Lease, now: datetime
) -> None:
    """The peer took the try called `name`; inside the caller's transaction."""
    await Attempt.filter(message_id=name).update(
        accepted_at=now, reference=reference or None, delivered_at=None, failure=""
    )
    await notice.make(NoticeMove.SEND, because="outbox.accepted", now=now, sent_at=now)
    await lease.end()


async def give_up(notice: Notice, lease: Lease, *, because: str, now: datetime) -> None:
    """The peer will never take it: an officer acts next."""
    async with in_transaction():
        await notice.make(NoticeMove.FAIL, because=because, now=now)
        await lease.park(because, now)


def answered(notice: Notice) -> str | None:
    """The Message-ID that `notice` answers; None when it answers no mail."""
    return notice.answers.message_id if notice.answers else None


def _name(notice: Notice, mailer: Mailer) -> str:
    """What the peer knows the notice by."""
    if notice.channel is Channel.SMS:
        return f"notice-{notice.id}"
    return mailer.message_id(notice.id)


async def _send(
    notice: Notice, name: str, services: Post, now: datetime, since: datetime | None
) -> str:
    content = KINDS[notice.kind].read(notice.data)
    if notice.channel is Channel.SMS:
        if await OptOut.exists(number=notice.recipient):
            raise NumberRefused(Failure.OPTED_OUT)
        text = await asyncio.to_thread(_short_message, content, services)
        return await services.gateway.send(notice.recipient, text, name, since=since)
    told = [content]
    if isinstance(content, Gathered):
        told = [KINDS[one.kind].read(one.data) for one in await caps.gathered(notice)]
    raw = await asyncio.to_thread(
        lambda: services.mailer.message(
            _letter(content, told, services.renderer),
            to=notice.recipient,
            message_id=name,
            now=now,
            answers=answered(notice),
            attachments=[file for one in told for file in services.enclosures.of(one)],
        )
    )
    return await services.transport.deliver(name, notice.recipient, raw)


def _letter(content: Content, told: list[Content], renderer: Renderer) -> Letter:
    if isinstance(content, Gathered):
        return renderer.letter(content, letters=[renderer.section(one) for one in told])
    return renderer.letter(content)


def _short_message(content: Content, services: Post) -> str:
    """The only secret that is ever told this way is worked out here, and kept nowhere."""
    secret = {"passcode": content.code(services.mac)} if isinstance(content, Passcode) else {}
    return services.renderer.sms(content, **secret)
