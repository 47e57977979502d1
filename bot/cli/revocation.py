"""`bot certificate revoke`: certificates that no agency asked to revoke."""

from typing import Annotated

import typer

from bot.cli.by import By, signed
from bot.cli.output import fail
from bot.cli.power import asked_for, put_forward
from bot.cli.register import in_register
from bot.cli.signer import find_agency
from bot.procedures.power.acts import MOST_SERIALS, Revocation
from bot.procedures.power.mass_revocation import serials_in_force
from bot.register.connection import clock


@signed
def revoke(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; the people concerned are told.")],
    by: By,
    serial: Annotated[
        list[str] | None, typer.Argument(help="In hexadecimal; as many as there are.")
    ] = None,
    agency: Annotated[
        str, typer.Option(help="All that are in force of this agency's people.")
    ] = "",
) -> None:
    """Propose that certificates be revoked; always signed, and by two unless settings say less.

    When it is done they go the way of form 05: first of all, and told when seen.
    """
    if bool(serial) == bool(agency):
        raise typer.BadParameter("name serial numbers, or --agency")
    serials = serial or in_register(context.obj, _of_agency, agency)
    if not serials:
        raise fail(f"Agency {agency} has no certificate in force.", "See `bot certificate list`.")
    if len(serials) > MOST_SERIALS:
        raise fail(
            f"{len(serials)} are too many for one proposal.",
            f"Name {MOST_SERIALS} serial numbers at a time.",
        )
    asked = asked_for(Revocation, {"serials": "SERIAL"}, serials=serials, reason=reason)
    put_forward(context.obj, asked, by)


async def _of_agency(code: str) -> list[str]:
    return await serials_in_force(await find_agency(code), await clock())
