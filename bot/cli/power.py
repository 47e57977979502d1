"""What needs officers' signatures: done at once where none are asked for, else proposed."""

from typing import Annotated, Any

import typer
from pydantic import ValidationError
from tortoise.transactions import in_transaction

from bot.cli.by import By
from bot.cli.output import err, fail
from bot.cli.refusals import explained
from bot.cli.register import in_register
from bot.cli.signing import order
from bot.config import Settings
from bot.errors import Conflict, Refused
from bot.procedures.power import acts
from bot.procedures.power.acts import Asked, Revocation
from bot.procedures.power.carrying import Strength, carry_out, require_possible
from bot.procedures.power.enrolment import Right
from bot.register.connection import clock
from bot.sections.officers import Officers

Reason = Annotated[str, typer.Option(help="Why: for who approves, and for the record.")]
UNSIGNED = Right("operator.unsigned")


def put_forward(settings: Settings, asked: Asked, by: By) -> None:
    """Do it at once where `officers.signatures` is 0 and nobody signs; else order it.

    What cannot be done is said before anything is signed. Ends the command as
    `signing.order` does.
    """
    at_once = settings.officers.signatures == 0 and not by.is_named
    if at_once and not isinstance(asked, Revocation):
        in_register(settings, _do, asked, settings.officers)
        err.print("Done, without a signature (officers.signatures is 0).")
        return
    if by.is_named and not isinstance(asked, Revocation):  # that needs the order itself
        in_register(settings, _try, asked, settings.officers)
    order(settings, acts.written(asked), by)


def asked_for(shape: type[Asked], options: dict[str, str], **content: Any) -> Any:
    """The proposal of that shape; ends the command where a field is wrong, naming its option.

    Args:
        options: how a field is typed, where that is not `--field`.
    """
    try:
        return shape(**content)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_context=False)[0]
        name = str(next(iter(wrong["loc"]), ""))
        option = options.get(name, f"--{name.replace('_', '-')}" if name else "An option")
        says = wrong["msg"].removeprefix("Value error, ").lower()
        raise fail(f"{option}: {says}.", "Mend it; --help says what is asked.") from None


async def _do(asked: Asked, officers: Officers) -> None:
    try:
        async with in_transaction():
            await carry_out(asked, Strength(None, UNSIGNED, officers, await clock()))
    except (Refused, Conflict) as error:
        raise fail(*explained(error)) from None


async def _try(asked: Asked, officers: Officers) -> None:
    try:
        await require_possible(asked, Strength(None, UNSIGNED, officers, await clock()))
    except (Refused, Conflict) as error:
        raise fail(*explained(error)) from None
