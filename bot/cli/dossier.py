"""`bot dossier`: what was asked, where it stands, and why."""

from typing import Annotated, Any

import typer

from bot.cli.output import Json, fail, show_list, show_record
from bot.cli.register import in_register
from bot.register.audit import Event
from bot.register.models import Dossier, Item

cli = typer.Typer(help="Dossiers: one letter each, with its clock.", no_args_is_help=True)


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All dossiers, newest first."""
    show_list(in_register(context.obj, _list), as_json=as_json, empty="No dossier yet.")


async def _list() -> list[dict[str, Any]]:
    return [
        {
            "number": one.number,
            "agency": one.agency.code,
            "status": one.status,
            "rows": len(one.items),
            "received": one.received_at,
            "due": one.due_at,
        }
        async for one in Dossier.all().order_by("-id").prefetch_related("agency", "items")
    ]


@cli.command()
def show(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="Such as HS-2026-000123.")],
    as_json: Json = False,
) -> None:
    """One dossier: verdicts, rows, faults, notices and history."""
    show_record(in_register(context.obj, _show, number), as_json=as_json)


async def _show(number: str) -> dict[str, Any]:
    dossier = await Dossier.get_or_none(number=number).prefetch_related("agency", "mail", "notices")
    if dossier is None:
        raise fail(f"No dossier {number}.", "See `bot dossier list`.")
    items = await Item.filter(dossier=dossier).order_by("position")
    return {
        "number": dossier.number,
        "agency": dossier.agency.name,
        "mail": dossier.mail.digest,
        "status": dossier.status,
        "received": dossier.received_at,
        "due": dossier.due_at,
        "verdicts": dossier.verdicts,
        "faults": _faults(dossier.faults),
        "rows": [
            {
                "row": item.position,
                "name": item.asked["full_name"]["typed"],
                "status": item.status,
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


def _faults(faults: list[dict[str, Any]]) -> list[str]:
    return [f"{fault['code']}: {fault['text']}" for fault in faults]
