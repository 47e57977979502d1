"""The real SDK against a stand-in for Twilio's API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BotError
from bot.sms import twilio
from bot.sms.folder import FileGateway
from bot.sms.gateway import (
    Arrival,
    Carrier,
    CarrierMisconfigured,
    Failure,
    Gateway,
    GatewayUnavailable,
    NumberRefused,
    Report,
)
from demo.peers.twilio_account import Trouble, TwilioPeer
from tests.sms.builders import PHONE, a_gateway, settings_of

TEXT = "Ho so HS-2026-000123: da cap 2. Ho tro: 024 1234 5678"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def just_now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("kind", ["file", "twilio"])
async def test_any_gateway_hands_a_message_over_as_it_was_given(
    kind: str, peer: TwilioPeer, tmp_path: Path
) -> None:
    gateway: Gateway = FileGateway(tmp_path) if kind == "file" else a_gateway(peer)
    name = await gateway.send(PHONE, TEXT, "notice-7", since=None)
    again = await gateway.send(PHONE, TEXT, "notice-7", since=just_now())
    assert again == name
    if kind == "file":
        assert (tmp_path / "notice-7.txt").is_file()
    else:
        [message] = peer.outbound()
        assert (message.sid, message.to, message.body) == (name, PHONE, TEXT)
    assert isinstance(gateway, Carrier) is (kind == "twilio")


@pytest.mark.parametrize(
    ("changes", "sender", "service"),
    [
        ({}, "CA-DEMO", False),
        ({"sender": "+84281234567"}, "+84281234567", False),
        ({"sender": "", "messaging_service": "MG"}, None, True),
    ],
)
async def test_a_sender_or_a_messaging_service(
    peer: TwilioPeer, changes: dict[str, str], sender: str | None, service: bool
) -> None:
    if service:
        changes = changes | {"messaging_service": peer.service}
    await a_gateway(peer, **changes).send(PHONE, TEXT, "r", since=None)
    [message] = peer.outbound()
    assert (message.sender, message.service) == (sender, peer.service if service else None)
    assert message.callback is None


async def test_an_api_key_is_a_login_too(peer: TwilioPeer) -> None:
    settings = settings_of(peer, api_key=peer.api_key, api_key_file="secret")
    assert await twilio.Twilio(settings, peer.api_secret).send(PHONE, TEXT, "r", since=None)


async def test_a_public_address_is_where_its_status_is_told(peer: TwilioPeer) -> None:
    await a_gateway(peer, base_url="https://sms.example.vn").send(PHONE, TEXT, "r", since=None)
    assert peer.outbound()[0].callback == "https://sms.example.vn/sms/status"


@pytest.mark.parametrize(
    "trouble", [Trouble.BUSY, Trouble.BROKEN, Trouble.HANG, Trouble.LOST, Trouble.GARBLED]
)
async def test_without_a_sensible_answer_it_is_tried_again_and_sent_once(
    peer: TwilioPeer, trouble: Trouble
) -> None:
    gateway = a_gateway(peer, seconds=0.3)
    began = just_now()
    peer.troubles.append(trouble)
    with pytest.raises(GatewayUnavailable) as caught:
        await gateway.send(PHONE, TEXT, "r", since=None)
    assert PHONE not in str(caught.value)
    sid = await gateway.send(PHONE, TEXT, "r", since=began)
    assert [message.sid for message in peer.outbound()] == [sid]


async def test_nobody_there_is_unavailable() -> None:
    peer = TwilioPeer(port=1)
    with pytest.raises(GatewayUnavailable):
        await a_gateway(peer).send(PHONE, TEXT, "r", since=None)


async def test_a_look_up_that_fails_sends_nothing(peer: TwilioPeer) -> None:
    for trouble in Trouble:
        peer.troubles.append(trouble)
        with pytest.raises(GatewayUnavailable):
            await a_gateway(peer, seconds=0.3).send(PHONE, TEXT, "r", since=just_now())
    assert peer.outbound() == []


async def test_it_is_found_on_any_page_and_before_twilio_has_sent_it(peer: TwilioPeer) -> None:
    peer.page_at_most = 2
    gateway = a_gateway(peer)
    sid = await gateway.send(PHONE, TEXT, "r", since=None)
    for number in range(5):
        await gateway.send(PHONE, f"{TEXT} {number}", "r", since=None)
    assert peer.outbound()[0].sent is None
    assert await gateway.send(PHONE, TEXT, "r", since=just_now()) == sid


@pytest.mark.parametrize("fast", [timedelta(minutes=4), -timedelta(minutes=4)])
async def test_clocks_may_differ(peer: TwilioPeer, fast: timedelta) -> None:
    peer.clock = fast
    began, gateway = just_now(), a_gateway(peer)
    sid = await gateway.send(PHONE, TEXT, "r", since=None)
    assert await gateway.send(PHONE, TEXT, "r", since=began) == sid


@pytest.mark.parametrize("other", ["number", "words", "time", "failed", "theirs"])
async def test_what_is_not_that_message_is_not_taken_for_it(peer: TwilioPeer, other: str) -> None:
    gateway = a_gateway(peer)
    sid = await gateway.send(PHONE, TEXT, "r", since=None)
    [message] = peer.messages
    match other:
        case "number":
            message.to = "+84912345679"
        case "words":
            message.body = TEXT.replace("2", "3")
        case "time":
            message.created -= timedelta(minutes=10)
        case "failed":
            peer.progress(message, "undelivered", 30003)
        case "theirs":
            message.direction = "inbound"
    assert await gateway.send(PHONE, TEXT, "r", since=just_now()) != sid


@pytest.mark.parametrize(
    ("status", "code", "error", "failure"),
    [
        (400, 21211, NumberRefused, Failure.NUMBER),
        (400, 21614, NumberRefused, Failure.NUMBER),
        (400, 21610, NumberRefused, Failure.OPTED_OUT),
        (400, 21612, NumberRefused, Failure.ROUTE),
        (400, 21617, NumberRefused, Failure.CONTENT),
        (400, 99999, NumberRefused, Failure.REFUSED),
        (400, 21408, CarrierMisconfigured, Failure.REGION),
        (400, 21606, CarrierMisconfigured, Failure.SENDER),
        (401, 20003, CarrierMisconfigured, Failure.ACCOUNT),
        (403, 99999, CarrierMisconfigured, Failure.ACCOUNT),
        (400, 21608, CarrierMisconfigured, Failure.ACCOUNT),
    ],
)
async def test_a_refusal_is_sorted(
    peer: TwilioPeer, status: int, code: int, error: type[BotError], failure: Failure
) -> None:
    peer.refusals[PHONE] = (status, code)
    with pytest.raises(error) as caught:
        await a_gateway(peer).send(PHONE, TEXT, "r", since=None)
    assert caught.value.code == failure.code
    assert PHONE not in str(caught.value)
    assert await a_gateway(peer).send("+84912345679", TEXT, "r", since=None)


@pytest.mark.parametrize("code", [21611, 63038])
async def test_what_passes_is_tried_again(peer: TwilioPeer, code: int) -> None:
    peer.refusals[PHONE] = (400, code)
    with pytest.raises(GatewayUnavailable):
        await a_gateway(peer).send(PHONE, TEXT, "r", since=None)


async def test_a_wrong_secret_names_the_setting(peer: TwilioPeer) -> None:
    gateway = twilio.Twilio(settings_of(peer), "wrong")
    calls: list[Any] = [
        lambda: gateway.send(PHONE, TEXT, "r", since=None),
        lambda: gateway.send(PHONE, TEXT, "r", since=just_now()),
        lambda: gateway.report("SM" + "0" * 32),
        lambda: gateway.received(just_now()),
    ]
    for call in calls:
        with pytest.raises(CarrierMisconfigured, match=r"sms\.twilio") as caught:
            await call()
        assert caught.value.code == "sms.account"


@pytest.mark.parametrize(
    ("status", "code", "report"),
    [
        ("accepted", None, Report(Arrival.UNKNOWN)),
        ("queued", None, Report(Arrival.UNKNOWN)),
        ("sending", None, Report(Arrival.UNKNOWN)),
        ("sent", None, Report(Arrival.UNKNOWN)),
        ("something new", None, Report(Arrival.UNKNOWN)),
        ("delivered", None, Report(Arrival.DELIVERED)),
        ("undelivered", 30003, Report(Arrival.FAILED, Failure.UNREACHABLE, "30003")),
        ("undelivered", 30005, Report(Arrival.FAILED, Failure.NUMBER, "30005")),
        ("undelivered", 30007, Report(Arrival.FAILED, Failure.BLOCKED, "30007")),
        ("failed", 30008, Report(Arrival.FAILED, Failure.REFUSED, "30008")),
        ("failed", 30002, Report(Arrival.FAILED, Failure.ACCOUNT, "30002")),
        ("canceled", None, Report(Arrival.FAILED, Failure.REFUSED)),
    ],
)
async def test_a_status_is_normalised(
    peer: TwilioPeer, status: str, code: int | None, report: Report
) -> None:
    gateway = a_gateway(peer)
    sid = await gateway.send(PHONE, TEXT, "r", since=None)
    peer.progress(peer.messages[0], status, code)
    assert await gateway.report(sid) == report


async def test_of_a_message_nobody_knows_there_is_no_report(peer: TwilioPeer) -> None:
    with pytest.raises(GatewayUnavailable):
        await a_gateway(peer).report("SM" + "0" * 32)


async def test_messages_to_us_are_listed_whole_and_in_order(peer: TwilioPeer) -> None:
    peer.page_at_most = 2
    gateway = a_gateway(peer)
    await gateway.send(peer.number, TEXT, "r", since=None)  # no message to us: one from us
    since = just_now()
    for number in range(5):
        peer.write(PHONE, f"TRACUU {number}")
    old, _ = peer.write(PHONE, "old")
    old.created = old.sent = LONG_AGO
    came = await gateway.received(since)
    assert [one.text for one in came] == [f"TRACUU {number}" for number in range(5)]
    assert {one.sender for one in came} == {PHONE}
    assert [one.reference for one in came] == [one.sid for one in peer.messages[1:6]]
    assert came[0].received_at.tzinfo is not None
