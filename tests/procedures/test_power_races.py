"""Officers who answer at the same moment, on both kinds of register: one of them counts."""

import asyncio

import pytest

from bot.register.lifecycle import ProposalStatus, Verb
from bot.register.models import Agency, Officer, Proposal
from tests.procedures.governors import a_governor, an_agency, answer, propose

pytestmark = pytest.mark.usefixtures("register")

Governors = tuple[Officer, Officer, Officer]


@pytest.fixture
async def governors(register: object) -> Governors:
    return await a_governor("an"), await a_governor("binh"), await a_governor("chi")


async def test_two_approvals_do_it_once(governors: Governors) -> None:
    an, binh, chi = governors
    await propose(an, an_agency())
    proposal = await Proposal.get()
    codes = await asyncio.gather(answer(binh, proposal), answer(chi, proposal))
    assert sorted(codes) == ["", "proposal.closed"]
    assert await Agency.all().count() == 1


async def test_of_an_approval_and_a_refusal_one_counts(governors: Governors) -> None:
    an, binh, chi = governors
    await propose(an, an_agency())
    proposal = await Proposal.get()
    codes = await asyncio.gather(answer(binh, proposal), answer(chi, proposal, Verb.RETURN))
    assert sorted(codes) == ["", "proposal.closed"]
    done = (await Proposal.get()).status is ProposalStatus.DONE
    assert await Agency.exists() == done


async def test_two_proposals_of_the_same_are_carried_out_once(governors: Governors) -> None:
    an, binh, chi = governors
    await propose(an, an_agency())
    await propose(binh, an_agency())
    first, second = await Proposal.all().order_by("id")
    codes = await asyncio.gather(answer(chi, first), answer(an, second))
    assert sorted(codes) == ["", "agency.exists"]
    assert await Agency.all().count() == 1
