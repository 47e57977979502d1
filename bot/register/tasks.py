"""What must happen later: rows, not messages.

A task is written in the transaction that calls for it. A relay leases due
tasks and sends their ids through the broker; a worker does the work and ends
the task in the transaction that records the result. That write checks the
lease, so a slow worker whose lease was given away cannot write. Any broker may
lose everything at any moment: the next lease finds the row again.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from bot.errors import Conflict
from bot.register import audit
from bot.register.models import Task


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
    PUBLISH = "publish"  # nothing; the CRL
    NOTICE = "notice"  # Notice
    CREDENTIAL = "credential"  # Notice, whose mail carries a credential
    RESULT = "result"  # Dossier, at its due time
    ESCALATE = "escalate"  # Task that was parked

    @property
    def queue(self) -> Queue:
        return _QUEUES[self]

    @property
    def gives_up(self) -> bool:
        """Whether it is parked when it keeps failing.

        What is urgent is tried for ever, and so is telling that others gave up.
        """
        return self.queue is not Queue.URGENT and self is not Kind.ESCALATE


_QUEUES = {
    Kind.IDENTIFY: Queue.VET,
    Kind.DECIDE: Queue.VET,
    Kind.ISSUE: Queue.CA,
    Kind.PUBLISH: Queue.URGENT,
    Kind.NOTICE: Queue.POST,
    Kind.CREDENTIAL: Queue.POST,
    Kind.RESULT: Queue.POST,
    Kind.ESCALATE: Queue.POST,
}

LEASE = timedelta(minutes=5)  # longer than a file may take to be opened, three times
PARKED_AFTER = 8  # attempts; a task that kills its worker counts too
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=15)


class LeaseLost(Conflict):
    """Another hand holds the task now, or it is done."""

    code = "conflict.lease"


@dataclass(frozen=True)
class Lease:
    """The right to write one task's result."""

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
        if not await Task.filter(id=self.task, lease=self.token).delete():
            raise LeaseLost(self.task)

    async def check(self) -> None:
        """Go on only while the task is ours.

        Raises:
            LeaseLost: it was given to another hand, or is done.
        """
        if not await Task.filter(id=self.task, lease=self.token).exists():
            raise LeaseLost(self.task)

    async def postpone(self, code: str, now: datetime, *, counted: bool) -> None:
        """Give the task back for a time as long as it has waited, within bounds.

        Args:
            counted: whether this attempt brings the task nearer to being parked.
        """
        pause = min(max(now - self.since, FIRST_RETRY), LONGEST_RETRY)
        changes: dict[str, Any] = {
            "lease": None,
            "leased_until": None,
            "due_at": now + pause,
            "last_error": code,
        }
        if not counted:
            changes["attempts"] = self.attempt - 1
        await Task.filter(id=self.task, lease=self.token).update(**changes)

    async def park(self, code: str, now: datetime) -> None:
        """Give the task up: trying again would change nothing, an officer acts next.

        Raises:
            LeaseLost: it was given to another hand, or is done.
        """
        async with in_transaction():
            await self.check()
            await _park(await Task.get(id=self.task), code, now)


async def call(kind: Kind, subject: int, *, due: datetime) -> None:
    """Call for `kind` on `subject`, inside the caller's transaction; once is enough."""
    key = f"{kind}:{subject}"
    await Task.get_or_create(
        key=key, defaults={"kind": kind, "subject": subject, "since": due, "due_at": due}
    )


async def lease(now: datetime, queues: Iterable[Queue], *, most: int) -> list[Lease]:
    """Take up to `most` due tasks of `queues`; a spent one is parked instead."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    due = Task.filter(free, _of(queues), due_at__lte=now, parked_at__isnull=True)
    if not await due.exists():
        return []
    async with in_transaction():
        tasks = await due.order_by("due_at").limit(most).select_for_update(skip_locked=True)
        leases = []
        for task in tasks:
            if task.attempts >= PARKED_AFTER and Kind(task.kind).gives_up:
                await _park(task, task.last_error or "worker.died", now)
                continue
            task.attempts += 1
            task.lease, task.leased_until = secrets.token_hex(16), now + LEASE
            await task.save(update_fields=["attempts", "lease", "leased_until"])
            kind = Kind(task.kind)
            leases.append(Lease(task.id, task.lease, kind, task.subject, task.attempts, task.since))
    return leases


async def _park(task: Task, code: str, now: datetime) -> None:
    task.parked_at, task.last_error, task.lease, task.leased_until = now, code, None, None
    await task.save(update_fields=["parked_at", "last_error", "lease", "leased_until"])
    await audit.append(
        audit.SYSTEM, "task.park", subject=task.id, because=code, now=now,
        details={"key": task.key},
    )  # fmt: skip
    await call(Kind.ESCALATE, task.id, due=now)


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


async def held(task: int, token: str) -> Lease | None:
    """The lease that a message names, or None when it is no longer in force."""
    row = await Task.get_or_none(id=task, lease=token)
    if row is None:
        return None
    return Lease(row.id, token, Kind(row.kind), row.subject, row.attempts, row.since)


async def leased(now: datetime, queues: Iterable[Queue]) -> int:
    """How many tasks of `queues` are in somebody's hands."""
    return await Task.filter(_of(queues), leased_until__gte=now).count()


def _of(queues: Iterable[Queue]) -> Q:
    return Q(kind__in=[kind for kind in Kind if kind.queue in set(queues)])


async def release_all() -> None:
    """Give every lease back: for the one process of an embedded bot, when it starts."""
    await Task.filter(lease__isnull=False).update(lease=None, leased_until=None)
