"""Where the status of certificates comes from when a file is judged by itself."""

from datetime import UTC, datetime, timedelta

from bot.sections import servers
from bot.signatures.sources import AtHand, Online
from bot.signatures.trust import CertificatePath
from demo.foreign import ForeignPki, Signer
from tests.signatures.builders import crls_of, trust_of

NOW = datetime.now(UTC)
HURRIED = servers.Trust(fetch_seconds=1)


def paths(pki: ForeignPki, signer: Signer) -> tuple[CertificatePath, ...]:
    return trust_of(pki).paths(signer.der)


async def test_a_list_from_the_future_is_none(pki: ForeignPki) -> None:
    today, tomorrow = crls_of(pki, NOW), crls_of(pki, NOW + timedelta(days=1))
    data = await AtHand((*today, *tomorrow)).gather((), NOW)
    assert data.crls == today


async def test_own_anchors_are_asked_wherever_they_say_others_where_it_is_allowed(
    pki: ForeignPki, leader: Signer
) -> None:
    ways = paths(pki, leader)
    before = pki.hits.copy()
    allowed = await Online(HURRIED, AtHand()).gather(ways, NOW)
    assert (allowed.ocsps, allowed.crls, pki.hits) == ((), (), before)
    anywhere = await Online(HURRIED, AtHand(), anywhere=True).gather(ways, NOW)
    assert (len(anywhere.ocsps), len(anywhere.crls)) == (1, 1)


async def test_what_is_no_address_is_passed_over(pki: ForeignPki) -> None:
    strange = pki.signer("A", address="ldap://[")
    data = await Online(HURRIED, AtHand(crls_of(pki, NOW)), anywhere=True).gather(
        paths(pki, strange), NOW
    )
    assert len(data.crls) == 3  # two at hand, and the root's


async def test_where_nothing_is_trusted_nobody_is_asked(pki: ForeignPki) -> None:
    before = pki.hits.copy()
    await Online(HURRIED, AtHand(), anywhere=True).gather((), NOW)
    assert pki.hits == before
