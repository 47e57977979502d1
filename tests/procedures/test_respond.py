"""OCSP: what stands in the register, and nothing that does not."""

import asyncio
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPResponseStatus

from bot.ca.signing import PrivateKey
from bot.hsm.token import HsmUnavailable
from bot.procedures.services import Responding
from bot.procedures.status import respond
from bot.procedures.status.respond import Responder
from bot.register.lifecycle import CertificateStatus
from bot.register.models import Certificate
from tests.ca.builders import NOW, Chain, a_chain
from tests.procedures.status_world import SETTINGS, World, a_world, asking, without_nonce
from tests.register.rows import a_certificate

SIGNING, VALID = CertificateStatus.SIGNING, CertificateStatus.VALID
BURNT, REVOKED = CertificateStatus.BURNT, CertificateStatus.REVOKED
SUCCESSFUL, TRY_LATER = OCSPResponseStatus.SUCCESSFUL, OCSPResponseStatus.TRY_LATER
INTERNAL_ERROR = OCSPResponseStatus.INTERNAL_ERROR


async def status_of(responder: Responder, request: bytes) -> OCSPResponseStatus:
    answer = await responder.answer(request)
    return ocsp.load_der_ocsp_response(answer.der).response_status


@pytest.mark.parametrize(
    ("status", "said"),
    [(SIGNING, "UNKNOWN"), (VALID, "GOOD"), (BURNT, "REVOKED"), (REVOKED, "REVOKED")],
)
async def test_what_the_register_says_is_said(
    world: World, status: CertificateStatus, said: str
) -> None:
    ended = {"revoked_at": NOW - timedelta(hours=1), "reason": "keyCompromise"}
    changes = ended if said == "REVOKED" else {}
    one = await a_certificate(status=status, **changes)
    serial = int(one.serial, 16)
    answer = await world.responder.answer(asking(world.chain, serial))
    assert world.said(answer.der) == {serial: said}
    [single] = ocsp.load_der_ocsp_response(answer.der).responses
    if said == "REVOKED":
        assert single.revocation_time_utc == ended["revoked_at"]
        assert single.revocation_reason
        assert single.revocation_reason.name == "key_compromise"


async def test_what_is_revoked_meanwhile_is_never_said_to_be_good_since(world: World) -> None:
    """thisUpdate is when it was known to be so."""
    one = await a_certificate(status=VALID)

    async def revoked_meanwhile() -> datetime:
        await Certificate.filter(id=one.id).update(
            status=REVOKED, revoked_at=NOW, reason="keyCompromise"
        )
        return NOW

    services = Responding(SETTINGS, world.published, lambda: world.key)
    answer = await Responder(services, revoked_meanwhile).answer(
        asking(world.chain, int(one.serial, 16))
    )
    assert world.said(answer.der) == {int(one.serial, 16): "REVOKED"}


async def test_what_nobody_issued_is_unknown_and_our_services_are_good(world: World) -> None:
    (world.published / "services/2a.cer").write_bytes(b"a certificate")
    request = asking(world.chain, 0x2A, 0x2B, -1, 1 << 200, 1 << 5_000)
    answer = await world.responder.answer(request)
    assert world.said(answer.der) == {
        0x2A: "GOOD", 0x2B: "UNKNOWN", -1: "UNKNOWN", 1 << 200: "UNKNOWN", 1 << 5_000: "UNKNOWN",
    }  # fmt: skip


async def test_only_an_answer_without_nonce_may_be_kept(world: World) -> None:
    assert (await world.responder.answer(asking(world.chain, 1))).until is None
    answer = await world.responder.answer(without_nonce(world.chain, 1))
    assert (answer.since, answer.until) == (NOW, NOW + timedelta(minutes=10))
    assert (await world.responder.answer(b"no request")).until is None


class TestAway:
    async def test_the_register(self, chain: Chain, tmp_path: Path) -> None:
        async with a_world(tmp_path, chain) as world:  # and nobody has opened one
            assert await status_of(world.responder, asking(chain, 1)) is TRY_LATER

    async def test_the_token_until_it_is_back(self, world: World) -> None:
        keys: list[PrivateKey] = []

        def find() -> PrivateKey:
            if not keys:
                raise HsmUnavailable
            return keys[0]

        responder = responding(world, find)
        assert await status_of(responder, asking(world.chain, 1)) is TRY_LATER
        keys.append(world.key)
        assert await status_of(responder, asking(world.chain, 1)) is SUCCESSFUL

    async def test_a_key_that_is_not_the_certificate_s(self, world: World) -> None:
        other = ec.generate_private_key(ec.SECP256R1())
        responder = responding(world, lambda: other)
        assert await status_of(responder, asking(world.chain, 1)) is TRY_LATER

    @pytest.mark.parametrize("name", ["ca.cer", "ocsp.cer"])
    async def test_a_certificate_until_it_is_there(self, world: World, name: str) -> None:
        file = world.published / name
        shutil.move(file, file.with_name("away"))
        assert await status_of(world.responder, asking(world.chain, 1)) is TRY_LATER
        shutil.move(file.with_name("away"), file)
        assert await status_of(world.responder, asking(world.chain, 1)) is SUCCESSFUL

    async def test_a_certificate_that_has_ended_until_there_is_a_new_one(
        self, world: World
    ) -> None:
        world.clock.time = NOW + timedelta(days=91)
        assert await status_of(world.responder, asking(world.chain, 1)) is TRY_LATER
        new = world.delegate(not_after=NOW + timedelta(days=180))
        answer = await world.responder.answer(asking(world.chain, 1))
        assert ocsp.load_der_ocsp_response(answer.der).certificates == [new]

    async def test_what_nobody_thought_of_is_no_answer_either(self, world: World) -> None:
        def find() -> NoReturn:
            raise KeyError("a secret")

        assert await status_of(responding(world, find), asking(world.chain, 1)) is INTERNAL_ERROR

    async def test_who_comes_when_too_many_wait_is_to_come_later(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(respond, "MOST_WAITING", 3)
        free = threading.Event()

        def find() -> PrivateKey:
            free.wait()
            return world.key

        responder = responding(world, find)
        request = asking(world.chain, 1)
        waiting = [asyncio.create_task(status_of(responder, request)) for _ in range(3)]
        await asyncio.sleep(0)  # each has come in
        assert await status_of(responder, request) is TRY_LATER
        free.set()
        assert set(await asyncio.gather(*waiting)) == {SUCCESSFUL}
        assert await status_of(responder, request) is SUCCESSFUL

    async def test_a_device_that_hangs_is_not_waited_for(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(respond, "PATIENCE", 0.01)
        free = threading.Event()

        def find() -> PrivateKey:
            free.wait()
            return world.key

        try:
            assert await status_of(responding(world, find), asking(world.chain, 1)) is TRY_LATER
        finally:
            free.set()


async def test_another_ca_s_certificates_are_not_ours(world: World) -> None:
    assert await status_of(world.responder, asking(a_chain(), 1)) is OCSPResponseStatus.UNAUTHORIZED


def responding(world: World, find: Any) -> Responder:
    return Responder(Responding(SETTINGS, world.published, find), world.clock.register)
