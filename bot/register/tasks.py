"""What must happen later: rows, not messages.

A task is written in the transaction that calls for it. A relay leases due
tasks and sends their ids through the broker; a worker begins, keeps its lease
alive while it works, and ends the task in the transaction that records the
result. That write checks the lease, so a slow worker whose lease was given
away cannot write. Any broker may lose everything at any moment, and any worker
die: their leases run out, and the next one finds the row again.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from bot.errors import Conflict
from bot.register import audit
from bot.register.models import Pause, Task


class Queue(StrEnum):
    """Who works: each worker process may take one of them, with only its PINs."""

    URGENT = "urgent"
    CA = "ca"
    VET = "vet"
    POST = "post"


class Kind(StrEnum):
    """What is to be done, and to which row `subject` points."""

    IDENTIFY = "identify"  # Mail
    DECIDE = "decide"  # Dossier
    ISSUE = "issue"  # Item
    CHANGE = "change"  # Item; to renew, to amend or both
    REVOKE = "revoke"  # Item
    CONFIRM = "confirm"  # Item, whose revocation must be seen from outside
    PUBLISH = "publish"  # nothing; the CRL
    NOTICE = "notice"  # Notice
    CREDENTIAL = "credential"  # Notice, whose mail carries a credential
    RESULT = "result"  # Dossier, at its due time
    CLOCK = "clock"  # Dossier, at 50, 80 and 100 % of its time
    REMIND = "remind"  # Certificate, before it ends
    LAPSE = "lapse"  # Proposal that nobody answered
    ESCALATE = "escalate"  # Task that was parked
    ARRIVAL = "arrival"  # Attempt, whose short message the carrier took
    INBOUND = "inbound"  # Inbound, to be heeded
    COLLECT = "collect"  # nothing; short messages that came to us

    @property
    def queue(self) -> Queue:
        return _QUEUES[self]

    @property
    def gives_up(self) -> bool:
        """Whether it is parked when it keeps failing.

        What is urgent is tried for ever, and so are telling that others gave up
        and what comes round by itself.
        """
        return self.queue is not Queue.URGENT and self not in _NEVER_GIVEN_UP


_QUEUES = {
    Kind.IDENTIFY: Queue.VET,
    Kind.DECIDE: Queue.VET,
    Kind.ISSUE: Queue.CA,
    Kind.CHANGE: Queue.CA,
    Kind.REVOKE: Queue.URGENT,
    Kind.CONFIRM: Queue.URGENT,
    Kind.PUBLISH: Queue.URGENT,
    Kind.NOTICE: Queue.POST,
    Kind.CREDENTIAL: Queue.POST,
    Kind.RESULT: Queue.POST,
    Kind.CLOCK: Queue.POST,
    Kind.REMIND: Queue.POST,
    Kind.LAPSE: Queue.POST,
    Kind.ESCALATE: Queue.POST,
    Kind.ARRIVAL: Queue.POST,
    Kind.INBOUND: Queue.POST,
    Kind.COLLECT: Queue.POST,
}

_NEVER_GIVEN_UP = {Kind.ESCALATE, Kind.COLLECT, Kind.CLOCK}
OF_ITEMS = (Kind.ISSUE, Kind.CHANGE, Kind.REVOKE, Kind.CONFIRM)  # their subject is an Item
OF_DOSSIERS = (Kind.DECIDE, Kind.RESULT, Kind.CLOCK)  # … a Dossier

LEASE = timedelta(seconds=20)  # of a worker, kept alive by it
BEAT = LEASE / 4  # how often it says so
MISSED = BEAT * 1.5  # since the last beat: that hand is gone
HAND_OVER = timedelta(minutes=1)  # of a message, until a worker begins
PARKED_AFTER = 8  # attempts; a task that kills its worker counts too
FREE = {"lease": None, "leased_until": None, "begun_at": None}
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=15)
HEAD_START = timedelta(days=30)  # of what goes first: nothing waits so long


class StillKept(Conflict):
    """A task whose message came again is kept alive by the hand that began it."""

    code = "conflict.kept"


class LeaseLost(Conflict):
    """Another hand holds the task now, or it is done."""

    code = "conflict.lease"


@dataclass(frozen=True)
class Lease:
    """The right to write one task's result; every beginning has one of its own."""

    task: int
    token: str
    kind: Kind
    subject: int
    attempt: int
    since: datetime  # when the task first was due

    async def end(self) -> None:
        """Delete the task, inside the transaction that records its result.

        Raises:
            LeaseLost: roll everything back; somebody else has it.
        """
        if not await self._mine().delete():
            raise LeaseLost(self.task)

    async def check(self) -> None:
        """Go on only while the task is ours.

        Raises:
            LeaseLost: it was given to another hand, or is done.
        """
        if not await self._mine().exists():
            raise LeaseLost(self.task)

    async def extend(self, now: datetime) -> None:
        """Keep it alive: the work goes on.

        Raises:
            LeaseLost: it was given to another hand, or is done.
        """
        if not await self._mine().update(leased_until=now + LEASE):
            raise LeaseLost(self.task)

    async def postpone(self, code: str, now: datetime, *, counted: bool) -> None:
        """Give the task back for a time as long as it has waited, within bounds.

        Args:
            counted: whether this attempt brings the task nearer to being parked.
        """
        pause = min(max(now - self.since, FIRST_RETRY), LONGEST_RETRY)
        changes: dict[str, Any] = {**FREE, "due_at": now + pause, "last_error": code}
        if not counted:
            changes["attempts"] = self.attempt - 1
        await self._mine().update(**changes)

    async def wait(self, until: datetime, *, because: str) -> None:
        """Give the task back until its time has come: nothing has failed.

        Raises:
            LeaseLost: it was given to another hand, or is done.
        """
        changes: dict[str, Any] = {**FREE, "since": until, "due_at": until, "last_error": because}
        if not await self._mine().update(**changes, attempts=self.attempt - 1):
            raise LeaseLost(self.task)

    async def park(self, code: str, now: datetime) -> None:
        """Give the task up: trying again would change nothing, an officer acts next.

        Raises:
            LeaseLost: it was given to another hand, or is done.
        """
        async with in_transaction():
            task = await self._mine().select_for_update().get_or_none()
            if task is None:
                raise LeaseLost(self.task)
            await _park(task, code, now)

    def _mine(self) -> QuerySet[Task]:
        return Task.filter(id=self.task, lease=self.token, attempts=self.attempt)


