"""Inbound: short messages to us. Kept first, then heeded; strangers are never answered."""

from datetime import datetime, timedelta

import structlog
from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from bot.clock import HANOI
from bot.outbox.content import Content
from bot.outbox.delivery import Post, intend
from bot.outbox.phone_notices import Help, Progress
from bot.procedures.close import WAITING
from bot.procedures.status.publish import REGULAR
from bot.register import audit, tasks
from bot.register.audit import Event
from bot.register.columns import storable
from bot.register.lifecycle import Channel
from bot.register.models import Dossier, Inbound, Item, OptOut, Subscriber
from bot.register.tasks import Kind, Lease
from bot.sms.commands import Command, Start, Stop, Track, read
from bot.sms.gateway import Carrier, Incoming

log = structlog.get_logger()

EVERY = {  # how often the carrier's list is looked through
    "polling": timedelta(minutes=1),
    "callback": timedelta(minutes=15),  # for what it could not call us with
}
LONGEST_TEXT = 1600
LONGEST_SENDER = 16
A_DAY = timedelta(days=1)
HEEDED_A_DAY = 20  # messages of one phone


async def receive(message: Incoming, now: datetime) -> None:
    """Keep a message, and call for it to be heeded; once, however often it is told of."""
    async with in_transaction():
        kept, is_new = await Inbound.get_or_create(
            reference=message.reference,
            defaults={
                "sender": storable(message.sender, LONGEST_SENDER),
                "text": storable(message.text, LONGEST_TEXT),
                "received_at": message.received_at,
            },
        )
        if is_new:
            await tasks.call(Kind.INBOUND, kept.id, due=now)


async def collect(lease: Lease, services: Post, now: datetime) -> None:
    """Look through the carrier's list for what came since the last time, and some time before.

    Raises:
        Unavailable: try again later, from the same point on.
    """
    every = EVERY.get(services.settings.sms.inbound)
    if every and isinstance(services.gateway, Carrier):
        for message in await services.gateway.received(lease.since - max(EVERY.values())):
            await receive(message, now)
    async with in_transaction():
        await lease.end()
        if every:
            await tasks.call(Kind.COLLECT, REGULAR, due=now + every)


async def heed(lease: Lease, now: datetime) -> None:
    """Do what a message asks, if its phone may ask it."""
    message = await Inbound.get(id=lease.subject)
    async with in_transaction():
        outcome = await _heed(message, now)
        await lease.end()
    log.info("sms.heeded", inbound=message.id, outcome=outcome)


async def lift(phone: str, now: datetime) -> bool:
    """An officer knows that its owner wants messages; False if it had not opted out."""
    async with in_transaction():
        lifted = await OptOut.filter(number=phone).delete()
        if lifted:
            stop = await _stops(phone).order_by("-sequence").first()
            about = stop.subject if stop else None
            await audit.append(
                audit.SYSTEM, "phone.start", subject=about, because="officer.lifted", now=now
            )
    return bool(lifted)


async def _heed(message: Inbound, now: datetime) -> str:
    """What was done: a word for the log."""
    command = read(message.text)
    if await _is_too_many(message.sender, command, now):
        return "too_many"
    if isinstance(command, Stop):
        _, is_new = await OptOut.get_or_create(number=message.sender, defaults={"since": now})
        if is_new:
            await _record("phone.stop", message, now)
        return "stop"
    if isinstance(command, Start):
        if await OptOut.filter(number=message.sender).delete():
            await _record("phone.start", message, now)
        return "start"
    if silence := await _silence(message.sender):
        return silence
    if isinstance(command, Track) and (dossier := await _theirs(command.number, message.sender)):
        due = dossier.due_at if dossier.status in WAITING else None
        about = Progress(dossier.number, dossier.status, due)
        await _answer(message, about, key=f"answer:{message.id}", now=now, dossier=dossier)
        return "progress"
    day = message.received_at.astimezone(HANOI).date()
    await _answer(message, Help(), key=f"help:{message.sender}:{day}", now=now)
    return "help"


async def _is_too_many(phone: str, command: Command | None, now: datetime) -> bool:
    """Whether a phone has written too often to be heeded. Its first STOP of a day always is."""
    lately = await Inbound.filter(sender=phone, received_at__gt=now - A_DAY).count()
    if lately <= HEEDED_A_DAY:
        return False
    return not isinstance(command, Stop) or await _stops(phone).filter(at__gt=now - A_DAY).exists()


async def _silence(phone: str) -> str | None:
    """Why this phone gets no answer, if so."""
    if await OptOut.exists(number=phone):
        return "opted_out"
    known = await Subscriber.exists(mobile=phone) or await Dossier.exists(receiver_mobile=phone)
    return None if known else "stranger"


async def _theirs(number: str, phone: str) -> Dossier | None:
    """That dossier, if the phone is its receiver's, or registered for a person in its rows."""
    dossier = await Dossier.get_or_none(number=number)
    if dossier is None or dossier.receiver_mobile == phone:
        return dossier
    owners = await Subscriber.filter(mobile=phone)
    items = await Item.filter(dossier=dossier)
    return dossier if any(_names(item, owner) for item in items for owner in owners) else None


def _names(item: Item, subscriber: Subscriber) -> bool:
    """Whether a row is that person's; forms 04 and 05 name nobody but by the mailbox."""
    if item.person:
        return bool(item.person == subscriber.personal_number)
    return bool(item.mailbox) and item.mailbox == subscriber.mailbox.casefold()


def _stops(phone: str) -> QuerySet[Event]:
    """The events of a phone's STOPs that changed something; each names its message."""
    theirs = Inbound.filter(sender=phone).values("id")
    return Event.filter(chain=audit.SYSTEM, code="phone.stop", subject__in=Subquery(theirs))


async def _record(code: str, message: Inbound, now: datetime) -> None:
    await audit.append(audit.SYSTEM, code, subject=message.id, because="sms.inbound", now=now)


async def _answer(
    message: Inbound, content: Content, *, key: str, now: datetime, dossier: Dossier | None = None
) -> None:
    await intend(
        content, key=key, channel=Channel.SMS, recipient=message.sender, now=now, dossier=dossier
    )
