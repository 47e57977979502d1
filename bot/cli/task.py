"""`bot task`: what the machine has still to do, and what it gave up."""

from typing import Annotated, Any

import typer

from bot.cli.output import Json, err, fail, show_list
from bot.cli.register import in_register
from bot.procedures.escalate import resume as resume_task
from bot.register.connection import clock
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
def resume(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="As `bot task list` shows it.")],
) -> None:
    """Let a task that was given up begin anew, once its cause is mended."""
    in_register(context.obj, _resume, number)
    err.print(f"Task {number} begins anew.")


async def _resume(number: int) -> None:
    task = await Task.get_or_none(id=number)
    if task is None or task.parked_at is None:
        raise fail(f"No task {number} was given up.", "See `bot task list`.")
    await resume_task(task, await clock())
