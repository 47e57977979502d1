"""What becomes of a message after the carrier took it, on the real register."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.outbox.delivery import post
from bot.outbox.officer_notices import Parked
from bot.procedures.arrival import PATIENCE, confirm_arrival, record_report
from bot.procedures.escalate import escalate, resume
from bot.register.lifecycle import NoticeStatus
from bot.register.models import Attempt, Notice, Officer, OptOut, Task
from bot.register.tasks import Kind
from bot.sections.sms import Sms
from bot.sms.folder import FileGateway
from bot.sms.gateway import Arrival, Failure, GatewayUnavailable, Report
from demo.peers.twilio_account import Trouble, TwilioPeer
from tests.outbox.examples import NOW, a_result
from tests.outbox.world import a_dossier, a_mail, all_chains_hold, an_agency, events, take
from tests.sms.builders import PHONE, a_post, a_sent_notice, intended, services_of

pytestmark = pytest.mark.usefixtures("register")

MINUTE = timedelta(minutes=1)
SENT = Report(Arrival.UNKNOWN)
DELIVERED = Report(Arrival.DELIVERED)
FAILED = Report(Arrival.FAILED, Failure.UNREACHABLE, "30003")


async def kinds_of_tasks() -> list[str]:
    return sorted([task.kind for task in await Task.all()])


async def test_a_lost_reply_is_one_message(peer: TwilioPeer) -> None:
    peer.troubles.append(Trouble.LOST)
    services = services_of(peer)
    notice = await intended(a_result())
    with pytest.raises(GatewayUnavailable):
        await post(await take(Kind.NOTICE), services, peer.now())
    await post(await take(Kind.NOTICE), services, peer.now())
    [message] = peer.outbound(PHONE)
    assert (await Attempt.get()).reference == message.sid
    await notice.refresh_from_db()
    assert notice.status is NoticeStatus.SENT


async def test_a_message_that_arrived_is_not_asked_for_again(peer: TwilioPeer) -> None:
    services = services_of(peer)
    await a_sent_notice(services)
    peer.progress(peer.messages[0], "delivered")
    at = NOW + MINUTE
    await confirm_arrival(await take(Kind.ARRIVAL, at), services, at)
    assert (await Attempt.get()).delivered_at == at
    assert (await Notice.get()).status is NoticeStatus.SENT
    assert len(await events("notice.arrive")) == 1
    assert await kinds_of_tasks() == []


async def test_a_message_under_way_is_asked_for_ever_more_seldom(peer: TwilioPeer) -> None:
    services = services_of(peer)
    await a_sent_notice(services)
    looks = []
    while task := await Task.get_or_none(kind=Kind.ARRIVAL):
        looks.append(task.due_at - NOW)
        await confirm_arrival(await take(Kind.ARRIVAL, task.due_at), services, task.due_at)
    assert looks[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert looks[-1] == PATIENCE
    assert len(looks) < 15
    [event] = await events("notice.unconfirmed")
    assert event.because == "sms.unconfirmed"
    assert (await Notice.get()).status is NoticeStatus.SENT


async def test_a_carrier_that_does_not_answer_says_neither(peer: TwilioPeer) -> None:
    services = services_of(peer)
    await a_sent_notice(services)
    peer.progress(peer.messages[0], "delivered")
    peer.troubles.append(Trouble.BROKEN)
    at = NOW + MINUTE
    await confirm_arrival(await take(Kind.ARRIVAL, at), services, at)
    assert (await Attempt.get()).delivered_at is None
    assert (await Task.get()).due_at == NOW + 2 * MINUTE


async def test_a_message_that_failed_waits_for_an_officer_who_sends_it_anew(
    peer: TwilioPeer,
) -> None:
    services = services_of(peer)
    notice = await a_sent_notice(services)
    peer.progress(peer.messages[0], "undelivered", 30003)
    at = NOW + MINUTE
    await confirm_arrival(await take(Kind.ARRIVAL, at), services, at)
    await notice.refresh_from_db()
    assert notice.status is NoticeStatus.FAILED
    assert (await Attempt.get()).failure == "30003"
    [event] = await events("notice.fail")
    assert event.because == "sms.unreachable"
    assert await kinds_of_tasks() == [Kind.ESCALATE, Kind.NOTICE]
    parked = await Task.get(kind=Kind.NOTICE)
    assert (parked.parked_at, parked.last_error) == (at, "sms.unreachable")

    await resume(parked, at)
    await Task.filter(kind=Kind.ESCALATE).delete()
    await post(await take(Kind.NOTICE, at), services, at)
    failed, anew = peer.outbound(PHONE)
    attempt = await Attempt.get()
    assert (attempt.reference, attempt.failure) == (anew.sid, "")
    assert not await record_report(failed.sid, FAILED, at)  # late, and of nothing any more
    assert await record_report(anew.sid, DELIVERED, at)
    assert await all_chains_hold()


async def test_officers_are_told_which_dossiers_message_failed(peer: TwilioPeer) -> None:
    dossier = await a_dossier(await an_agency(), await a_mail())
    await Officer.create(name="Cán bộ trực", mailbox="canbo@ca.example.gov.vn", since=NOW)
    await a_sent_notice(services_of(peer), dossier=dossier)
    assert await record_report(peer.messages[0].sid, FAILED, NOW)
    await escalate(await take(Kind.ESCALATE), NOW)
    told = Parked.read((await Notice.get(kind=Parked.kind)).data)
    assert (told.number, told.code, told.task) == (dossier.number, "sms.unreachable", "notice")


async def test_a_word_on_a_notice_that_is_closed_changes_nothing(peer: TwilioPeer) -> None:
    await a_sent_notice(services_of(peer))
    await Notice.all().update(status=NoticeStatus.FAILED)
    assert await record_report(peer.messages[0].sid, FAILED, NOW)
    assert (await Attempt.get()).failure == ""
    assert len(await events("notice.fail")) == 0


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([DELIVERED, SENT], NoticeStatus.SENT),
        ([DELIVERED, DELIVERED], NoticeStatus.SENT),
        ([DELIVERED, FAILED], NoticeStatus.SENT),
        ([FAILED, SENT, FAILED], NoticeStatus.FAILED),
        ([FAILED, DELIVERED], NoticeStatus.FAILED),
    ],
)
async def test_the_first_final_word_stands(
    peer: TwilioPeer, reports: list[Report], status: NoticeStatus
) -> None:
    await a_sent_notice(services_of(peer))
    for report in reports:
        assert await record_report(peer.messages[0].sid, report, NOW)
    attempt = await Attempt.get()
    assert (await Notice.get()).status is status
    assert bool(attempt.failure) is (status is NoticeStatus.FAILED)
    assert (attempt.delivered_at is None) is (status is NoticeStatus.FAILED)
    assert len(await events("notice.arrive")) + len(await events("notice.fail")) == 1
    assert await all_chains_hold()


async def test_words_at_once_are_one_word(peer: TwilioPeer) -> None:
    await a_sent_notice(services_of(peer))
    sid = peer.messages[0].sid
    await asyncio.gather(*(record_report(sid, DELIVERED, NOW) for _ in range(8)))
    assert len(await events("notice.arrive")) == 1


async def test_a_word_before_we_know_the_message_is_not_lost(peer: TwilioPeer) -> None:
    services = services_of(peer)
    await intended(a_result())
    peer.troubles.append(Trouble.LOST)
    with pytest.raises(GatewayUnavailable):
        await post(await take(Kind.NOTICE), services, peer.now())
    peer.progress(peer.messages[0], "delivered")
    assert not await record_report(peer.messages[0].sid, DELIVERED, peer.now())
    await post(await take(Kind.NOTICE), services, peer.now())
    at = peer.now() + MINUTE
    await confirm_arrival(await take(Kind.ARRIVAL, at), services, at)
    assert (await Attempt.get()).delivered_at == at


@pytest.mark.parametrize(
    ("code", "because"), [(21211, "sms.number"), (21610, "sms.opted_out"), (21612, "sms.route")]
)
async def test_a_number_that_is_refused_waits_for_an_officer(
    peer: TwilioPeer, code: int, because: str
) -> None:
    peer.refusals[PHONE] = (400, code)
    notice = await a_sent_notice(services_of(peer))
    assert notice.status is NoticeStatus.FAILED
    assert [event.because for event in await events("notice.fail")] == [because]
    assert await kinds_of_tasks() == [Kind.ESCALATE, Kind.NOTICE]


async def test_a_phone_that_opted_out_gets_nothing_and_nobody_is_asked(peer: TwilioPeer) -> None:
    await OptOut.create(number=PHONE, since=NOW)
    notice = await a_sent_notice(services_of(peer))
    assert notice.status is NoticeStatus.FAILED
    assert [event.because for event in await events("notice.fail")] == ["sms.opted_out"]
    assert peer.requests == 0


async def test_a_folder_is_not_asked_what_became_of_it(tmp_path: Path) -> None:
    notice = await a_sent_notice(a_post(FileGateway(tmp_path), Sms()))
    assert notice.status is NoticeStatus.SENT
    assert await kinds_of_tasks() == []
