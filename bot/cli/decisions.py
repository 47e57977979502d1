"""`bot dossier accept`, `return`, `hold`: the signed decision on what the bot holds."""

from typing import Annotated

import typer

from bot.cli.by import By, signed
from bot.cli.output import fail
from bot.cli.register import in_register
from bot.cli.signing import order
from bot.dossier.orders import OrderText, read_order
from bot.outbox.order_words import VERBS
from bot.outbox.readable import grouped
from bot.register.lifecycle import Verb
from bot.register.models import Dossier, Hold

Number = Annotated[str, typer.Argument(help="Such as HS-2026-000123.")]
Rows = Annotated[str, typer.Option(help="Only these rows, such as 1,3-5. Default: all that wait.")]
Why = Annotated[str, typer.Option(help="Why; the agency is told.")]


@signed
def accept(
    context: typer.Context,
    number: Number,
    by: By,
    rows: Rows = "",
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> None:
    """Let pass what holds a dossier, or some rows of it; sign that.

    What is new, or must be returned, still counts: the bot decides again.
    """
    _decide(context, Verb.ACCEPT, number, rows, reason, by)


@signed
def return_(context: typer.Context, number: Number, reason: Why, by: By, rows: Rows = "") -> None:
    """Send a held dossier, or some rows of it, back to the agency; sign that."""
    _decide(context, Verb.RETURN, number, rows, reason, by)


@signed
def hold(
    context: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option(help="What is waited for.")],
    by: By,
    rows: Rows = "",
) -> None:
    """Let a dossier wait on, with a new code; its clock goes on. Sign that."""
    _decide(context, Verb.HOLD, number, rows, reason, by)


def _decide(
    context: typer.Context, verb: Verb, number: str, rows: str, reason: str, by: By
) -> None:
    code = in_register(context.obj, _code, number.upper())
    line = written(verb, number.upper(), code, rows, reason)
    if not isinstance(read_order(line), OrderText):
        raise fail("It cannot be read: --rows or --reason.", "Write rows like 1,3-5.")
    order(context.obj, f"{line}\n", by)


def written(verb: Verb, number: str, code: str, rows: str, reason: str) -> str:
    """The first line of the text to sign."""
    named = f" dòng {rows}" if rows else ""
    why = " ".join(reason.split())
    return f"{VERBS[verb]} {number} {grouped(code)}{named}{f': {why}' if why else ''}"


async def _code(number: str) -> str:
    hold = await Hold.filter(dossier__number=number, ended_at__isnull=True).first()
    if hold:
        return hold.code
    if await Dossier.exists(number=number):
        raise fail(
            f"Nothing of {number} waits for an officer.", f"See `bot dossier show {number}`."
        )
    raise fail(f"No dossier {number}.", "See `bot dossier list`.")
