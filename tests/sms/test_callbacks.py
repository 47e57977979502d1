"""Signed forms over real HTTP, on the real register."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import urlencode

import httpx
import pytest
import structlog
import uvicorn

from bot.callbacks import SIZE_LIMIT, site
from bot.register.audit import Event
from bot.register.lifecycle import NoticeStatus
from bot.register.models import Attempt, Inbound, Notice, Task
from bot.register.tasks import Kind
from bot.sms.twilio_callbacks import INBOUND_PATH, SIGNATURE, STATUS_PATH, Callbacks
from demo.peers.twilio_account import TwilioPeer
from tests.outbox.examples import NOW
from tests.sms.builders import PHONE, a_sent_notice, services_of

pytestmark = pytest.mark.usefixtures("sqlite_register")


async def now() -> datetime:
    return NOW


@pytest.fixture
async def address(peer: TwilioPeer) -> AsyncIterator[str]:
    """Where our listener is."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    pages = site(Callbacks(address, peer.auth_token), now, inbound=True)
    server = uvicorn.Server(uvicorn.Config(pages, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server._serve([listener]))  # without its signal handlers
    peer.inbound_url = f"{address}{INBOUND_PATH}"
    yield address
    server.should_exit = True
    await serving


async def a_message(peer: TwilioPeer, address: str) -> Notice:
    return await a_sent_notice(services_of(peer, base_url=address))


async def everything() -> tuple[object, ...]:
    """What a callback could change."""
    return (
        await Attempt.all().values("delivered_at", "failure"),
        await Notice.all().values("status"),
        await Event.all().count(),
        await Task.all().count(),
        await Inbound.all().count(),
    )


async def test_a_message_arrives_and_we_are_told(peer: TwilioPeer, address: str) -> None:
    await a_message(peer, address)
    [message] = peer.messages
    for status in ("queued", "sent", "delivered", "delivered", "sent"):
        assert await asyncio.to_thread(peer.progress, message, status) == 204
    assert (await Attempt.get()).delivered_at == NOW


async def test_a_message_fails_and_we_are_told(peer: TwilioPeer, address: str) -> None:
    await a_message(peer, address)
    [message] = peer.messages
    for _ in range(2):
        assert await asyncio.to_thread(peer.progress, message, "undelivered", 30005) == 204
    assert (await Notice.get()).status is NoticeStatus.FAILED
    assert (await Task.get(kind=Kind.NOTICE)).last_error == "sms.number"
    assert (await Attempt.get()).failure == "30005"


async def test_of_a_message_that_we_do_not_know_yet_it_says_so(
    peer: TwilioPeer, address: str
) -> None:
    await a_message(peer, address)
    await Attempt.all().update(reference=None)
    before = await everything()
    assert await asyncio.to_thread(peer.progress, peer.messages[0], "delivered") == 404
    assert await everything() == before


@pytest.mark.parametrize(
    "forgery", ["another secret", "another field", "another address", "no signature", "twice"]
)
@pytest.mark.parametrize("path", [STATUS_PATH, INBOUND_PATH])
async def test_what_is_not_signed_does_nothing(
    peer: TwilioPeer, address: str, path: str, forgery: str
) -> None:
    await a_message(peer, address)
    before = await everything()
    form = {
        "MessageSid": peer.messages[0].sid, "MessageStatus": "delivered", "From": PHONE,
        "Body": "STOP",
    }  # fmt: skip
    signed_for = f"https://elsewhere{path}" if forgery == "another address" else address + path
    signature = peer.signature(signed_for, form)
    body = urlencode(form)
    match forgery:
        case "another secret":
            signature = TwilioPeer().signature(signed_for, form)
        case "another field":
            body = urlencode(form | {"MessageStatus": "failed", "Body": "START"})
        case "no signature":
            signature = ""
        case "twice":
            body = f"MessageStatus=failed&Body=START&{body}"
    headers = {SIGNATURE: signature, "Content-Type": "application/x-www-form-urlencoded"}
    with structlog.testing.capture_logs() as logs:
        async with httpx.AsyncClient() as client:
            answer = await client.post(address + path, content=body, headers=headers)
    assert answer.status_code == 403
    assert await everything() == before
    assert [entry["code"] for entry in logs] == ["sms.forged"]
    assert PHONE not in str(logs)


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "delivered"}, STATUS_PATH),
        ({"MessageSid": "SM" + "0" * 32}, STATUS_PATH),
        ({"From": PHONE, "Body": "STOP"}, INBOUND_PATH),
    ],
)
async def test_what_is_signed_and_makes_no_sense_does_nothing(
    peer: TwilioPeer, address: str, form: dict[str, str], path: str
) -> None:
    before = await everything()
    assert await asyncio.to_thread(lambda: peer.call(address + path, **form)) == 400
    assert await everything() == before


async def test_only_small_forms_are_posted(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get(STATUS_PATH)).status_code == 405
        assert (await client.post("/")).status_code == 404
        large = await client.post(STATUS_PATH, content=b"a" * (SIZE_LIMIT + 1))
        assert large.status_code == 413
        assert (await client.post(STATUS_PATH, content=b"\xff")).status_code == 400
        assert (await client.post(STATUS_PATH, content=b"a=1&" * 200)).status_code == 400


async def test_a_message_to_us_is_kept_once(peer: TwilioPeer, address: str) -> None:
    message, answered = await asyncio.to_thread(peer.write, PHONE, "TRA CỨU HS-2026-000123")
    assert answered == 200
    assert await asyncio.to_thread(peer.tell_inbound, message) == 200
    kept = await Inbound.get()
    assert (kept.reference, kept.sender, kept.received_at) == (message.sid, PHONE, NOW)
    assert kept.text == "TRA CỨU HS-2026-000123"
    assert (await Task.get()).kind == Kind.INBOUND


async def test_messages_to_us_may_be_switched_off(peer: TwilioPeer) -> None:
    pages = site(Callbacks("http://here", peer.auth_token), now, inbound=False)
    transport = httpx.ASGITransport(pages)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        assert (await client.post(INBOUND_PATH)).status_code == 404


@pytest.mark.parametrize("path", [STATUS_PATH, INBOUND_PATH])
async def test_what_is_not_signed_does_not_even_reach_the_register(
    peer: TwilioPeer, path: str
) -> None:
    async def away() -> datetime:
        raise ConnectionRefusedError

    pages = site(Callbacks("http://here", peer.auth_token), away, inbound=True)
    transport = httpx.ASGITransport(pages)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        assert (await client.post(path, content=b"MessageSid=SM1")).status_code == 403
