"""`bot task`: what the machine has still to do, and what it gave up."""

from typing import Annotated, Any

import typer

from bot.cli.by import By, signed
from bot.cli.output import Json, show_list
from bot.cli.power import Reason, asked_for, put_forward
from bot.cli.register import in_register
from bot.procedures.power.acts import ResumedTask
from bot.register.models import Task

cli = typer.Typer(help="Tasks: what is due, waits, or was given up.", no_args_is_help=True)


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All tasks, those that were given up first."""
    rows = in_register(context.obj, _list)
    show_list(rows, as_json=as_json, empty="Nothing is to be done.")


async def _list() -> list[dict[str, Any]]:
    tasks = Task.all().order_by("-parked_at", "due_at")
    return [
        {
            "number": task.id,
            "task": task.kind,
            "row": task.subject,
            "state": "given up" if task.parked_at else "at work" if task.lease else "waits",
            "attempts": task.attempts,
            "error": task.last_error,
            "due": task.due_at,
        }
        async for task in tasks
    ]


@cli.command()
@signed
def resume(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="As `bot task list` shows it.")],
    by: By,
    reason: Reason = "",
) -> None:
    """Let a task that was given up begin anew, once its cause is mended.

    One officer who governs proposes it, another approves: see `bot proposal --help`.
    """
    put_forward(context.obj, asked_for(ResumedTask, {}, task=number, reason=reason), by)
