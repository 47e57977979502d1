"""`bot order`: what officers signed and what came of it; what waits for their signature."""

from typing import Annotated, Any

import typer

from bot.cli.output import Json, fail, show_list, show_record
from bot.cli.register import in_register
from bot.outbox.readable import grouped
from bot.register.lifecycle import ProposalStatus
from bot.register.models import Hold, Order, Proposal

cli = typer.Typer(help="Orders of officers: signed mails, however made.", no_args_is_help=True)


@cli.command()
def waiting(context: typer.Context, as_json: Json = False) -> None:
    """Dossiers and proposals that wait for an officer, each with its code for one order."""
    show_list(in_register(context.obj, _waiting), as_json=as_json, empty="Nothing waits.")


async def _waiting() -> list[dict[str, Any]]:
    holds = Hold.filter(ended_at__isnull=True).order_by("made_at").prefetch_related("dossier")
    rows = [
        {
            "number": one.dossier.number,
            "code": grouped(one.code),
            "since": one.made_at,
            "until": one.expires_at,
            "due": one.dossier.due_at,
        }
        async for one in holds
    ]
    open_ = Proposal.filter(status=ProposalStatus.PROPOSED).order_by("made_at")
    rows += [
        {
            "number": one.number,
            "code": grouped(one.code),
            "since": one.made_at,
            "until": one.expires_at,
            "due": None,
        }
        async for one in open_
    ]
    return rows


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All orders, newest first."""
    show_list(in_register(context.obj, _list), as_json=as_json, empty="No order yet.")


async def _list() -> list[dict[str, Any]]:
    orders = Order.all().order_by("-id").prefetch_related("officer", "hold__dossier", "proposal")
    return [
        {
            "order": one.id,
            "at": one.made_at,
            "officer": one.officer.name,
            "verb": one.verb,
            "about": _about(one),
            "refused": one.refused,
        }
        async for one in orders
    ]


@cli.command()
def show(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="As `bot order list` shows it.")],
    as_json: Json = False,
) -> None:
    """One order, and the mail that bears its signature."""
    show_record(in_register(context.obj, _show, number), as_json=as_json)


async def _show(number: int) -> dict[str, Any]:
    order = await Order.get_or_none(id=number).prefetch_related(
        "officer", "mail", "hold__dossier", "proposal"
    )
    if order is None:
        raise fail(f"No order {number}.", "See `bot order list`.")
    return {
        "order": order.id,
        "at": order.made_at,
        "officer": f"{order.officer.name} <{order.officer.mailbox}>",
        "verb": order.verb,
        "about": _about(order),
        "rows": order.rows,
        "reason": order.reason,
        "refused": order.refused,
        "mail": order.mail.digest,
    }


def _about(order: Order) -> str | None:
    about = order.hold.dossier if order.hold else order.proposal
    number: str | None = about.number if about else None
    return number
