"""What a bot does while it lives, one task at a time, in an order that is always the same.

Embedded (SQLite), a bot that starts gives all leases back. Of several
processes (PostgreSQL), the broker gives a dead worker's message to another,
which takes its task over; where no message went out, the lease runs out.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGKILL, SIGSTOP
from typing import Any

from tortoise.expressions import Q

from bot import actors, app, tools
from bot.config import Settings
from bot.home import Home
from bot.inbox import intake
from bot.inbox.archive import Archive
from bot.register import connection, tasks
from bot.register.connection import clock
from bot.register.models import Notice, Task
from bot.register.tasks import PARKED_AFTER, HandOver, Kind, Queue
from tests.crash import facts, outside
from tests.crash.points import Points, at_work, lay
from tests.house import OFFICIAL

Say = Callable[[Any], None]

ORDER = (
    Kind.IDENTIFY,
    Kind.DECIDE,
    Kind.ISSUE,
    Kind.CREDENTIAL,
    Kind.NOTICE,
    Kind.ARRIVAL,
    Kind.ESCALATE,
    Kind.PUBLISH,
    Kind.RESULT,
    Kind.INBOUND,
    Kind.COLLECT,
)
"""Which goes first, of what is due. Whatever comes late has little after it."""

FAR = (Kind.PUBLISH, Kind.COLLECT, Kind.RESULT)  # due some day; what else waits need not
AGES_AGO = datetime(2000, 1, 1).astimezone()
ENDLESS = 200  # tasks; so many are never done


async def run(
    say: Say,
    settings: dict[str, Any],
    kinds: Sequence[Kind] = ORDER,
    mail: str | None = None,
    fatal: str | None = None,
    frozen: str | None = None,
    redelivered: list[Any] | None = None,
    postfix: str | None = None,
) -> dict[str, Any]:
    """Do all there is to do of `kinds`: the points that were `passed`, and the `facts` then.

    Says each message that it is given, and `null` when it has acknowledged it.

    Args:
        mail: the file that somebody hands in at the door until it is acknowledged.
        fatal: where it is killed.
        frozen: or where it is stopped, and goes on when it is told to.
        redelivered: the message that was given to a worker who is dead, or seems so.
        postfix: the folder of the server that takes mails, if one does.
    """
    points = Points(fatal or frozen, SIGKILL if fatal else SIGSTOP)
    house = Settings(**settings)
    async with connection.opened(Home(house).register), AsyncExitStack() as stack:
        hands = Hands(house, stack)
        lay(points)
        if house.database.url:
            await _take_over(redelivered, hands)
        else:
            await app.begin(house, await clock())
        if mail:
            await _hand_in(Path(mail), house)
        async for handed in _messages([Kind(kind) for kind in kinds]):
            say([handed.task, handed.token])
            await hands.work(handed)
            say(None)
        mails = await outside.mails(house, Path(postfix) if postfix else None)
        post = await hands.tools(Queue.POST)
        found = await facts.facts(house, post.mac, mails, await outside.messages(house))
    return {"passed": points.passed, "facts": found}


@dataclass(frozen=True)
class Hands:
    """The workers of all queues; the tools of each are made when it has something to do."""

    settings: Settings
    stack: AsyncExitStack
    made: dict[Queue, Any] = field(default_factory=dict)

    async def work(self, handed: HandOver, *, again: bool = False) -> None:
        """Do what a message says, as `actors.work` does."""
        task = await Task.get_or_none(id=handed.task)
        if task is None:  # done by whoever died before it could acknowledge the message
            return
        at_work.set(f"{await _name(task)}/{task.id}")
        given = await self.tools(Kind(task.kind).queue)
        await actors.work(handed, given, clock, again=again)

    async def tools(self, queue: Queue) -> Any:
        """What the hands of `queue` work with."""
        if queue not in self.made:
            made = await self.stack.enter_async_context(tools.tools(self.settings, [queue]))
            self.made.update(made)
        return self.made[queue]


async def _take_over(redelivered: list[Any] | None, hands: Hands) -> None:
    if redelivered:
        missed = await clock() + tasks.LEASE - tasks.MISSED  # some seconds pass without a beat
        await Task.filter(begun_at__isnull=False).update(leased_until=missed)
        await hands.work(HandOver(*redelivered), again=True)
    stands = Task.filter(lease__isnull=False)
    await stands.update(leased_until=await clock() - timedelta(seconds=1))


async def _hand_in(mail: Path, house: Settings) -> None:
    at_work.set("door/0")
    raw = await asyncio.to_thread(mail.read_bytes)
    await intake.store(
        Archive(Home(house).archive), raw, mailbox=OFFICIAL, envelope_from="", now=await clock()
    )


async def _messages(kinds: Sequence[Kind]) -> AsyncIterator[HandOver]:
    """What the relay hands over: the first of `kinds` that has something due, again and again."""
    for count in range(ENDLESS):
        at_work.set(f"relay/{count}")
        task = await _first(kinds)
        if task is None:
            return
        await Task.filter(id=task.id).update(due_at=AGES_AGO)
        for handed in await tasks.lease(await clock(), [Kind(task.kind).queue], most=1):
            yield handed
    raise AssertionError("it never ends")


async def _first(kinds: Sequence[Kind]) -> Task | None:
    now = await clock()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    due = Q(due_at__lte=now) | ~Q(kind__in=FAR)
    for kind in kinds:
        waiting = Task.filter(free, due, kind=kind, parked_at__isnull=True)
        if task := await waiting.order_by("due_at", "id").first():
            return task
    return None


async def _name(task: Task) -> str:
    """What is at work: kinds of task, and what of them goes another way."""
    if task.kind == Kind.NOTICE:
        notice = await Notice.get(id=task.subject)
        return f"notice-{notice.channel}"
    return f"{task.kind}-given-up" if task.attempts >= PARKED_AFTER else task.kind
