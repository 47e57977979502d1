"""`bot phone`: which phones want no messages, and how an officer lifts it."""

from typing import Annotated, Any

import typer

from bot.cli import reading
from bot.cli.output import Json, err, fail, show_list
from bot.cli.register import in_register
from bot.procedures.inbound import lift
from bot.register.connection import clock
from bot.register.models import OptOut

cli = typer.Typer(help="Phones: which of them want no messages.", no_args_is_help=True)


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """Phones that sent STOP, and since when; the last one first."""
    rows = in_register(context.obj, _list)
    show_list(rows, as_json=as_json, empty="No phone has opted out.")


async def _list() -> list[dict[str, Any]]:
    phones = OptOut.all().order_by("-since", "number")
    return [{"number": phone.number, "since": phone.since} async for phone in phones]


@cli.command()
def start(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="As `bot phone list` shows it, or 0912 345 678.")],
) -> None:
    """Send to a phone again, once its owner has said that the STOP was not theirs."""
    in_register(context.obj, _start, number)
    err.print("It is sent to again. What failed meanwhile: bot task list, then bot task resume.")


async def _start(typed: str) -> None:
    listed = await OptOut.exists(number=typed)  # also what is no mobile number of ours
    number = typed if listed else reading.mobile("NUMBER", typed)
    if not await lift(number, await clock()):
        raise fail(f"{number} has not opted out.", "See `bot phone list`.")
