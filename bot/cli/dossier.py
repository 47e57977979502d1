"""`bot dossier`: what was asked, where it stands, and why."""

from datetime import datetime
from typing import Annotated, Any

import typer
from tortoise.functions import Count

from bot.cli.output import Json, fail, show_list, show_record
from bot.cli.register import in_register
from bot.cli.time_left import time_left
from bot.clock import Calendar
from bot.home import read_calendar
from bot.procedures.clocks import used
from bot.procedures.close import WAITING
from bot.procedures.standing import standing
from bot.register.audit import Event
from bot.register.connection import clock
from bot.register.models import Certificate, Dossier, Item

cli = typer.Typer(help="Dossiers: one letter each, with its clock.", no_args_is_help=True)


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All dossiers, newest first."""
    rows = in_register(context.obj, _list, read_calendar(context.obj))
    show_list(rows, as_json=as_json, empty="No dossier yet.")


async def _list(calendar: Calendar) -> list[dict[str, Any]]:
    now = await clock()
    listed: Any = Dossier.all().order_by("-id").annotate(rows=Count("items"))
    return [
        {
            "number": one.number,
            "agency": one.agency.code,
            "status": one.status,
            "procedure": one.procedure,
            "rows": one.rows,
            "received": one.received_at,
            "due": one.due_at,
            **_clock(one, calendar, now),
        }
        async for one in listed.prefetch_related("agency")
    ]


@cli.command()
def show(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="Such as HS-2026-000123.")],
    as_json: Json = False,
) -> None:
    """One dossier: verdicts, rows, faults, notices and history."""
    shown = in_register(context.obj, _show, number, read_calendar(context.obj))
    show_record(shown, as_json=as_json)


async def _show(number: str, calendar: Calendar) -> dict[str, Any]:
    dossier = await Dossier.get_or_none(number=number).prefetch_related(
        "agency", "mail", "notices", "supersedes", "superseded_by"
    )
    if dossier is None:
        raise fail(f"No dossier {number}.", "See `bot dossier list`.")
    items = await Item.filter(dossier=dossier).order_by("position")
    serials = await Certificate.filter(item__dossier=dossier, der__isnull=False).values_list(
        "item_id", "serial"
    )
    serial = dict(serials)
    return {
        "number": dossier.number,
        "agency": dossier.agency.name,
        "mail": dossier.mail.digest,
        "procedure": dossier.procedure,
        "status": dossier.status,
        "supersedes": dossier.supersedes.number if dossier.supersedes else None,
        "superseded by": [one.number for one in dossier.superseded_by],
        "received": dossier.received_at,
        "due": dossier.due_at,
        **_clock(dossier, calendar, await clock()),
        "waits for": (await standing(dossier)).turn if dossier.status in WAITING else None,
        "verdicts": dossier.verdicts,
        "faults": _faults(dossier.faults),
        "rows": [
            {
                "row": item.position,
                "name": item.asked["full_name"]["typed"],
                "status": item.status,
                "serial": serial.get(item.id),
                "faults": _faults(item.faults),
            }
            for item in items
        ],
        "notices": [
            {"kind": one.kind, "channel": one.channel, "status": one.status, "at": one.sent_at}
            for one in sorted(dossier.notices, key=lambda one: one.id)
        ],
        "history": [
            {"at": event.at, "what": event.code, "because": event.because}
            async for event in Event.filter(chain=await dossier.chain()).order_by("sequence")
        ],
    }


def _clock(dossier: Dossier, calendar: Calendar, now: datetime) -> dict[str, str | None]:
    """How much of an open dossier's time is left, and which share of it is over."""
    if dossier.status not in WAITING:
        return {"left": None, "used": None}
    share = int(used(dossier, calendar, now))
    return {"left": time_left(dossier.due_at, now), "used": f"{share}%"}


def _faults(faults: list[dict[str, Any]]) -> list[str]:
    return [f"{fault['code']}: {fault['text']}" for fault in faults]
