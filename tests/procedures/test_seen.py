"""Seen: what relying parties get at the addresses that certificates carry, and nothing less."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.ca import crl
from bot.ca.crl import Revoked
from bot.procedures.services import Publishing
from bot.procedures.status import seen
from bot.procedures.status.seen import StatusUnseen, status_is_seen
from bot.register.lifecycle import CertificateStatus
from bot.register.models import Certificate
from tests.ca.builders import NOW, Chain, a_chain, a_responder, der
from tests.procedures.status_world import World, reaching
from tests.register.rows import a_certificate

LATER = NOW + timedelta(hours=1)


async def revoked(count: int = 1) -> list[int]:
    """Serials of certificates that the register has revoked, and nobody has listed."""
    rows = [
        await a_certificate(
            status=CertificateStatus.REVOKED, revoked_at=NOW, reason="keyCompromise"
        )
        for _ in range(count)
    ]
    return [int(one.serial, 16) for one in rows]


async def is_seen(world: World, serials: list[int], services: Publishing | None = None) -> bool:
    try:
        await status_is_seen(serials, services or world.services, world.clock.time)
    except StatusUnseen:
        return False
    return True


async def test_it_is_seen_when_both_say_so(world: World) -> None:
    serials = await revoked(45)
    assert not await is_seen(world, serials)  # there is no list at all
    await world.publish()
    assert await is_seen(world, serials)
    assert await is_seen(world, [])


async def test_an_older_list_is_not_enough(world: World) -> None:
    await world.publish()
    serials = await revoked()
    assert not await is_seen(world, serials)
    await world.publish(1)
    assert await is_seen(world, serials)


async def test_nor_a_list_alone(world: World) -> None:
    serials = await revoked()
    await world.publish()
    (world.published / "ocsp.cer").unlink()
    assert not await is_seen(world, serials)


async def test_nor_an_answer_that_says_something_else(world: World) -> None:
    good = int((await a_certificate(status=CertificateStatus.VALID)).serial, 16)
    publish(world, good)
    assert not await is_seen(world, [good])
    await Certificate.filter(status=CertificateStatus.VALID).update(
        status=CertificateStatus.REVOKED, revoked_at=NOW, reason="superseded"
    )
    assert await is_seen(world, [good])


def publish(world: World, *serials: int, chain: Chain | None = None, **changes: datetime) -> None:
    """Put a list in place, whatever the register says."""
    chain = chain or world.chain
    times = {"this_update": NOW, "next_update": NOW + timedelta(days=1), **changes}
    draft = crl.draft(
        issuer=chain.issuer,
        number=1,
        entries=[crl.entry(Revoked(serial, NOW)) for serial in serials],
        this_update=times["this_update"],
        next_update=times["next_update"],
    )
    (world.published / "ca.crl").write_bytes(crl.sign(draft.tbs, chain.key, chain.issuer))


class TestList:
    async def test_one_of_ours(self, world: World) -> None:
        serials = await revoked()
        publish(world, *serials)
        assert await is_seen(world, serials)

    async def test_one_that_has_lapsed(self, world: World) -> None:
        serials = await revoked()
        publish(world, *serials, next_update=NOW + timedelta(minutes=30))
        world.clock.time = LATER
        assert not await is_seen(world, serials)

    async def test_one_of_tomorrow(self, world: World) -> None:
        serials = await revoked()
        publish(world, *serials, this_update=LATER)
        assert not await is_seen(world, serials)

    async def test_another_ca_s(self, world: World) -> None:
        serials = await revoked()
        publish(world, *serials, chain=a_chain())
        assert not await is_seen(world, serials)

    async def test_one_that_lacks_one(self, world: World) -> None:
        first, second = await revoked(2)
        publish(world, first)
        assert await is_seen(world, [first])
        assert not await is_seen(world, [first, second])

    async def test_one_that_cannot_be_read(self, world: World) -> None:
        serials = await revoked()
        (world.published / "ca.crl").write_bytes(b"a list")
        assert not await is_seen(world, serials)


async def test_a_stranger_s_responder_is_not_believed(world: World) -> None:
    serials = await revoked()
    await world.publish()
    other = a_responder(a_chain(), world.key)
    (world.published / "ocsp.cer").write_bytes(der(other))
    assert not await is_seen(world, serials)


@pytest.mark.parametrize(
    "answer",
    [
        lambda whole: Response(status_code=500),
        lambda whole: Response(status_code=404, content=whole),
        lambda whole: RedirectResponse("http://elsewhere/"),
        lambda whole: Response(b""),
        lambda whole: Response(whole + b"\x00"),
        lambda whole: Response(whole[:-1]),
        lambda whole: Response(b"0" * 1_000_000),
    ],
    ids=["500", "404", "elsewhere", "nothing", "more", "less", "far more"],
)
@pytest.mark.parametrize("path", ["/pki/ca.crl", "/ocsp"])
async def test_any_other_answer_is_none(
    world: World,
    path: str,
    answer: Callable[[bytes], Response],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen, "LARGEST_LIST", 100_000)
    serials = await revoked()
    await world.publish()

    async def spoilt(scope: dict[str, object], receive: object, send: object) -> None:
        request = Request(scope, receive)  # type: ignore[arg-type]  # ASGI's
        inner = await world.services.outside.request(
            request.method,
            str(request.url),
            content=await request.body(),
            headers=dict(request.headers),
        )
        response = Response(inner.content, inner.status_code)
        if request.url.path == path:
            response = answer(inner.content)
        await response(scope, receive, send)  # type: ignore[arg-type]

    async with reaching(spoilt) as client:
        assert not await is_seen(world, serials, replace(world.services, outside=client))
    assert await is_seen(world, serials)


async def test_who_is_away_or_silent_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    serials = await revoked()
    await world.publish()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(seen, "PATIENCE", 0.05)
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = replace(world.services.issuer.addresses, crl=f"http://127.0.0.1:{port}/ca.crl")
    async with httpx.AsyncClient() as client:
        outside = replace(
            world.services, issuer=replace(world.services.issuer, addresses=address), outside=client
        )
        assert not await is_seen(world, serials, outside)
        server.close()
        assert not await is_seen(world, serials, outside)
    await server.wait_closed()
