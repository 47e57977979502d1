"""Arrival: what became of a short message that the carrier took.

The carrier calls back, and is asked all the same, with growing pauses: a call
may be lost, and comes before we have committed which message it speaks of.
Its first final word stands; whatever comes later, again or in another order,
changes nothing.
"""

from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from tortoise.transactions import in_transaction

from bot.outbox.delivery import FIRST_LOOK, Post
from bot.register import tasks
from bot.register.lifecycle import Channel, NoticeMove
from bot.register.living import StaleState
from bot.register.models import Attempt
from bot.register.tasks import Kind, Lease
from bot.sms.gateway import Arrival, Carrier, Failure, Gateway, GatewayUnavailable, Report

log = structlog.get_logger()

PATIENCE = timedelta(hours=48)  # no carrier keeps a message longer


async def record_report(reference: str, report: Report, now: datetime) -> bool:
    """Write down what the carrier says of the message it calls `reference`.

    Returns:
        Whether we know that message; perhaps we have not committed it yet.
    """
    spoken_of = await Attempt.filter(reference=reference, notice__channel=Channel.SMS)
    for attempt in spoken_of:
        with suppress(StaleState):  # the notice was closed in another way
            async with in_transaction():
                await _settle(attempt, report, now)
    return bool(spoken_of)


async def confirm_arrival(lease: Lease, services: Post, now: datetime) -> None:
    """Ask the carrier what became of a message; later again, as long as it may still arrive."""
    attempt = await Attempt.get(id=lease.subject)
    report = Report(Arrival.UNKNOWN)
    if _is_open(attempt):
        report = await _asked(services.gateway, attempt)
    async with in_transaction():
        await lease.end()
        await _settle(attempt, report, now)
        await attempt.refresh_from_db()
        if _is_open(attempt):
            await _look_again(attempt, now)


def _is_open(attempt: Attempt) -> bool:
    is_settled = attempt.delivered_at is not None or attempt.failure
    return bool(attempt.reference) and not is_settled


async def _asked(gateway: Gateway, attempt: Attempt) -> Report:
    """The carrier's word; that it does not answer is neither good nor bad."""
    if not isinstance(gateway, Carrier) or not attempt.reference:
        return Report(Arrival.UNKNOWN)
    try:
        return await gateway.report(attempt.reference)
    except GatewayUnavailable as error:
        log.info("sms.unasked", attempt=attempt.id, code=error.code)
        return Report(Arrival.UNKNOWN)


async def _settle(attempt: Attempt, report: Report, now: datetime) -> None:
    """Write down a final word, unless there is one; inside the caller's transaction."""
    standing = Attempt.filter(
        id=attempt.id, reference=attempt.reference, delivered_at__isnull=True, failure=""
    )
    match report.arrival:
        case Arrival.DELIVERED:
            if await standing.update(delivered_at=now):
                notice = await attempt.notice
                await notice.record("notice.arrive", because="sms.delivered", now=now)
        case Arrival.FAILED:
            failure = report.failure or Failure.REFUSED
            if await standing.update(failure=report.detail or failure):
                notice = await attempt.notice
                await notice.make(NoticeMove.FAIL, because=failure.code, now=now)
                await tasks.call_parked(Kind.NOTICE, notice.id, failure.code, now)


async def _look_again(attempt: Attempt, now: datetime) -> None:
    """After as long as it is under way; in the end it stays unknown, and the trail says so."""
    taken_at = attempt.accepted_at or attempt.made_at
    if now - taken_at >= PATIENCE:
        notice = await attempt.notice
        await notice.record("notice.unconfirmed", because="sms.unconfirmed", now=now)
        return
    due = min(now + max(now - taken_at, FIRST_LOOK), taken_at + PATIENCE)
    await tasks.call(Kind.ARRIVAL, attempt.id, due=due)
