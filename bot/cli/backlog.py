"""What `bot doctor` finds in the register: who is missing, what waits, what failed."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from tortoise.expressions import Q

from bot.cli.parts import OK, Check
from bot.cli.time_left import OVERDUE
from bot.clock import HANOI
from bot.procedures.close import WAITING
from bot.register.audit import CLOCK_GRACE, Event
from bot.register.lifecycle import DossierStatus, ItemStatus, MailStatus, NoticeStatus
from bot.register.models import Agency, Dossier, Item, Mail, Notice, Officer, Task
from bot.register.tasks import OF_DOSSIERS, OF_ITEMS, Kind

LATE = timedelta(hours=1)
NAMED = 5  # dossiers


async def look(now: datetime) -> AsyncIterator[Check]:
    """Yield a line for each part of the register, and one for each task given up."""
    yield await _officers()
    yield await _agencies()
    yield await _late(now)
    async for task in Task.filter(parked_at__isnull=False).order_by("id"):
        yield await _parked(task)
    yield await _overdue(now)
    yield await _undelivered()
    yield await _held()


async def _officers() -> Check:
    if await Officer.exists():
        return Check("officers", OK)
    return Check("officers", "No officer is registered.", "Run `bot init --officer-mailbox …`.")


async def _agencies() -> Check:
    if await Agency.exists():
        return Check("agencies", OK)
    return Check("agencies", "No agency is registered.", "See `bot agency add --help`.")


async def clock(now: datetime) -> Check:
    """Whether the newest event is of a time that has come."""
    newest = await Event.all().order_by("-at").first()
    if newest is None or now >= newest.at - CLOCK_GRACE:
        return Check("clock", OK)
    ahead = timedelta(seconds=round((newest.at - now).total_seconds()))
    return Check(
        "clock",
        f"The newest event is of {newest.at.astimezone(HANOI):%Y-%m-%d %H:%M:%S}, {ahead} ahead "
        "of the register's clock: nothing is done until then.",
        "Set the clock right (timedatectl). If it is right now and was wrong then, "
        "wait until that time has come.",
    )


async def _late(now: datetime) -> Check:
    failing = Q(due_at__lt=now) | ~Q(last_error="")
    late = await Task.filter(failing, since__lt=now - LATE, parked_at__isnull=True)
    if not late:
        return Check("tasks", OK)
    codes = ", ".join(sorted({task.last_error or "not tried" for task in late}))
    return Check(
        "tasks",
        f"{len(late)} have waited for more than an hour ({codes}).",
        "See that relay and workers are running; mend what the codes name, then they go on by "
        "themselves.",
    )


async def _parked(task: Task) -> Check:
    return Check(
        "task given up",
        f"{task.kind} {task.subject}: {task.last_error or 'worker.died'}",
        f"Look at {await _subject(task)}, mend what the code names, then: "
        f"bot task resume {task.id}",
    )


async def _subject(task: Task) -> str:
    """How to look at what a task is about."""
    if task.kind == Kind.IDENTIFY:
        mail = await Mail.get(id=task.subject)
        return f"`bot mail show {mail.digest[:12]}`"
    dossiers = {
        **{kind: Dossier.filter(id=task.subject) for kind in OF_DOSSIERS},
        **{kind: Dossier.filter(items__id=task.subject) for kind in OF_ITEMS},
        Kind.NOTICE: Dossier.filter(notices__id=task.subject),
        Kind.CREDENTIAL: Dossier.filter(notices__id=task.subject),
    }.get(Kind(task.kind))
    dossier = await dossiers.first() if dossiers is not None else None
    return f"`bot dossier show {dossier.number}`" if dossier else "the log"


async def _overdue(now: datetime) -> Check:
    late = Dossier.filter(status__in=WAITING, due_at__lte=now)
    count = await late.count()
    if not count:
        return Check("clocks", OK)
    first = [one.number async for one in late.order_by("due_at", "id").limit(NAMED)]
    return Check(
        "clocks",
        f"{count} {OVERDUE}: {', '.join(first)}{' …' if count > NAMED else ''}.",
        "See `bot board`: it says what each waits for.",
    )


async def _undelivered() -> Check:
    failed = await Notice.filter(status=NoticeStatus.FAILED).prefetch_related("dossier")
    if not failed:
        return Check("notices", OK)
    numbers = sorted({notice.dossier.number for notice in failed if notice.dossier})
    return Check(
        "notices",
        f"{len(failed)} could not be delivered{': ' if numbers else ''}{', '.join(numbers)}.",
        "Tell the people in another way; `bot dossier show` names kind and channel.",
    )


async def _held() -> Check:
    """Information only: what is held waits for an officer, and nothing is wrong with that."""
    counts = {
        "mails": await Mail.filter(status=MailStatus.HELD).count(),
        "dossiers": await Dossier.filter(status=DossierStatus.HELD).count(),
        "rows": await Item.filter(status=ItemStatus.HELD).count(),
    }
    waiting = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if not waiting:
        return Check("held", OK)
    remedy = "See `bot mail list --status held` and `bot dossier list`."
    return Check("held", f"{OK}, {waiting} waiting for an officer", remedy)
