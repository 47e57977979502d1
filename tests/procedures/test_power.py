"""Power that needs two: proposed by one who governs, signed by another, done once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from bot.procedures.power import acts
from bot.procedures.power import proposing as power
from bot.procedures.power.acts import (
    AgencySigner,
    Asked,
    OfficerEnd,
    OfficerEntry,
    Pausing,
    ResumedQueue,
    ResumedTask,
    Revocation,
)
from bot.procedures.power.proposals import SIGNED
from bot.register import audit, tasks
from bot.register.audit import Event
from bot.register.lifecycle import Capacity, CertificateStatus, ProposalStatus, Role, Verb
from bot.register.models import (
    Agency,
    Dossier,
    Notice,
    Officer,
    Order,
    Pause,
    Proposal,
    Subscriber,
    Task,
)
from bot.register.models import AgencySigner as SignerRow
from bot.register.tasks import Kind
from tests.procedures.governors import (
    ONE,
    TWO,
    a_governor,
    an_agency,
    answer,
    der,
    propose,
)
from tests.procedures.office import begun
from tests.register.rows import NOW, a_certificate, an_officer

pytestmark = pytest.mark.usefixtures("sqlite_register")
LATER = NOW + timedelta(days=1)


@pytest.fixture
async def an(sqlite_register: object) -> Officer:
    return await a_governor("an")


@pytest.fixture
async def binh(an: Officer) -> Officer:
    return await a_governor("binh")


async def proposed(officer: Officer, asked: Asked) -> Proposal:
    assert await propose(officer, asked) == ""
    return await newest()


async def newest() -> Proposal:
    proposal = await Proposal.all().order_by("-id").first()
    assert proposal
    return proposal


async def told(kind: str) -> dict[str, dict[str, Any]]:
    """What stands in the notices of that kind, by who gets them."""
    return {notice.recipient: notice.data async for notice in Notice.filter(kind=kind)}


class TestTwoSign:
    async def test_what_one_proposes_another_signs_and_it_is_done(
        self, an: Officer, binh: Officer
    ) -> None:
        proposal = await proposed(an, an_agency())
        assert not await Agency.exists()
        assert await answer(binh, proposal) == ""
        agency = await Agency.get(code="cva")
        signers = await SignerRow.filter(agency=agency).order_by("id")
        assert [one.capacity for one in signers] == [Capacity.LEADER, Capacity.ORGANISATION]
        assert (await Proposal.get()).status is ProposalStatus.DONE

    async def test_numbers_run_on_and_what_is_refused_uses_up_none(
        self, an: Officer, binh: Officer
    ) -> None:
        await proposed(an, an_agency())
        assert await propose(an, "ĐỀ NGHỊ agency\n{}") == "proposal.content"
        await proposed(an, an_agency("cva2"))
        numbers = [one.number async for one in Proposal.all().order_by("id")]
        assert numbers == ["DX-2026-000001", "DX-2026-000002"]

    async def test_the_others_who_govern_see_all_of_it_with_the_line_to_write(
        self, an: Officer, binh: Officer
    ) -> None:
        await an_officer(role=Role.DECIDE)
        proposal = await proposed(an, an_agency())
        letters = await told("proposed")
        assert set(letters) == {binh.mailbox}
        said = letters[binh.mailbox]
        assert (said["number"], said["proposer"]) == (proposal.number, "an")
        assert said["code"].replace("-", "") == proposal.code
        laid_out = str(said["facts"])
        for word in ("cva@hanoiedu.edu.vn", "leader of cva", "seal of cva", "SHA-256"):
            assert word in laid_out

    async def test_who_proposed_hears_what_became_of_it(self, an: Officer, binh: Officer) -> None:
        await answer(binh, await proposed(an, an_agency()))
        settled = await told("settled")
        assert settled[an.mailbox]["outcome"] == "done"
        assert settled[an.mailbox]["answered_by"] == "binh"

    async def test_the_trail_names_both_orders(self, an: Officer, binh: Officer) -> None:
        await answer(binh, await proposed(an, an_agency()))
        proposing, signing = await Order.all().order_by("id")
        agency = await Agency.get()
        event = await Event.get(chain=agency.chain, code="agency.register")
        assert event.because == SIGNED
        assert event.details == {
            "proposal": "DX-2026-000001", "proposed": proposing.id, "signed": signing.id,
        }  # fmt: skip
        system = Event.filter(chain=audit.SYSTEM, code__startswith="proposal.").order_by("id")
        codes = [one.code async for one in system]
        assert codes == ["proposal.open", "proposal.carry_out", "proposal.sign"]
        for chain in (audit.SYSTEM, agency.chain):
            assert [one async for one in audit.broken(chain)] == []

    async def test_another_says_no(self, an: Officer, binh: Officer) -> None:
        proposal = await proposed(an, an_agency())
        assert await answer(binh, proposal, Verb.RETURN) == ""
        assert (await Proposal.get()).status is ProposalStatus.REFUSED
        assert await answer(binh, proposal) == "proposal.closed"
        assert not await Agency.exists()

    async def test_who_proposed_may_take_it_back(self, an: Officer, binh: Officer) -> None:
        proposal = await proposed(an, an_agency())
        assert await answer(an, proposal, Verb.RETURN) == ""
        assert await answer(binh, proposal) == "proposal.closed"

    async def test_where_one_is_enough_it_is_done_at_once(self, an: Officer) -> None:
        assert await propose(an, an_agency(), ONE) == ""
        assert await Agency.exists()
        assert (await Proposal.get()).status is ProposalStatus.DONE


class TestNothingComesOfIt:
    async def test_nobody_signs_twice(self, an: Officer, binh: Officer) -> None:
        proposal = await proposed(an, an_agency())
        assert await answer(an, proposal) == "proposal.own"
        assert (await Proposal.get()).status is ProposalStatus.PROPOSED

    @pytest.mark.parametrize(
        "changes", [{"role": Role.DECIDE}, {"role": Role.WATCH}, {"until": NOW}]
    )
    async def test_who_does_not_govern_neither_proposes_nor_signs(
        self, an: Officer, binh: Officer, changes: dict[str, Any]
    ) -> None:
        other = await a_governor("chi", **changes)
        assert await propose(other, an_agency()) == "officer.role"
        assert await answer(other, await proposed(an, an_agency())) == "officer.role"
        assert not await Agency.exists()

    async def test_what_is_answered_too_late(self, an: Officer, binh: Officer) -> None:
        proposal = await proposed(an, an_agency())
        late = NOW + timedelta(days=TWO.proposal_days)
        assert await answer(binh, proposal, now=late) == "proposal.expired"
        assert not await Agency.exists()

    async def test_who_proposed_must_still_govern(self, an: Officer, binh: Officer) -> None:
        proposal = await proposed(an, an_agency())
        await Officer.filter(id=an.id).update(until=LATER)
        assert await answer(binh, proposal, now=LATER) == "proposal.proposer"
        assert (await Proposal.get()).status is ProposalStatus.REFUSED

    async def test_what_cannot_be_done_is_no_proposal(self, an: Officer, binh: Officer) -> None:
        await propose(an, an_agency(), ONE)
        assert await propose(an, an_agency()) == "agency.exists"
        assert await Proposal.all().count() == 1

    async def test_what_cannot_be_done_any_more_is_refused_and_told(
        self, an: Officer, binh: Officer
    ) -> None:
        proposal = await proposed(an, an_agency())
        await propose(an, an_agency(), ONE)
        assert await answer(binh, proposal) == "agency.exists"
        assert (await Proposal.get(id=proposal.id)).status is ProposalStatus.REFUSED
        settled = [one.data async for one in Notice.filter(kind="settled", recipient=an.mailbox)]
        assert [one["because"] for one in settled] == ["agency.exists"]
        assert await Agency.all().count() == 1

    async def test_nobody_else_could_sign(self, an: Officer) -> None:
        await a_governor("chi", certificate=der("chi", NOW))
        assert await propose(an, an_agency()) == "proposal.nobody"

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("ĐỀ NGHỊ", "proposal.act"),
            ("ĐỀ NGHỊ burn\n{}", "proposal.act"),
            ("DUYỆT DX-2026-000001 K7Q2-9XWM", "proposal.act"),
            ("ĐỀ NGHỊ agency", "proposal.content"),
            ("ĐỀ NGHỊ agency\n[]", "proposal.content"),
            ("ĐỀ NGHỊ agency\n" + "[" * 100_000, "proposal.content"),
            ('ĐỀ NGHỊ resume\n{"queue": "ca", "task": 1}', "proposal.content"),
            ('ĐỀ NGHỊ pause\n{"queue": "urgent"}', "proposal.content"),
            ('ĐỀ NGHỊ signer\n{"agency": "a", "certificate": "AAAA", "capacity": "leader"}',
             "proposal.content"),
            ('ĐỀ NGHỊ officer\n{"name": "An", "mailbox": "a@b.vn", "role": "govern"}',
             "proposal.content"),
            ('ĐỀ NGHỊ revoke\n{"serials": [], "reason": "x"}', "proposal.content"),
            ('ĐỀ NGHỊ revoke\n{"serials": ["xyz"], "reason": "x"}', "proposal.content"),
            ('ĐỀ NGHỊ revoke\n{"serials": ["12"], "reason": "x"}', "serial.unknown"),
            ('ĐỀ NGHỊ resume\n{"task": 1}', "task.not_parked"),
            ('ĐỀ NGHỊ resume\n{"queue": "ca"}', "pause.none"),
        ],
    )  # fmt: skip
    async def test_what_cannot_be_read_or_done_has_its_code(
        self, an: Officer, binh: Officer, text: str, code: str
    ) -> None:
        assert await propose(an, text) == code
        assert not await Proposal.exists()
        assert not await Notice.exists()

    async def test_what_stands_below_the_json_counts_for_nothing(
        self, an: Officer, binh: Officer
    ) -> None:
        text = acts.written(an_agency()) + "\n-- \nNguyễn Văn An\n{}"
        assert await propose(an, text) == ""


class TestLapse:
    async def test_nobody_answers_in_time(self, an: Officer, binh: Officer) -> None:
        proposal = await proposed(an, an_agency())
        task = await Task.get(kind=Kind.LAPSE)
        assert task.due_at == proposal.expires_at
        await power.lapse(await begun(Kind.LAPSE, proposal.id), proposal.expires_at)
        assert (await Proposal.get()).status is ProposalStatus.LAPSED
        settled = await told("settled")
        assert {one["outcome"] for one in settled.values()} == {"lapsed"}
        assert set(settled) == {an.mailbox, binh.mailbox}

    async def test_what_was_answered_lapses_quietly(self, an: Officer, binh: Officer) -> None:
        proposal = await proposed(an, an_agency())
        await answer(binh, proposal)
        await power.lapse(await begun(Kind.LAPSE, proposal.id), proposal.expires_at)
        assert (await Proposal.get()).status is ProposalStatus.DONE
        assert not await Task.exists(kind=Kind.LAPSE)


def an_entry(name: str, **changes: Any) -> OfficerEntry:
    values: dict[str, Any] = {
        "name": name, "mailbox": f"{name}@ca.example.gov.vn", "role": Role.GOVERN,
        "certificate": der(name),
    }  # fmt: skip
    return OfficerEntry(**values | changes)


class TestOfficers:
    async def test_the_first_alone_names_the_second_and_nobody_else(self, an: Officer) -> None:
        assert await propose(an, an_entry("dung", role=Role.DECIDE)) == "proposal.nobody"
        assert await propose(an, an_entry("binh")) == ""
        assert (await Officer.get(name="binh")).in_force(LATER)
        assert await propose(an, an_entry("chi")) == ""
        assert not await Officer.exists(name="chi")
        assert (await newest()).status is ProposalStatus.PROPOSED

    async def test_whoever_once_governed_counts_so_nobody_waits_to_be_alone(
        self, an: Officer, binh: Officer
    ) -> None:
        await Officer.filter(id=binh.id).update(until=NOW)
        assert await propose(an, an_entry("chi")) == "proposal.nobody"

    async def test_a_new_certificate_is_the_same_entry_set_anew(
        self, an: Officer, binh: Officer
    ) -> None:
        anew = an_entry("binh", certificate=der("binh of 2027"))
        chi = await a_governor("chi")
        assert await answer(chi, await proposed(an, anew)) == ""
        entry = await Officer.get(id=binh.id)
        assert bytes(entry.certificate or b"") == der("binh of 2027")
        assert (entry.since, entry.until) == (binh.since, None)
        chain = [one.code async for one in Event.filter(chain=binh.chain)]
        assert chain == ["officer.change"]

    async def test_whoever_leaves_is_replaced_first(self, an: Officer, binh: Officer) -> None:
        gone = OfficerEnd(mailbox=binh.mailbox, until=LATER)
        assert await propose(an, gone) == "officer.too_few"
        demoted = an_entry("binh", role=Role.DECIDE)
        assert await propose(an, demoted) == "officer.too_few"
        await a_governor("chi")
        assert await answer(binh, await proposed(an, gone)) == ""
        assert (await Officer.get(id=binh.id)).until == LATER

    async def test_one_key_is_one_officers(self, an: Officer, binh: Officer) -> None:
        renewed = der("binh", datetime(2031, 1, 1, tzinfo=UTC))
        assert renewed != der("binh")
        other = an_entry("chi", certificate=renewed)
        assert await propose(an, other) == "officer.certificate_taken"
        assert await propose(an, an_entry("binh", certificate=renewed)) == ""

    async def test_who_decides_signs_for_no_agency(self, an: Officer, binh: Officer) -> None:
        own = an_agency(leaders=[der("binh")])
        assert await propose(an, own) == "signer.officer"
        assert await propose(an, an_agency(), ONE) == ""
        leader = an_entry("chi", certificate=der("leader of cva"))
        assert await propose(an, leader) == "signer.officer"

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            (an_entry("chi", certificate=der("binh")), "officer.certificate_taken"),
            (an_entry("chi", certificate=der("chi", NOW)), "officer.certificate_dates"),
            (an_entry("chi", since=NOW, until=NOW), "period.empty"),
            (an_entry("binh"), "enrolment.same"),
            (OfficerEnd(mailbox="nobody@ca.gov.vn", until=LATER), "officer.unknown"),
        ],
    )
    async def test_what_cannot_be(
        self, an: Officer, binh: Officer, asked: Asked, code: str
    ) -> None:
        assert await propose(an, asked) == code


class TestOtherActs:
    async def test_a_signer(self, an: Officer, binh: Officer) -> None:
        await propose(an, an_agency(), ONE)
        other = AgencySigner(agency="cva", certificate=der("new"), capacity=Capacity.LEADER)
        assert await answer(binh, await proposed(an, other)) == ""
        assert await SignerRow.exists(name="new")

    async def test_a_stop_is_quick_and_going_on_needs_two(self, an: Officer, binh: Officer) -> None:
        assert await propose(an, Pausing(queue="ca", reason="Nghi lộ khóa")) == ""
        assert (await Pause.get()).officer_id == an.id
        assert await propose(an, Pausing(queue="ca")) == "pause.standing"
        proposal = await proposed(an, ResumedQueue(queue="ca"))
        assert await Pause.exists()
        assert await answer(binh, proposal) == ""
        assert not await Pause.exists()
        system = Event.filter(chain=audit.SYSTEM, code__startswith="queue.").order_by("id")
        assert [one.code async for one in system] == ["queue.pause", "queue.resume"]

    async def test_a_task_that_was_given_up(self, an: Officer, binh: Officer) -> None:
        async with in_transaction():
            await tasks.call_parked(Kind.PUBLISH, 0, "crash.OSError", NOW)
        task = await Task.get(kind=Kind.PUBLISH)
        proposal = await proposed(an, ResumedTask(task=task.id))
        assert (await Task.get(id=task.id)).parked_at
        assert await answer(binh, proposal) == ""
        assert (await Task.get(id=task.id)).parked_at is None

    async def test_certificates_that_no_agency_asked_to_revoke(
        self, an: Officer, binh: Officer
    ) -> None:
        one = await a_certificate(status=CertificateStatus.VALID, der=b"der")
        asked = Revocation(serials=(one.serial,), reason="Lộ khóa")
        proposal = await proposed(an, asked)
        assert not await Dossier.filter(procedure="revoke").exists()
        assert (await subscriber_name(one.subscriber_id)) in str((await told("proposed")).values())
        assert await answer(binh, proposal) == ""
        dossier = await Dossier.get(procedure="revoke")
        assert dossier.mail_id == (await Order.get(verb=Verb.PROPOSE)).mail_id
        assert await Task.exists(kind=Kind.REVOKE)


async def subscriber_name(number: int) -> str:
    return (await Subscriber.get(id=number)).full_name
