"""What is too much for one officer alone: proposed by one, signed by another, then done.

An order of an officer who governs proposes (`bot.procedures.power.acts`); it is laid
out before the others, and one of them answers. `officers.signatures` says how
many must sign; two orders bear two officers' signatures, and the trail names both.
"""

from collections.abc import Sequence
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.errors import Conflict, Refused
from bot.outbox.values import Enclosed
from bot.procedures.power import acts
from bot.procedures.power.acts import Asked, OfficerEntry, Pausing
from bot.procedures.power.carrying import Strength, carry_out, require_possible
from bot.procedures.power.enrolment import Right
from bot.procedures.power.officers import governing, is_founding
from bot.procedures.power.proposals import (
    LAPSED,
    REFUSED,
    SIGNED,
    asked_by,
    close,
    lay_before,
    open_proposal,
)
from bot.register.lifecycle import ProposalMove, ProposalStatus, Role, Verb
from bot.register.models import Officer, Order, Proposal
from bot.register.tasks import Lease
from bot.sections.officers import Officers


class NotGoverning(Refused):
    """Their role lets them neither propose nor answer a proposal."""

    code = "officer.role"


class NobodyElse(Refused):
    """There is no other officer who governs, to sign it too."""

    code = "proposal.nobody"


class OwnProposal(Refused):
    """Who proposed it does not count twice."""

    code = "proposal.own"


class ProposalClosed(Refused):
    """It has been answered, or has lapsed: its code is used up."""

    code = "proposal.closed"


class ProposalExpired(Refused):
    """Its time is over."""

    code = LAPSED


class ProposerGone(Refused):
    """Who proposed it governs no more."""

    code = "proposal.proposer"


async def propose(
    order: Order,
    officer: Officer,
    text: str,
    evidence: Sequence[Enclosed],
    settings: Officers,
    now: datetime,
) -> str:
    """Let what `officer` signed stand as a proposal, or do it where one signature is enough.

    Inside the transaction that records `order`, which then points to the proposal.

    Args:
        text: what is signed, its first line included.
        evidence: further parts that the signature covers; their bytes stand in the archive.

    Returns:
        Why nothing came of it, a code; empty where something did.
    """
    try:
        async with in_transaction():
            await _propose(order, officer, text, evidence, settings, now)
    except (Refused, Conflict) as refused:
        await order.refresh_from_db(["proposal_id", "reason"])  # what it pointed to is gone
        return refused.code
    return ""


async def answer(
    order: Order, officer: Officer, proposal: Proposal, settings: Officers, now: datetime
) -> str:
    """Do what is proposed, or not, as `order` says; inside the transaction that records `order`.

    Returns:
        Why nothing came of it, a code; empty where `order` was obeyed. What cannot be
        done any more is refused for good, and everybody told.
    """
    order.proposal = proposal
    await order.save(update_fields=["proposal_id"])
    try:
        standing = await _standing(proposal, officer, now)
        if order.verb is Verb.RETURN:
            await close(standing, ProposalMove.REFUSE, REFUSED, order, now)
            return ""
        return await _sign(standing, order, settings, now)
    except Refused as refused:
        return refused.code


async def lapse(lease: Lease, now: datetime) -> None:
    """Nobody has answered in time: who proposed it hears so, as do the others."""
    async with in_transaction():
        proposal = await Proposal.locked(lease.subject)
        if proposal.status is ProposalStatus.PROPOSED:
            await close(proposal, ProposalMove.LAPSE, LAPSED, None, now)
        await lease.end()


async def _propose(
    order: Order,
    officer: Officer,
    text: str,
    evidence: Sequence[Enclosed],
    settings: Officers,
    now: datetime,
) -> None:
    if not _governs(officer, now):
        raise NotGoverning
    asked = acts.read(text)
    needed = await _needed(asked, settings)
    others = [one for one in await governing(now) if one.id != officer.id]
    if needed > 1 and not others:
        raise NobodyElse
    if needed > 1:
        await require_possible(asked, Strength(order, Right(SIGNED), settings, now))
    proposal = await open_proposal(order, asked, evidence, settings, now)
    if needed > 1:
        await lay_before(others, proposal, asked, evidence, now)
    else:
        await _do(proposal, order, order, settings, now)


async def _standing(proposal: Proposal, officer: Officer, now: datetime) -> Proposal:
    """The proposal, locked, if `officer` may answer it now."""
    if not _governs(officer, now):
        raise NotGoverning
    standing = await Proposal.locked(proposal.id)
    if standing.status is not ProposalStatus.PROPOSED:
        raise ProposalClosed
    if standing.expires_at <= now:
        raise ProposalExpired
    return standing


async def _sign(proposal: Proposal, order: Order, settings: Officers, now: datetime) -> str:
    proposing = await asked_by(proposal)
    if proposing.officer_id == order.officer_id:
        raise OwnProposal
    try:
        if not _governs(proposing.officer, now):
            raise ProposerGone
        async with in_transaction():
            await _do(proposal, proposing, order, settings, now)
    except (Refused, Conflict) as moot:
        await close(proposal, ProposalMove.REFUSE, moot.code, order, now)
        return moot.code
    return ""


def _governs(officer: Officer, now: datetime) -> bool:
    return officer.role is Role.GOVERN and officer.in_force(now)


async def _needed(asked: Asked, settings: Officers) -> int:
    """How many must sign. A stop must be quick, and somebody must be the first."""
    if isinstance(asked, Pausing):
        return 1
    is_governor = isinstance(asked, OfficerEntry) and asked.role is Role.GOVERN
    if is_governor and await is_founding(settings.signatures):
        return 1
    return settings.signatures


async def _do(
    proposal: Proposal, proposing: Order, signing: Order, settings: Officers, now: datetime
) -> None:
    """Carry it out on the strength of these orders; one and the same where one is enough."""
    right = Right(
        SIGNED, {"proposal": proposal.number, "proposed": proposing.id, "signed": signing.id}
    )
    asked = acts.content(proposal.act, proposal.content)
    await carry_out(asked, Strength(proposing, right, settings, now))
    await close(proposal, ProposalMove.CARRY_OUT, SIGNED, signing, now)