async def call(kind: Kind, subject: int, *, due: datetime, first: bool = False) -> None:
    """Call for `kind` on `subject`, inside the caller's transaction; once is enough.

    Where the task stands and is just being ended, that end counts as the
    answer: its story holds what it looks at, or ends before it looks.

    Args:
        first: it goes before all that waits in its queue.
    """
    await call_all(kind, [subject], due=due, first=first)


async def call_all(
    kind: Kind, subjects: Iterable[int], *, due: datetime, first: bool = False
) -> None:
    """Call for `kind` on each of `subjects`, as `call` would."""
    at = due - HEAD_START if first else due
    called = [
        Task(key=f"{kind}:{subject}", kind=kind, subject=subject, since=due, due_at=at)
        for subject in subjects
    ]
    await Task.bulk_create(called, ignore_conflicts=True)


@dataclass(frozen=True)
class HandOver:
    """What a message says: the task, and the token by which a worker may begin it."""

    task: int
    token: str


async def lease(now: datetime, queues: Iterable[Queue], *, most: int) -> list[HandOver]:
    """Hand over up to `most` due tasks of `queues`, the longest due first; none of a paused one."""
    going = set(queues) - await paused()
    async with in_transaction():
        tasks = (
            await _due(now, going)
            .order_by("due_at")
            .limit(most)
            .select_for_update(skip_locked=True)
        )
        for task in tasks:
            task.lease, task.leased_until = secrets.token_hex(16), now + HAND_OVER
            task.begun_at = None
            await task.save(update_fields=[*FREE])
    return [HandOver(task.id, task.lease or "") for task in tasks]


