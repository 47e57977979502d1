"""What people write to us, and what they are answered, on the real register."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.outbox.delivery import post
from bot.procedures.inbound import HEEDED_A_DAY, collect, heed, lift, receive
from bot.procedures.status.publish import REGULAR
from bot.register import tasks
from bot.register.lifecycle import DossierStatus
from bot.register.models import Dossier, Inbound, Item, Notice, OptOut, Task
from bot.register.tasks import Kind
from bot.sms.gateway import GatewayUnavailable, Incoming
from demo.peers.twilio_account import Trouble, TwilioPeer
from tests.outbox.examples import NOW, NUMBER
from tests.outbox.world import a_dossier, a_mail, a_subscriber, an_agency, events, take
from tests.sms.builders import PHONE, services_of

pytestmark = pytest.mark.usefixtures("register")

RECEIVER = "+84987654321"
STRANGER = "+84900000000"
ASKED = f"TRACUU {NUMBER}"
DAY = timedelta(days=1)


@pytest.fixture
async def dossier(register: object) -> Dossier:
    """Of one receiver and one subscriber, whose phone is `PHONE`."""
    agency = await an_agency()
    dossier = await a_dossier(agency, await a_mail())
    await Dossier.all().update(receiver_mobile=RECEIVER)
    subscriber = await a_subscriber(agency, mobile=PHONE)
    await Item.create(
        dossier=dossier, position=1, place=f"{dossier.id}/1", asked={},
        person=subscriber.personal_number,
    )  # fmt: skip
    return dossier


async def written(sender: str, text: str, at: datetime = NOW) -> list[Notice]:
    """Somebody writes; what they will be answered."""
    before = await Notice.all().count()
    reference = f"SM{await Inbound.all().count():032}"
    await receive(Incoming(reference, sender, text, at), at)
    await heed(await take(Kind.INBOUND, at), at)
    return await Notice.all().order_by("id").offset(before)


async def answers(sender: str, text: str, at: datetime = NOW) -> list[str]:
    return [notice.kind for notice in await written(sender, text, at)]


@pytest.mark.parametrize(
    ("phone", "status", "words"),
    [
        (RECEIVER, DossierStatus.RECEIVED, "dang tham dinh, han 17:00 27/11/2026."),
        (PHONE, DossierStatus.HELD, "can bo dang xem xet, han 17:00 27/11/2026."),
        (RECEIVER, DossierStatus.RETURNED, "da tra lai, ly do o thu cong vu cua co quan."),
        (PHONE, DossierStatus.COMPLETED, "da co ket qua, chi tiet o thu cong vu cua co quan."),
    ],
)
async def test_its_people_learn_where_a_dossier_stands(
    dossier: Dossier, peer: TwilioPeer, phone: str, status: DossierStatus, words: str
) -> None:
    await Dossier.filter(id=dossier.id).update(status=status)
    [notice] = await written(phone, ASKED)
    assert (notice.kind, notice.recipient, notice.dossier_id) == ("progress", phone, dossier.id)
    await post(await take(Kind.NOTICE), services_of(peer), NOW)
    [message] = peer.outbound(phone)
    assert message.body == f"Ho so {NUMBER}: {words} Ho tro: 024 1234 5678"


@pytest.mark.usefixtures("dossier")
async def test_strangers_are_not_answered() -> None:
    for text in (ASKED, "hello", "START", "STOP"):
        assert await answers(STRANGER, text) == []
    assert await Inbound.all().count() == 4


@pytest.mark.parametrize("text", [ASKED, "TRACUU HS-2026-999999", "xin chào", ""])
async def test_somebody_elses_dossier_is_as_one_that_does_not_exist(
    dossier: Dossier, text: str
) -> None:
    await a_subscriber(dossier.agency, mobile=STRANGER, personal_number="001190000002")
    [notice] = await written(STRANGER, text)
    assert (notice.kind, notice.data, notice.dossier_id) == ("help", {}, None)


@pytest.mark.usefixtures("dossier")
async def test_help_comes_once_a_day() -> None:
    assert await answers(PHONE, "?") == ["help"]
    assert await answers(PHONE, "??") == []
    assert await answers(RECEIVER, "?") == ["help"]
    assert await answers(PHONE, ASKED) == ["progress"]
    assert await answers(PHONE, "?", NOW + DAY) == ["help"]


@pytest.mark.usefixtures("dossier")
async def test_a_phone_that_wants_nothing_gets_nothing_until_it_asks_again() -> None:
    assert await answers(PHONE, "Từ chối") == []
    assert await answers(PHONE, "stop") == []
    assert await answers(PHONE, ASKED) == []
    assert [phone.number for phone in await OptOut.all()] == [PHONE]
    assert await answers(PHONE, "START") == []
    assert await OptOut.all().count() == 0
    assert await answers(PHONE, ASKED) == ["progress"]
    assert await answers(PHONE, "YES") == []
    assert [len(await events(f"phone.{code}")) for code in ("stop", "start")] == [1, 1]


async def a_flood(text: str, at: datetime = NOW) -> None:
    """As many messages of one phone as are heeded in a day."""
    for number in range(HEEDED_A_DAY):
        reference = f"{at}{number}"[-64:]
        await Inbound.create(reference=reference, sender=PHONE, text=text, received_at=at)


@pytest.mark.usefixtures("dossier")
async def test_a_flood_neither_starts_nor_stops_but_its_first_stop_is_obeyed() -> None:
    await a_flood("?")
    for text in ("STOP", "START", "stop"):
        await answers(PHONE, text)
    assert await OptOut.exists(number=PHONE)
    assert await lift(PHONE, NOW)
    await answers(PHONE, "STOP")
    assert not await OptOut.exists(number=PHONE)
    assert [event.because for event in await events("phone.start")] == ["officer.lifted"]
    assert len(await events("phone.stop")) == 1
    await answers(PHONE, "STOP", NOW + 2 * DAY)
    assert await OptOut.exists(number=PHONE)
    await a_flood("?", NOW + 4 * DAY)
    await answers(PHONE, "START", NOW + 4 * DAY)
    assert await OptOut.exists(number=PHONE)


@pytest.mark.usefixtures("dossier")
async def test_an_officer_lifts_what_a_forged_message_stopped() -> None:
    await answers(PHONE, "STOP")
    [stopped] = await events("phone.stop")
    assert await lift(PHONE, NOW)
    assert not await lift(PHONE, NOW)
    [lifted] = await events("phone.start")
    assert (lifted.subject, lifted.because) == (stopped.subject, "officer.lifted")
    assert await answers(PHONE, ASKED) == ["progress"]


@pytest.mark.usefixtures("dossier")
async def test_a_phone_that_does_not_stop_asking_is_answered_no_longer() -> None:
    for number in range(1, HEEDED_A_DAY):
        await Inbound.create(reference=f"{number}", sender=PHONE, text=ASKED, received_at=NOW)
    assert await answers(PHONE, ASKED) == ["progress"]
    assert await answers(PHONE, ASKED) == []
    assert await answers(PHONE, "?") == []
    assert await answers(PHONE, ASKED, NOW + 2 * DAY) == ["progress"]


async def test_told_of_it_twice_at_once_it_is_one() -> None:
    message = Incoming("SM" + "0" * 32, PHONE, ASKED, NOW)
    await asyncio.gather(*(receive(message, NOW) for _ in range(5)))
    assert await Inbound.all().count() == await Task.all().count() == 1


async def test_half_a_character_is_kept_like_any_text() -> None:
    await receive(Incoming("SM1", "+849\0" + PHONE, "hi \ud83d", NOW), NOW)
    kept = await Inbound.get()
    assert kept.text.startswith("hi ")
    assert "\0" not in kept.sender


async def test_what_no_phone_would_send_is_kept_as_far_as_it_can_be() -> None:
    await receive(Incoming("SM1", "whatsapp:+84912345678", "a\0b" * 1000, NOW), NOW)
    kept = await Inbound.get()
    assert (len(kept.sender), len(kept.text)) == (16, 1600)
    assert "\0" not in kept.text


async def come_round(services: Any, at: datetime) -> None:
    await collect(await take(Kind.COLLECT, at), services, at)


@pytest.mark.parametrize(("inbound", "minutes"), [("polling", 1), ("callback", 15)])
async def test_what_came_is_collected_once_and_again_and_again(
    peer: TwilioPeer, inbound: str, minutes: int
) -> None:
    services = services_of(peer, inbound=inbound, base_url="https://here")
    start = peer.now()
    await tasks.call(Kind.COLLECT, REGULAR, due=start)
    first, _ = peer.write(PHONE, ASKED)
    await come_round(services, start)
    second, _ = peer.write(PHONE, "STOP")
    due = (await Task.get(kind=Kind.COLLECT)).due_at
    assert due == start + timedelta(minutes=minutes)
    await Task.exclude(kind=Kind.COLLECT).delete()
    await come_round(services, due)
    kept = await Inbound.all().order_by("id")
    assert [one.reference for one in kept] == [first.sid, second.sid]


async def test_what_came_while_nobody_could_collect_is_not_lost(peer: TwilioPeer) -> None:
    services = services_of(peer, inbound="polling")
    start = peer.now()
    await tasks.call(Kind.COLLECT, REGULAR, due=start)
    message, _ = peer.write(PHONE, ASKED)
    peer.troubles.append(Trouble.BROKEN)
    lease = await take(Kind.COLLECT, start)
    with pytest.raises(GatewayUnavailable):
        await collect(lease, services, start)
    days_later = start + 2 * DAY
    await lease.postpone("sms.unavailable", start, counted=False)
    await come_round(services, days_later)
    assert [one.reference for one in await Inbound.all()] == [message.sid]


async def test_it_stops_coming_round_when_it_is_switched_off(peer: TwilioPeer) -> None:
    await tasks.call(Kind.COLLECT, REGULAR, due=NOW)
    await come_round(services_of(peer), NOW)
    assert await Task.all().count() == peer.requests == 0


def test_collecting_is_never_given_up() -> None:
    assert not Kind.COLLECT.gives_up
