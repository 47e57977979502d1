"""What is proposed, done: one function for each act, inside the caller's transaction."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.transactions import in_transaction

from bot.errors import Refused
from bot.procedures.escalate import resume as resume_task
from bot.procedures.power.acts import (
    AgencySigner,
    Asked,
    NewAgency,
    OfficerEnd,
    OfficerEntry,
    Pausing,
    ResumedQueue,
    ResumedTask,
    Revocation,
)
from bot.procedures.power.enrolment import Right, register_agency, register_signer
from bot.procedures.power.mass_revocation import revoke_by_order
from bot.procedures.power.officers import end_officer, enrol_officer
from bot.procedures.power.pausing import pause, resume
from bot.register.models import Order, Task
from bot.sections.officers import Officers


class NotGivenUp(Refused):
    """No task of that number was given up, or it was resumed meanwhile."""

    code = "task.not_parked"


class OrderNeeded(Refused):
    """Nothing is revoked without a signed order, whatever `officers.signatures` says."""

    code = "order.needed"


class _OnlyTried(Exception):
    """Takes back what was done to see whether it can be."""


@dataclass(frozen=True)
class Strength:
    """On the strength of what something is done, and when.

    `order` is the one that proposed it; None: whoever runs the bot does without.
    """

    order: Order | None
    right: Right
    settings: Officers
    now: datetime


async def carry_out(asked: Asked, strength: Strength) -> None:
    """Do what is asked.

    Raises:
        Refused, Conflict: it cannot be done, or is done already; the caller's savepoint
            takes back what was written.
    """
    await HANDS[type(asked)](asked, strength)


async def require_possible(asked: Asked, strength: Strength) -> None:
    """Raise what `carry_out` would: it is tried, and taken back."""
    with suppress(_OnlyTried):
        async with in_transaction():
            await carry_out(asked, strength)
            raise _OnlyTried


async def _revoke(asked: Revocation, strength: Strength) -> None:
    if strength.order is None:
        raise OrderNeeded
    await revoke_by_order(strength.order, asked.serials, asked.reason, strength.now)


async def _pause(asked: Pausing, strength: Strength) -> None:
    officer = await strength.order.officer if strength.order else None
    await pause(officer, strength.right, strength.now)


async def _resume_task(asked: ResumedTask, strength: Strength) -> None:
    given_up = Task.filter(id=asked.task, parked_at__isnull=False).select_for_update()
    task = await given_up.get_or_none()
    if task is None:
        raise NotGivenUp
    await resume_task(task, strength.now)


HANDS: Mapping[type[Asked], Callable[[Any, Strength], Awaitable[None]]] = {
    NewAgency: lambda asked, on: register_agency(asked, on.right, on.now),
    AgencySigner: lambda asked, on: register_signer(asked, on.right, on.now),
    OfficerEntry: lambda asked, on: enrol_officer(asked, on.right, on.settings.signatures, on.now),
    OfficerEnd: lambda asked, on: end_officer(asked, on.right, on.settings.signatures, on.now),
    Revocation: _revoke,
    Pausing: _pause,
    ResumedQueue: lambda _, on: resume(on.right, on.now),
    ResumedTask: _resume_task,
}
