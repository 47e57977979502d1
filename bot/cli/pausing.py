"""`bot pause` and `bot resume`: issuing stands still, and goes on."""

import typer

from bot.cli.by import By, signed
from bot.cli.power import Reason, asked_for, put_forward
from bot.procedures.power.acts import Pausing, ResumedQueue
from bot.procedures.power.pausing import PAUSED


@signed
def pause(context: typer.Context, by: By, reason: Reason = "") -> None:
    """Let issuing, renewing and amending stand still, at once. Revocation never stops.

    One officer who governs signs: a stop must be quick. What is begun ends; mail is
    taken, receipts are sent and clocks run on.
    """
    put_forward(context.obj, asked_for(Pausing, {}, queue=PAUSED.value, reason=reason), by)


@signed
def resume(context: typer.Context, by: By, reason: Reason = "") -> None:
    """Let issuing go on after `bot pause`. Two officers sign: see `bot proposal --help`."""
    put_forward(context.obj, asked_for(ResumedQueue, {}, queue=PAUSED.value, reason=reason), by)
