"""Issuing stands still, and goes on. What revokes, tells and publishes never stands still.

`tasks.lease` hands out nothing of a paused queue; what is begun already ends.
"""

from datetime import datetime

from bot.errors import Refused
from bot.procedures.power.enrolment import Right
from bot.register import audit
from bot.register.models import Officer, Pause
from bot.register.tasks import Queue

PAUSED = Queue.CA


class PausedAlready(Refused):
    """It stands still."""

    code = "pause.standing"


class NotPaused(Refused):
    """It does not stand still."""

    code = "pause.none"


async def pause(officer: Officer | None, right: Right, now: datetime) -> None:
    """Let issuing, renewing and amending stand still, inside the caller's transaction.

    Args:
        officer: who ordered it; None: whoever runs the bot.

    Raises:
        PausedAlready: nothing is to be done.
    """
    _, is_new = await Pause.get_or_create(queue=PAUSED, defaults={"officer": officer, "since": now})
    if not is_new:
        raise PausedAlready
    await _record("queue.pause", right, now)


async def resume(right: Right, now: datetime) -> None:
    """Let it go on, inside the caller's transaction.

    Raises:
        NotPaused: nothing is to be done.
    """
    if not await Pause.filter(queue=PAUSED).delete():
        raise NotPaused
    await _record("queue.resume", right, now)


async def _record(code: str, right: Right, now: datetime) -> None:
    await audit.append(
        audit.SYSTEM, code, because=right.because, now=now,
        details={"queue": PAUSED, **right.details},
    )  # fmt: skip
