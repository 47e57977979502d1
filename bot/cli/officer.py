"""`bot officer`: who decides what the bot holds, and who governs."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import reading
from bot.cli.by import By, signed
from bot.cli.output import Json, fail, show_list, show_record
from bot.cli.power import Reason, asked_for, put_forward
from bot.cli.register import in_register
from bot.cli.trusted import require_trusted
from bot.procedures.power.acts import OfficerEnd, OfficerEntry
from bot.procedures.power.layout import certificate as shown
from bot.register.audit import Event
from bot.register.connection import clock
from bot.register.lifecycle import Role
from bot.register.models import Officer

cli = typer.Typer(
    help="Officers: who is told, who decides, who governs.\n\n"
    "`watch` is told of what waits. `decide` also decides what the bot holds. `govern` also "
    "proposes and approves what needs two: agencies, signers, officers, revocation, going on.",
    no_args_is_help=True,
)

Who = Annotated[str, typer.Argument(metavar="MAILBOX", help="As `bot officer list` shows it.")]


@cli.command()
@signed
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Full name.")],
    mailbox: Annotated[str, typer.Option(help="Where they are told of what waits.")],
    role: Annotated[Role, typer.Option(help="What their signature may do.")],
    by: By,
    certificate: Annotated[
        Path | None,
        typer.Option(help="The certificate they sign with, PEM or DER; needed by who orders."),
    ] = None,
    mobile: Annotated[str, typer.Option(help="Their phone, for what is urgent.")] = "",
    since: Annotated[
        datetime | None,
        typer.Option(formats=reading.DAY, help="First day. Default: from when it is done on."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=reading.DAY, help="From this day on no more. Default: no end."),
    ] = None,
    reason: Reason = "",
) -> None:
    """Register an officer; or set the entry of that mailbox anew: role, phone, certificate.

    One officer who governs proposes it, another approves: see `bot proposal
    --help`. Only the second who governs is named by the first alone.
    """
    asked = asked_for(
        OfficerEntry,
        {"name": "NAME", "": "--certificate"},
        name=name,
        mailbox=reading.mailbox("--mailbox", mailbox),
        mobile=mobile and reading.mobile("--mobile", mobile),
        role=role,
        certificate=reading.certificate(certificate) if certificate else None,
        since=reading.midnight(since),
        until=reading.midnight(until),
        reason=reason,
    )
    if asked.certificate:
        require_trusted(context.obj, asked.certificate)
    put_forward(context.obj, asked, by)


@cli.command()
@signed
def end(
    context: typer.Context,
    mailbox: Who,
    until: Annotated[
        datetime, typer.Option(formats=reading.DAY, help="From this day on they are none.")
    ],
    by: By,
    reason: Reason = "",
) -> None:
    """Let somebody be an officer no more from a day on.

    As many must be left who govern as must sign: register who takes their place first.
    """
    asked = asked_for(
        OfficerEnd,
        {"mailbox": "MAILBOX"},
        mailbox=mailbox,
        until=reading.midnight(until),
        reason=reason,
    )
    put_forward(context.obj, asked, by)


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All officers, those of today first."""
    rows = in_register(context.obj, _list)
    show_list(rows, as_json=as_json, empty="No officer yet: bot init --help")


async def _list() -> list[dict[str, Any]]:
    now = await clock()
    officers = sorted(await Officer.all(), key=lambda one: (not one.in_force(now), one.id))
    return [
        {
            "name": one.name,
            "mailbox": one.mailbox,
            "role": one.role,
            "signs": one.fingerprint is not None,
            "since": one.since,
            "until": one.until,
        }
        for one in officers
    ]


@cli.command()
def show(context: typer.Context, mailbox: Who, as_json: Json = False) -> None:
    """One officer with their certificate and history."""
    show_record(in_register(context.obj, _show, mailbox), as_json=as_json)


async def _show(mailbox: str) -> dict[str, Any]:
    officer = await Officer.get_or_none(mailbox=mailbox.casefold())
    if officer is None:
        raise fail(f"No officer {mailbox}.", "See `bot officer list`.")
    return {
        "name": officer.name,
        "mailbox": officer.mailbox,
        "mobile": officer.mobile,
        "role": officer.role,
        "since": officer.since,
        "until": officer.until,
        "certificate": shown(bytes(officer.certificate)) if officer.certificate else None,
        "history": [event async for event in _history(officer)],
    }


async def _history(officer: Officer) -> AsyncIterator[dict[str, Any]]:
    async for event in Event.filter(chain=officer.chain).order_by("sequence"):
        yield {"at": event.at, "what": event.code, "because": event.because, **event.details}
