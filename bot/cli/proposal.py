"""`bot proposal`: what one officer has signed, and another must sign before it is done."""

from typing import Annotated, Any

import typer

from bot.cli.by import By, signed
from bot.cli.output import Json, fail, show_list, show_record
from bot.cli.register import in_register
from bot.cli.signing import order
from bot.outbox.readable import grouped
from bot.procedures.power import acts
from bot.procedures.power.layout import laid_out
from bot.procedures.power.proposals import asked_by
from bot.register.lifecycle import ProposalStatus
from bot.register.models import Order, Proposal

cli = typer.Typer(
    help="Proposals: what needs a second officer's signature.\n\n"
    "They are made by `bot agency add`, `agency signer`, `officer add`, `officer end`, "
    "`certificate revoke`, `resume` and `task resume`, or by a signed mail.",
    no_args_is_help=True,
)

Number = Annotated[str, typer.Argument(help="Such as DX-2026-000001.")]


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All proposals, those that wait first."""
    show_list(in_register(context.obj, _list), as_json=as_json, empty="Nothing was proposed yet.")


async def _list() -> list[dict[str, Any]]:
    proposals = await Proposal.all().order_by("-id")
    proposals.sort(key=lambda one: one.status is not ProposalStatus.PROPOSED)
    return [
        {
            "number": one.number,
            "act": one.act,
            "by": (await asked_by(one)).officer.name,
            "status": one.status,
            "code": _code(one),
            "made": one.made_at,
            "expires": one.expires_at,
        }
        for one in proposals
    ]


@cli.command()
def show(context: typer.Context, number: Number, as_json: Json = False) -> None:
    """One proposal: all that it asks, its evidence, who has signed what."""
    show_record(in_register(context.obj, _show, number), as_json=as_json)


async def _show(number: str) -> dict[str, Any]:
    proposal = await _found(number)
    asked = acts.content(proposal.act, proposal.content)
    return {
        "number": proposal.number,
        "act": proposal.act,
        "status": proposal.status,
        "because": proposal.because,
        "code": _code(proposal),
        "made": proposal.made_at,
        "expires": proposal.expires_at,
        "reason": asked.reason,
        "asked": {fact.label: fact.value for fact in await laid_out(asked)},
        "evidence": proposal.evidence,
        "orders": [
            {"order": one.id, "officer": one.officer.name, "verb": one.verb, "refused": one.refused}
            async for one in Order.filter(proposal=proposal)
            .order_by("id")
            .prefetch_related("officer")
        ],
    }


@cli.command()
@signed
def approve(context: typer.Context, number: Number, by: By) -> None:
    """Sign it, too: then it is done. Who proposed it cannot."""
    proposal = in_register(context.obj, _waiting, number)
    order(context.obj, f"DUYỆT {proposal.number} {grouped(proposal.code)}\n", by)


@cli.command()
@signed
def refuse(
    context: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; whoever proposed it reads it.")],
    by: By,
) -> None:
    """Sign that it shall not be done. Who proposed it may take it back so."""
    proposal = in_register(context.obj, _waiting, number)
    said = " ".join(reason.split())
    order(context.obj, f"TRẢ LẠI {proposal.number} {grouped(proposal.code)}: {said}\n", by)


async def _found(number: str) -> Proposal:
    proposal = await Proposal.get_or_none(number=number.upper())
    if proposal is None:
        raise fail(f"No proposal {number}.", "See `bot proposal list`.")
    return proposal


async def _waiting(number: str) -> Proposal:
    proposal = await _found(number)
    if proposal.status is not ProposalStatus.PROPOSED:
        raise fail(f"{number} is {proposal.status}: nothing waits.", "See `bot proposal show`.")
    return proposal


def _code(proposal: Proposal) -> str | None:
    return grouped(proposal.code) if proposal.status is ProposalStatus.PROPOSED else None