async def due_queues(now: datetime, queues: Iterable[Queue]) -> list[Queue]:
    """Those of `queues` that have something due which is in nobody's hand, in their order."""
    asked = list(queues)
    kinds = await _due(now, asked).distinct().values("kind")
    due = {Kind(row["kind"]).queue for row in kinds}
    return [queue for queue in asked if queue in due]


def _due(now: datetime, queues: Iterable[Queue]) -> QuerySet[Task]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    return Task.filter(free, _of(queues), due_at__lte=now, parked_at__isnull=True)


async def begin(handed: HandOver, now: datetime, *, again: bool = False) -> Lease | None:
    """The lease that a message gives, or None when it gives none any more.

    A task that was begun too often is parked instead. One of a paused queue waits
    until its message is missed; what was begun before goes on.

    Args:
        again: the broker says that whoever had this message before is gone. It
            may only have lost its connection, so it is asked for a beat, too.

    Raises:
        StillKept: whoever began it has been heard of; ask again in a while.
    """
    async with in_transaction():
        standing = Task.filter(id=handed.task, lease=handed.token)
        task = await standing.select_for_update().get_or_none()
        if task is None or (task.begun_at and not again):
            return None
        if task.begun_at and task.leased_until and now < task.leased_until - LEASE + MISSED:
            raise StillKept(task.id)
        if not task.begun_at and Kind(task.kind).queue in await paused():
            return None
        if task.attempts >= PARKED_AFTER and Kind(task.kind).gives_up:
            await _park(task, task.last_error or "worker.died", now)
            return None
        task.attempts += 1
        task.begun_at, task.leased_until = now, now + LEASE
        await task.save(update_fields=["attempts", "begun_at", "leased_until"])
    kind = Kind(task.kind)
    return Lease(task.id, handed.token, kind, task.subject, task.attempts, task.since)


async def _park(task: Task, code: str, now: datetime) -> None:
    task.update_from_dict({**FREE, "parked_at": now, "last_error": code})
    await task.save(update_fields=[*FREE, "parked_at", "last_error"])
    await audit.append(
        audit.SYSTEM, "task.park", subject=task.id, because=code, now=now,
        details={"key": task.key},
    )  # fmt: skip
    await call(Kind.ESCALATE, task.id, due=now)


async def call_parked(kind: Kind, subject: int, because: str, now: datetime) -> None:
    """Write down `kind` on `subject` as given up: it was done, and came to nothing.

    Inside the caller's transaction.
    """
    await call(kind, subject, due=now)
    await _park(await Task.get(key=f"{kind}:{subject}"), because, now)


async def resume(task: Task, now: datetime) -> None:
    """Let a parked task begin anew, inside the caller's transaction.

    Raises:
        Conflict: it is not parked.
    """
    parked = Task.filter(id=task.id, parked_at__isnull=False)
    if not await parked.update(parked_at=None, attempts=0, since=now, due_at=now):
        raise Conflict(task.id)
    await audit.append(
        audit.SYSTEM, "task.resume", subject=task.id, because="officer.resumed", now=now,
        details={"key": task.key},
    )  # fmt: skip


async def paused() -> set[Queue]:
    """The queues that stand still by an officer's order."""
    return {Queue(pause.queue) for pause in await Pause.all()}


async def on_the_way(now: datetime, queues: Iterable[Queue]) -> int:
    """How many tasks of `queues` are handed over and not begun."""
    return await Task.filter(_of(queues), leased_until__gte=now, begun_at__isnull=True).count()


def _of(queues: Iterable[Queue]) -> Q:
    chosen = set(queues)
    return Q(kind__in=[kind for kind in Kind if kind.queue in chosen])


async def release_all() -> None:
    """Give every lease back: for the one process of an embedded bot, when it starts."""
    await Task.filter(lease__isnull=False).update(**FREE)
