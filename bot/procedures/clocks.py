"""The legal clock of a dossier: officers hear of it at 50, 80 and 100 % of its time.

A clock runs while its dossier is open; a return, a withdrawal or the last row's
end stops it. Whoever changes the due time sets the clock anew.
"""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clock import Calendar
from bot.dossier.form import Procedure
from bot.outbox.delivery import Post
from bot.outbox.officer_notices import Clock
from bot.procedures.close import WAITING
from bot.procedures.standing import standing
from bot.procedures.telling import tell_officers
from bot.register import tasks
from bot.register.lifecycle import DossierStatus
from bot.register.models import Dossier, Task
from bot.register.tasks import Kind, Lease

STEPS = (50, 80, 100)  # percent


async def set_clock(dossier: Dossier, calendar: Calendar) -> None:
    """Let officers be told, inside the transaction that says when `dossier` is due.

    A task that was called for stands at another time; one that is just being
    worked on looks at the dossier, which its story locks.
    """
    first = _reached(dossier, calendar, STEPS[0])
    await tasks.call(Kind.CLOCK, dossier.id, due=first)
    await Task.filter(kind=Kind.CLOCK, subject=dossier.id).update(since=first, due_at=first)


async def tell_of_clock(lease: Lease, services: Post, now: datetime) -> None:
    """Tell officers, by mail and by phone, that a dossier has used so much of its time.

    If several steps were reached unseen, the last one speaks for them.
    """
    async with in_transaction():
        dossier = await Dossier.locked(lease.subject)
        if dossier.status not in WAITING:
            await lease.end()
            return
        steps = {step: _reached(dossier, services.calendar, step) for step in STEPS}
        if reached := [step for step, at in steps.items() if at <= now]:
            await _tell(dossier, max(reached), now)
        if later := [at for at in steps.values() if at > now]:
            await lease.wait(min(later), because="clock.runs")
        else:
            await lease.end()


def runs_day_and_night(dossier: Dossier) -> bool:
    """Whether every hour of its clock counts, and not only those that are worked."""
    return dossier.procedure == Procedure.REVOKE


def used(dossier: Dossier, calendar: Calendar, now: datetime) -> float:
    """The percentage of its time that is over."""
    return calendar.used(
        dossier.received_at, dossier.due_at, now, day_and_night=runs_day_and_night(dossier)
    )


def procedure_of(dossier: Dossier) -> Procedure | None:
    """What it asks for; None while nobody has read it."""
    procedure = Procedure(dossier.procedure)
    unread = dossier.status is DossierStatus.RECEIVED and procedure is Procedure.ISSUE
    return None if unread else procedure


def _reached(dossier: Dossier, calendar: Calendar, percent: int) -> datetime:
    return calendar.share(
        dossier.received_at, dossier.due_at, percent, day_and_night=runs_day_and_night(dossier)
    )


async def _tell(dossier: Dossier, percent: int, now: datetime) -> None:
    await dossier.fetch_related("agency")
    where = await standing(dossier)
    content = Clock(
        number=dossier.number,
        agency=dossier.agency.name,
        code=dossier.agency.code,
        procedure=procedure_of(dossier),
        state=dossier.status,
        turn=where.turn,
        rows=where.rows,
        closed=where.closed,
        percent=percent,
        received=dossier.received_at,
        due=dossier.due_at,
    )
    key = f"clock:{dossier.id}:{percent}"
    await tell_officers(content, key=key, now=now, dossier=dossier, urgent=True)
