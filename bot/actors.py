"""Dramatiq actors: begin a task, let its story run, record how it ended.

Messages carry a task's number and its lease, nothing else. What is to be done
stands in the register; nothing is decided here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import dramatiq
import structlog
from tortoise.transactions import in_transaction

from bot import broker
from bot.accounts.credential import send_credential
from bot.errors import Conflict, Misconfigured, Refused, Unavailable, code_of
from bot.outbox.delivery import post
from bot.procedures.arrival import confirm_arrival
from bot.procedures.change import change
from bot.procedures.clocks import tell_of_clock
from bot.procedures.close import report_at_due_time
from bot.procedures.decide import decide_dossier
from bot.procedures.escalate import escalate
from bot.procedures.identify import identify
from bot.procedures.inbound import collect, heed
from bot.procedures.issue import issue
from bot.procedures.power.proposing import lapse
from bot.procedures.remind import tell_of_end
from bot.procedures.revoke import confirm, revoke
from bot.procedures.status.publish import publish
from bot.register import audit, tasks
from bot.register.tasks import HandOver, Kind, Lease, LeaseLost, Queue, StillKept
from bot.sandbox import Unchecked

log = structlog.get_logger()

Now = Callable[[], Awaitable[datetime]]
Story = Callable[[Lease, Any, datetime], Awaitable[None]]  # with the tools of its queue

STORIES: Mapping[Kind, Story] = {
    Kind.IDENTIFY: identify,
    Kind.DECIDE: decide_dossier,
    Kind.ISSUE: issue,
    Kind.CHANGE: change,
    Kind.REVOKE: revoke,
    Kind.CONFIRM: confirm,
    Kind.PUBLISH: publish,
    Kind.CLOCK: tell_of_clock,
    Kind.REMIND: tell_of_end,
    Kind.RESULT: lambda lease, _, now: report_at_due_time(lease, now),
    Kind.LAPSE: lambda lease, _, now: lapse(lease, now),
    Kind.ESCALATE: lambda lease, _, now: escalate(lease, now),
    Kind.NOTICE: post,
    Kind.CREDENTIAL: send_credential,
    Kind.ARRIVAL: confirm_arrival,
    Kind.INBOUND: lambda lease, _, now: heed(lease, now),
    Kind.COLLECT: collect,
}
PAUSES = (1, 2, 3, 4)  # seconds until the register is asked again; together longer than a beat
AT_MOST = 270  # seconds for one try: nothing takes so long unless it hangs
LATE = timedelta(hours=1)  # until officers are told that a device or peer is away


async def work(handed: HandOver, tools: Any, now: Now, *, again: bool = False) -> None:
    """Do the task that a message names, if it may still be begun.

    What cannot even be recorded (the register is away) ends here too: the
    lease runs out by itself.
    """
    try:
        if lease := await _begun(handed, now, again=again):
            await _record(lease, tools, now)
    except Exception as error:
        log.error("task.unrecorded", task=handed.task, code=code_of(error), at=_where(error))


async def _begun(handed: HandOver, now: Now, *, again: bool) -> Lease | None:
    """The lease, asked for a while: else the task waits until its message is missed."""
    for pause in PAUSES:
        with suppress(Unavailable, StillKept):
            return await tasks.begin(handed, await now(), again=again)
        await asyncio.sleep(pause)
    with suppress(StillKept):
        return await tasks.begin(handed, await now(), again=again)
    return None


async def _record(lease: Lease, tools: Any, now: Now) -> None:
    """Let the story run, and write down how it ended."""
    bound = log.bind(kind=lease.kind, subject=lease.subject, attempt=lease.attempt)
    try:
        at = await now()
        if lease.kind.queue is not Queue.POST:  # whatever the clock says, people are told
            await audit.require_clock(at)
        async with _kept(lease, now):
            await STORIES[lease.kind](lease, tools, at)
    except LeaseLost:
        bound.info("task.taken")
    except Conflict as conflict:
        bound.info("task.moot", code=conflict.code)
        await _drop(lease)
    except Refused as refused:
        bound.error("task.refused", code=refused.code)
        await _give_up(lease, refused.code, await now())
    except (Unavailable, Misconfigured) as error:
        bound.warning("task.postponed", code=error.code)
        await _put_off(lease, error, await now())
    except Exception as error:  # whatever it was, the next task must go on
        bound.error("task.failed", code=code_of(error), at=_where(error))
        await _try_again(lease, code_of(error), await now())
    else:
        bound.info("task.done")


@asynccontextmanager
async def _kept(lease: Lease, now: Now) -> AsyncIterator[None]:
    """Keep the lease alive while the block runs; stop the block when it is lost, or hangs."""
    async with asyncio.timeout(AT_MOST) as limit:
        keeper = asyncio.create_task(_keep(lease, limit, now))
        try:
            yield
        finally:
            keeper.cancel()


async def _keep(lease: Lease, limit: asyncio.Timeout, now: Now) -> None:
    while True:
        await asyncio.sleep(tasks.BEAT.total_seconds())
        try:
            await lease.extend(await now())
        except LeaseLost:  # the block would write in vain
            limit.reschedule(asyncio.get_running_loop().time())
            return
        except (
            Exception
        ) as error:  # the register is away: until the lease runs out it may come back
            log.warning("task.unkept", code=code_of(error))


async def _put_off(lease: Lease, error: Unavailable | Misconfigured, now: datetime) -> None:
    """Wait until the machine is back or its operator has mended it; officers hear of it in time.

    A child that died is counted: it may have died of what it was given. Vetting
    has a patience of its own, after which officers hear of the dossier.
    """
    await lease.postpone(error.code, now, counted=isinstance(error, Unchecked))
    waits = isinstance(error, Unavailable) and now - lease.since < LATE
    if not waits and lease.kind.queue is not Queue.VET:
        await _tell_officers(lease, now)


async def _give_up(lease: Lease, code: str, now: datetime) -> None:
    """Park it, and tell officers; what may never be parked is tried again all the same."""
    if lease.kind.gives_up:
        await lease.park(code, now)
    else:
        await _try_again(lease, code, now)


async def _try_again(lease: Lease, code: str, now: datetime) -> None:
    """Until it has been tried too often; what is urgent for ever, and not unseen."""
    await lease.postpone(code, now, counted=True)
    if lease.kind.queue is Queue.URGENT:
        await _tell_officers(lease, now)


async def _tell_officers(lease: Lease, now: datetime) -> None:
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


def declare(carrier: dramatiq.Broker, queue: Queue, tools: Any, now: Now) -> None:
    """The actor of `queue`, on `carrier`; every one of its stories is given `tools`."""

    async def work_on(task: int, token: str) -> None:
        await work(HandOver(task, token), tools, now, again=broker.is_redelivered())

    dramatiq.actor(broker=carrier, actor_name=queue, queue_name=queue)(work_on)
