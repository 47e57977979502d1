"""The OCSP responder's certificate: made anew in time, for no other key than ours."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bot.ca.certificate import sign
from bot.ca.inquiry import is_delegated
from bot.files import replace
from bot.register import audit
from bot.register.audit import Event
from tests.ca.builders import NOW, a_chain, a_draft, a_public_key, a_responder, der
from tests.procedures.status_world import World

DAY = timedelta(days=1)


async def published_at(world: World, days: float) -> x509.Certificate:
    """The certificate in place after the regular task at that time."""
    world.clock.time = NOW + days * DAY
    await world.publish()
    assert world.crl.last_update_utc == world.clock.time
    return world.certificate


async def test_it_is_made_anew_when_a_third_of_its_life_is_left(world: World) -> None:
    first = world.certificate
    assert await published_at(world, 59.9) == first
    second = await published_at(world, 60.1)
    assert second != first
    assert second.public_key() == first.public_key()
    assert second.subject == first.subject
    assert is_delegated(second, world.chain.issuer)
    assert second.not_valid_before_utc < world.clock.time
    assert second.not_valid_after_utc == world.clock.time + 90 * DAY
    [event] = await Event.filter(chain=audit.SYSTEM, code="responder.certify")
    assert event.details == {"serial": f"{second.serial_number:x}"}
    assert await published_at(world, 119.9) == second
    assert await published_at(world, 120.2) != second


async def test_even_when_it_has_ended(world: World) -> None:
    assert (await published_at(world, 300)).not_valid_after_utc == NOW + 390 * DAY


async def test_it_never_outlives_the_ca(world: World) -> None:
    ends = world.chain.issuer.not_valid_after_utc
    almost = (ends - NOW) / DAY - 10
    assert (await published_at(world, almost)).not_valid_after_utc == ends


async def test_only_with_the_regular_list(world: World) -> None:
    standing = world.certificate
    world.clock.time = NOW + 80 * DAY
    await world.publish(subject=7)
    assert world.certificate == standing


def strange(world: World, kind: str) -> bytes:
    """What somebody might put in its place, hoping that his key is certified."""
    key = ec.generate_private_key(ec.SECP256R1())
    match kind:
        case "another CA's":
            return der(a_responder(a_chain(), key))
        case "a subscriber's":
            draft = a_draft(world.chain.issuer, public_key=a_public_key(key))
            return der(sign(draft.tbs, world.chain.key, world.chain.issuer))
        case _:
            return b"a certificate"


@pytest.mark.parametrize("kind", ["another CA's", "a subscriber's", "junk"])
async def test_no_key_of_anybody_else_is_certified_and_the_list_comes_all_the_same(
    world: World, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = world.published / "ocsp.cer"
    put = strange(world, kind)
    replace(path, put)
    world.clock.time = NOW + 80 * DAY
    await world.publish()
    assert world.crl.last_update_utc == world.clock.time
    assert path.read_bytes() == put
    assert "responder.missing" in capsys.readouterr().out


async def test_one_that_is_not_there_is_only_missed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (world.published / "ocsp.cer").unlink()
    await world.publish()
    assert world.crl.last_update_utc == world.clock.time
    assert "responder.missing" in capsys.readouterr().out
