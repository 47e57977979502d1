"""A proposal's row: opened, laid out before those who must sign it, closed, told."""

import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from bot.clock import HANOI
from bot.outbox.content import Content
from bot.outbox.delivery import intend
from bot.outbox.power_notices import Proposed, Settled
from bot.outbox.readable import grouped, readable
from bot.outbox.values import Enclosed
from bot.procedures.power import acts
from bot.procedures.power.acts import Asked
from bot.procedures.power.layout import laid_out
from bot.procedures.telling import officers_at
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import Channel, ProposalMove, Role, Verb
from bot.register.models import Officer, Order, Proposal
from bot.register.tasks import Kind
from bot.sections.officers import Officers

CODE_LENGTH = 8
REFUSED = "officer.refused"
SIGNED = "officers.signed"  # as many as must
LAPSED = "proposal.expired"


async def asked_by(proposal: Proposal) -> Order:
    """The order that proposed it, with its officer."""
    return await Order.get(proposal=proposal, verb=Verb.PROPOSE).prefetch_related("officer")


async def open_proposal(
    order: Order, asked: Asked, evidence: Sequence[Enclosed], settings: Officers, now: datetime
) -> Proposal:
    """A proposal with its number and code; `order` points to it from then on."""
    year = now.astimezone(HANOI).year
    number = await Counter.next(f"proposal-{year}")
    stored = asked.stored()
    proposal = await Proposal.create(
        number=f"DX-{year}-{number:06}",
        act=acts.act_of(asked),
        content=stored,
        evidence=[one.digest for one in evidence],
        code=readable(secrets.token_bytes(CODE_LENGTH)),
        made_at=now,
        expires_at=now + timedelta(days=settings.proposal_days),
    )
    order.proposal, order.reason = proposal, asked.reason or order.reason
    await order.save(update_fields=["proposal_id", "reason"])
    canonical = json.dumps(stored, sort_keys=True, separators=(",", ":")).encode()
    await proposal.record(
        "proposal.open", because="officer.proposed", now=now, act=proposal.act,
        order=order.id, content=sha256(canonical).hexdigest(),
    )  # fmt: skip
    return proposal


async def lay_before(
    others: Iterable[Officer],
    proposal: Proposal,
    asked: Asked,
    evidence: Sequence[Enclosed],
    now: datetime,
) -> None:
    """Ask `others` to sign, with all there is to see; it lapses if none of them answers."""
    told = Proposed(
        number=proposal.number,
        act=proposal.act,
        proposer=(await asked_by(proposal)).officer.name,
        reason=asked.reason,
        facts=await laid_out(asked),
        code=grouped(proposal.code),
        made=now,
        expires=proposal.expires_at,
        files=tuple(evidence),
    )
    await _tell(others, told, f"proposed:{proposal.id}", now)
    await tasks.call(Kind.LAPSE, proposal.id, due=proposal.expires_at)


async def close(
    proposal: Proposal, move: ProposalMove, because: str, answer: Order | None, now: datetime
) -> None:
    """Make the move, and tell everybody who governs, and who proposed it.

    Args:
        answer: the order that closes it, whose officer hears what became of it anyhow;
            None: nobody's.
    """
    await proposal.make(move, because=because, now=now)
    if answer:
        await proposal.record("proposal.sign", because=because, now=now, order=answer.id)
    proposing = await asked_by(proposal)
    asked = acts.content(proposal.act, proposal.content)
    other = answer if answer and answer.id != proposing.id else None
    told = Settled(
        number=proposal.number,
        act=proposal.act,
        outcome=proposal.status,
        proposer=proposing.officer.name,
        answered_by=(await other.officer).name if other else "",
        reason=asked.reason,
        answer=other.reason if other else "",
        because="" if because in (SIGNED, REFUSED, LAPSED) else because,
        facts=await laid_out(asked),
    )
    everybody = {one.id: one async for one in officers_at(now).filter(role=Role.GOVERN)}
    everybody[proposing.officer_id] = proposing.officer
    if answer:
        del everybody[answer.officer_id]
    await _tell(everybody.values(), told, f"settled:{proposal.id}", now)


async def _tell(officers: Iterable[Officer], content: Content, key: str, now: datetime) -> None:
    for officer in officers:
        await intend(
            content, key=f"{key}:{officer.id}", channel=Channel.EMAIL,
            recipient=officer.mailbox, now=now,
        )  # fmt: skip
