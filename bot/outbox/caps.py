"""How many mails a mailbox gets in an hour, and what becomes of those beyond: they go as one.

What comes too soon waits until the hour is over, and then all that waits for
that mailbox is told in one mail, in the order it was intended. Nothing is
dropped, and nothing waits twice. Revocations wait for nobody.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from bot.dossier.form import Procedure
from bot.outbox.agency_notices import Gathered
from bot.outbox.notices import KINDS
from bot.outbox.officer_notices import Parked
from bot.outbox.subscriber_notices import Credential
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import Channel, NoticeMove, NoticeStatus
from bot.register.models import Dossier, Notice, Task
from bot.register.tasks import Kind, Lease, Queue

HOUR = timedelta(hours=1)
CAPPED = "outbox.capped"  # why a task waits, and why its notice is told in another
MOST = 200  # notices that one mail tells
WEIGHT = 10_000_000  # bytes of files that one mail brings


async def one_at_a_time() -> None:
    """What is counted stands until the caller's transaction ends."""
    await Counter.one_at_a_time("outbox")


async def may_go(notice: Notice, lease: Lease, hourly: int, now: datetime) -> bool:
    """Whether a mail that was not tried yet may be tried now, inside the caller's transaction.

    If not, its task has been given back or ended: it waits, or is told in a
    notice of kind `gathered`.
    """
    if notice.kind == Gathered.kind or await _is_urgent(notice):
        return True
    until = await _full_until(notice.recipient, hourly, now)
    waiting = await _waiting(notice.recipient)
    if until and notice not in waiting:
        await lease.wait(until, because=CAPPED)
        return False
    together = _one_mail(sorted({*waiting, notice}, key=lambda one: one.id))
    if notice in together and len(together) == 1:
        return True
    if notice in together:
        await lease.end()
    else:  # so many wait that the turn of this one comes with the next mail
        await lease.wait(now, because=CAPPED)
    await _gather(together, now)
    return False


async def gathered(notice: Notice) -> list[Notice]:
    """What a notice of kind `gathered` tells, in order."""
    return await Notice.filter(gathered_in_id=notice.id).order_by("id")


async def _is_urgent(notice: Notice) -> bool:
    """A revocation is told at once, and so are troubles with what makes it visible."""
    if notice.kind == Parked.kind and Kind(notice.data["task"]).queue is Queue.URGENT:
        return True
    if notice.dossier_id is None:
        return False
    return await Dossier.exists(id=notice.dossier_id, procedure=Procedure.REVOKE)


async def _full_until(mailbox: str, hourly: int, now: datetime) -> datetime | None:
    """When `mailbox` may get another mail; None: now. Credentials are not counted."""
    mails = _mails(mailbox)
    begun = Q(attempts__id__isnull=False) | Q(kind=Gathered.kind)
    under_way = await mails.filter(begun, status=NoticeStatus.INTENDED).count()
    if under_way >= hourly:  # they may arrive at any moment
        return now + HOUR
    sent = mails.filter(sent_at__gt=now - HOUR).order_by("-sent_at")
    in_the_way = await sent.offset(hourly - under_way - 1).first()
    return in_the_way.sent_at + HOUR if in_the_way and in_the_way.sent_at else None


async def _waiting(mailbox: str) -> list[Notice]:
    """The first that wait for `mailbox`; none that was tried, which may have arrived."""
    capped = Task.filter(kind=Kind.NOTICE, last_error=CAPPED, parked_at__isnull=True)
    intended = _mails(mailbox).filter(
        status=NoticeStatus.INTENDED,
        attempts__id__isnull=True,
        id__in=Subquery(capped.values("subject")),
    )
    return await intended.order_by("id").limit(MOST)


def _mails(mailbox: str) -> QuerySet[Notice]:
    return Notice.filter(recipient=mailbox, channel=Channel.EMAIL).exclude(kind=Credential.kind)


def _one_mail(notices: Sequence[Notice]) -> Sequence[Notice]:
    """As many of `notices`, from the first, as one mail can bring."""
    weight = 0
    for at, notice in enumerate(notices[:MOST]):
        weight += KINDS[notice.kind].read(notice.data).weight
        if at and weight > WEIGHT:
            return notices[:at]
    return notices[:MOST]


async def _gather(notices: Sequence[Notice], now: datetime) -> None:
    """Let one mail tell `notices` instead of them."""
    first = notices[0]
    mail = await Notice.create(
        key=f"gathered:{first.id}",
        kind=Gathered.kind,
        channel=Channel.EMAIL,
        recipient=first.recipient,
        data=Gathered().data(),
        made_at=now,
    )
    # chains in the order in which others hold them: the system's comes last
    for notice in sorted(notices, key=lambda one: (one.dossier_id is None, one.dossier_id or 0)):
        await notice.make(NoticeMove.GATHER, because=CAPPED, now=now, gathered_in_id=mail.id)
    # whoever has one of their tasks in hand has lost it
    await Task.filter(kind=Kind.NOTICE, subject__in=[notice.id for notice in notices]).delete()
    await tasks.call(Kind.NOTICE, mail.id, due=now)
