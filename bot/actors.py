"""Dramatiq actors: take a lease, let its story run, record how it ended.

Messages carry a task's number and its lease, nothing else. What is to be done
stands in the register; nothing is decided here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import dramatiq
import structlog
from tortoise.transactions import in_transaction

from bot.accounts.credential import send_credential
from bot.errors import Conflict, Misconfigured, Refused, Unavailable, code_of
from bot.outbox.delivery import post
from bot.procedures.close import report_at_due_time
from bot.procedures.decide import decide_dossier
from bot.procedures.escalate import escalate
from bot.procedures.identify import identify
from bot.procedures.issue import issue
from bot.procedures.publish import publish
from bot.procedures.services import Services
from bot.register import audit, tasks
from bot.register.tasks import Kind, Lease, LeaseLost, Queue
from bot.sandbox import Unchecked

log = structlog.get_logger()

Now = Callable[[], datetime]
Story = Callable[[Lease, Services, datetime], Awaitable[None]]

STORIES: Mapping[Kind, Story] = {
    Kind.IDENTIFY: identify,
    Kind.DECIDE: decide_dossier,
    Kind.ISSUE: issue,
    Kind.PUBLISH: publish,
    Kind.RESULT: report_at_due_time,
    Kind.ESCALATE: escalate,
    Kind.NOTICE: lambda lease, services, now: post(lease, services.post, now),
    Kind.CREDENTIAL: lambda lease, services, now: send_credential(lease, services.post, now),
}
AT_MOST = tasks.LEASE.total_seconds() * 0.9
LATE = timedelta(hours=1)  # until officers are told that a device or peer is away
LOOK_EVERY = 0.2  # seconds


async def work(task: int, token: str, services: Services, now: Now) -> None:
    """Do the task that a message names, if the message's lease is still in force."""
    lease = await tasks.held(task, token)
    if lease is None:
        return
    bound = log.bind(kind=lease.kind, subject=lease.subject, attempt=lease.attempt)
    try:
        await audit.require_clock(now())
        async with asyncio.timeout(AT_MOST):
            await STORIES[lease.kind](lease, services, now())
    except LeaseLost:
        bound.info("task.taken")
    except Conflict as conflict:
        bound.info("task.moot", code=conflict.code)
        await _drop(lease)
    except Refused as refused:
        bound.error("task.parked", code=refused.code)
        await lease.park(refused.code, now())
    except (Unavailable, Misconfigured) as error:
        bound.warning("task.postponed", code=error.code)
        await _put_off(lease, error, now())
    except Exception as error:  # whatever it was, the next task must go on
        bound.error("task.failed", code=code_of(error), at=_where(error))
        await lease.postpone(code_of(error), now(), counted=True)
    else:
        bound.info("task.done")


async def _put_off(lease: Lease, error: Unavailable | Misconfigured, now: datetime) -> None:
    """Wait until the machine is back or its operator has mended it; officers hear of it in time.

    A child that died is counted: it may have died of what it was given. Vetting
    has a patience of its own, after which officers hear of the dossier.
    """
    await lease.postpone(error.code, now, counted=isinstance(error, Unchecked))
    waits = isinstance(error, Unavailable) and now - lease.since < LATE
    if not waits and lease.kind.queue is not Queue.VET:
        async with in_transaction():
            await tasks.call(Kind.ESCALATE, lease.task, due=now)


async def _drop(lease: Lease) -> None:
    """The step was made before: its task has nothing left to do."""
    with suppress(LeaseLost):
        await lease.end()


def _where(error: BaseException) -> str:
    """File and line, for the log: a trace without anybody's data."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}"


Actors = Mapping[Queue, dramatiq.Actor[[int, str], None]]


def declare(broker: dramatiq.Broker, services: Services, now: Now) -> Actors:
    """An actor for each queue, on `broker`; the more urgent, the earlier in one worker."""

    async def work_on(task: int, token: str) -> None:
        await work(task, token, services, now)

    return {
        queue: dramatiq.actor(broker=broker, actor_name=queue, queue_name=queue, priority=priority)(
            work_on
        )
        for priority, queue in enumerate(Queue)
    }


async def relay(actors: Actors, hands: Mapping[Queue, int], now: Now) -> None:
    """Lease due tasks and send them out, for ever; no more of a queue than it has hands.

    So no lease runs out while its message waits, and slow work of one queue
    holds up no other.
    """
    while True:
        sent = 0
        try:
            for queue, actor in actors.items():
                room = hands[queue] - await tasks.leased(now(), [queue])
                for lease in await tasks.lease(now(), [queue], most=room) if room > 0 else ():
                    actor.send(lease.task, lease.token)
                    sent += 1
        except Exception as error:  # the register may be away for a while
            log.error("relay.failed", code=code_of(error), at=_where(error))
        if not sent:
            await asyncio.sleep(LOOK_EVERY)
