"""What became of an order that was given here."""

import asyncio
import time
from typing import Any

from bot.cli.output import NO, TRY_AGAIN, err, fail, show_record
from bot.cli.refusals import said
from bot.clock import HANOI
from bot.register.lifecycle import MailStatus, ProposalStatus
from bot.register.models import Mail, Order

LOOK_EVERY = 0.2  # seconds


async def wait_for(mail: Mail, seconds: float) -> Order | None:
    """The order that the bot has made of `mail`; None while it has not looked, or if it is none."""
    until = time.monotonic() + seconds
    while True:
        order = await Order.get_or_none(mail=mail).prefetch_related("proposal", "officer")
        await mail.refresh_from_db(["status", "because"])
        if order or mail.status is not MailStatus.STORED or time.monotonic() >= until:
            return order
        await asyncio.sleep(LOOK_EVERY)


async def tell(mail: Mail, order: Order | None, *, as_json: bool) -> int:
    """Say what became of it; the command's exit code."""
    if as_json:
        show_record(recorded(mail, order), as_json=True)
    if order is None:
        return _without(mail)
    if order.refused:
        fail(*said(order.refused))
        return NO
    if not as_json:
        err.print(_done(order), highlight=False, soft_wrap=True)
    return 0


def recorded(mail: Mail, order: Order | None) -> dict[str, Any]:
    """For scripts."""
    proposal = order.proposal if order else None
    return {
        "mail": mail.digest,
        "order": order.id if order else None,
        "refused": order.refused if order else None,
        "proposal": proposal.number if proposal else None,
        "status": proposal.status if proposal else None,
    }


def _without(mail: Mail) -> int:
    look = f"`bot mail show {mail.digest[:12]}`"
    if mail.status is MailStatus.STORED:
        what = "The order is kept, and the bot has not looked at it yet."
        fail(what, f"See that it runs (`bot run`); then {look} or `bot order list`.")
        return TRY_AGAIN
    fail(f"The bot saw no order in it ({mail.because}).", f"See {look}.")
    return NO


def _done(order: Order) -> str:
    proposal = order.proposal
    if proposal and proposal.status is ProposalStatus.PROPOSED:
        until = proposal.expires_at.astimezone(HANOI)
        return (
            f"Proposal {proposal.number} stands until {until:%d/%m/%Y %H:%M}. Another officer "
            f"must sign: bot proposal approve {proposal.number}"
        )
    return f"Done, by order {order.id} of {order.officer.name}."
