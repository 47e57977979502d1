"""`bot agency signer`: whose certificate signs for an agency, as what, from when to when."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import reading
from bot.cli.by import By, signed
from bot.cli.output import fail
from bot.cli.power import Reason, asked_for, put_forward
from bot.cli.refusals import explained
from bot.procedures.power import enrolment
from bot.procedures.power.acts import AgencySigner
from bot.procedures.power.enrolment import AgencyUnknown
from bot.register.lifecycle import Capacity
from bot.register.models import Agency


@signed
def signer(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="The agency's code.")],
    certificate: Annotated[Path, typer.Argument(help="The signer's certificate, PEM or DER.")],
    capacity: Annotated[Capacity, typer.Option(help="In which capacity it signs.")],
    by: By,
    since: Annotated[
        datetime | None,
        typer.Option(formats=reading.DAY, help="First day. Default: from when it is done on."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=reading.DAY, help="From this day on it signs no more. Default: no end."
        ),
    ] = None,
    reason: Reason = "",
) -> None:
    """Register another signer of an agency, or change the end of one.

    Held mails that they signed are looked at again: what came before --since comes back.

    A certificate signs for one agency in one capacity at a time. One officer who
    governs proposes it, another approves: see `bot proposal --help`.
    """
    asked = asked_for(
        AgencySigner,
        {"agency": "CODE", "certificate": "CERTIFICATE"},
        agency=code,
        certificate=reading.certificate(certificate),
        capacity=capacity,
        since=reading.midnight(since),
        until=reading.midnight(until),
        reason=reason,
    )
    put_forward(context.obj, asked, by)


async def find_agency(code: str) -> Agency:
    """The agency with that code; ends the command if there is none."""
    try:
        return await enrolment.find_agency(code)
    except AgencyUnknown as error:
        raise fail(*explained(error)) from None
