"""Revocation data is fetched for those we trust, from where we allow, within limits."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from bot.sections import servers
from bot.signatures.revocation import CACHE_TIME, OLDEST, OLDEST_OF_AUTHORITIES, Fetcher
from bot.signatures.trust import CertificatePath
from bot.signatures.verdict import CLOCK_GRACE
from demo import foreign
from demo.foreign import ForeignPki, Service, Signer
from tests.signatures.builders import trust_of

NOW = datetime.now(UTC)


@pytest.fixture
def own_pki() -> Iterator[ForeignPki]:
    """A PKI of one test's own, whose service may fail."""
    with ForeignPki() as made:
        yield made


@pytest.fixture
async def fetcher(own_pki: ForeignPki) -> AsyncIterator[Fetcher]:
    settings = servers.Trust(addresses=(own_pki.address,), fetch_seconds=0.5)
    async with Fetcher(settings) as made:
        yield made


@pytest.fixture
def path(own_pki: ForeignPki) -> CertificatePath:
    return path_of(own_pki)


def path_of(pki: ForeignPki, address: str | None = None) -> CertificatePath:
    (found,) = trust_of(pki).paths(pki.signer("A", address=address).der)
    return found


async def test_ocsp_first_and_the_crl_where_there_is_none(
    own_pki: ForeignPki, fetcher: Fetcher, path: CertificatePath
) -> None:
    data = await fetcher.gather([path], NOW)
    assert (len(data.ocsps), len(data.crls)) == (1, 1)
    assert own_pki.hits == {"/ocsp": 1, "/root.crl": 1}


@pytest.mark.parametrize("service", [Service.DOWN, Service.STALE, Service.HANGING])
async def test_the_crl_when_ocsp_fails(
    own_pki: ForeignPki, fetcher: Fetcher, path: CertificatePath, service: Service
) -> None:
    own_pki.ocsp_service = service
    data = await fetcher.gather([path], NOW)
    assert (len(data.ocsps), len(data.crls)) == (0, 2)


@pytest.mark.parametrize("service", [Service.DOWN, Service.STALE, Service.HANGING])
async def test_nothing_within_the_time_limit_when_all_fails(
    own_pki: ForeignPki, fetcher: Fetcher, path: CertificatePath, service: Service
) -> None:
    own_pki.ocsp_service = own_pki.crl_service = service
    data = await fetcher.gather([path], NOW)
    assert (data.ocsps, data.crls) == ((), ())


class Dated(ForeignPki):
    """Its answers were made `age` ago and say that they hold for years."""

    age = timedelta(0)

    def crl(self, issuer: Signer, now: datetime) -> bytes:
        return super().crl(issuer, now - self.age)

    def ocsp(self, request: bytes, now: datetime) -> bytes:
        return super().ocsp(request, now - self.age)


OFF = timedelta(minutes=2)  # the service dates its answers back by one


@pytest.mark.parametrize(
    ("age", "used"),
    [
        (OLDEST - OFF, ["signer", "authority"]),
        (OLDEST + OFF, ["authority"]),
        (OLDEST_OF_AUTHORITIES - OFF, ["authority"]),
        (OLDEST_OF_AUTHORITIES + OFF, []),
        (-CLOCK_GRACE, ["signer", "authority"]),
        (-CLOCK_GRACE - OFF, []),
        (timedelta(days=-300), []),
    ],
)
@pytest.mark.parametrize("ocsp", [Service.UP, Service.DOWN])
async def test_what_was_made_long_ago_or_in_the_future_is_none(
    monkeypatch: pytest.MonkeyPatch, ocsp: Service, age: timedelta, used: list[str]
) -> None:
    monkeypatch.setattr(foreign, "_FRESH", timedelta(days=900))
    with Dated() as pki:
        pki.age, pki.ocsp_service = age, ocsp
        async with Fetcher(servers.Trust(addresses=(pki.address,))) as fetcher:
            data = await fetcher.gather([path_of(pki)], datetime.now(UTC))
    assert len([*data.ocsps, *data.crls]) == len(used)


async def test_an_answer_younger_than_the_task_is_used(
    own_pki: ForeignPki, fetcher: Fetcher, path: CertificatePath
) -> None:
    assert (await fetcher.gather([path], datetime.now(UTC) - timedelta(minutes=30))).ocsps


async def test_what_is_fresh_is_not_fetched_twice_but_soon_again(
    own_pki: ForeignPki, fetcher: Fetcher, path: CertificatePath
) -> None:
    first = await fetcher.gather([path], NOW)
    assert await fetcher.gather([path], NOW + CACHE_TIME - timedelta(seconds=1)) == first
    assert own_pki.hits == {"/ocsp": 1, "/root.crl": 1}
    await fetcher.gather([path], NOW + CACHE_TIME)
    assert own_pki.hits == {"/ocsp": 2, "/root.crl": 2}


async def test_failures_are_not_kept(
    own_pki: ForeignPki, fetcher: Fetcher, path: CertificatePath
) -> None:
    own_pki.ocsp_service = own_pki.crl_service = Service.DOWN
    await fetcher.gather([path], NOW)
    own_pki.ocsp_service = own_pki.crl_service = Service.UP
    assert (await fetcher.gather([path], NOW)).ocsps


async def test_too_long_an_answer_is_none(own_pki: ForeignPki, path: CertificatePath) -> None:
    own_pki.ocsp_service = Service.DOWN
    settings = servers.Trust(addresses=(own_pki.address,), fetch_limit=len(own_pki.root.der) // 2)
    async with Fetcher(settings) as strict:
        data = await strict.gather([path], NOW)
    assert (data.ocsps, data.crls) == ((), ())
    assert own_pki.hits == {"/ocsp": 1, "/issuer.crl": 1, "/root.crl": 1}


class _Elsewhere(BaseHTTPRequestHandler):
    """Answers everything with a redirect to the path asked for, on another port."""

    target = ""
    asked = 0

    def redirect(self) -> None:
        type(self).asked += 1
        self.send_response(302)
        self.send_header("Location", f"{self.target}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = redirect  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, type[_Elsewhere]]]:
    handler = type("Handler", (_Elsewhere,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


async def test_an_address_that_is_not_allowed_is_never_asked(
    own_pki: ForeignPki, fetcher: Fetcher, elsewhere: tuple[str, type[_Elsewhere]]
) -> None:
    address, handler = elsewhere
    data = await fetcher.gather([path_of(own_pki, address)], NOW)
    assert handler.asked == 0
    assert data.ocsps == ()


async def test_a_redirect_leads_nowhere_that_is_not_allowed(
    own_pki: ForeignPki, elsewhere: tuple[str, type[_Elsewhere]]
) -> None:
    address, handler = elsewhere
    handler.target = own_pki.address
    path = path_of(own_pki, address)
    async with Fetcher(servers.Trust(addresses=(address,))) as one:
        assert (await one.gather([path], NOW)).ocsps == ()
    assert handler.asked > 0
    assert own_pki.hits == {}
    async with Fetcher(servers.Trust(addresses=(address, own_pki.address))) as both:
        assert len((await both.gather([path], NOW)).ocsps) == 1


async def test_a_circle_of_redirects_ends(
    own_pki: ForeignPki, elsewhere: tuple[str, type[_Elsewhere]]
) -> None:
    address, handler = elsewhere
    handler.target = address
    async with Fetcher(servers.Trust(addresses=(address,))) as one:
        assert (await one.gather([path_of(own_pki, address)], NOW)).ocsps == ()
    assert handler.asked <= 8


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("http://crl.gov.vn/g2/", True),
        ("http://crl.gov.vn/g2", True),
        ("http://crl.gov.vn/g2/a.crl", True),
        ("http://CRL.gov.vn:80/g2/a.crl", True),
        ("https://crl.gov.vn/g2/a.crl", False),
        ("http://crl.gov.vn:8080/g2/a.crl", False),
        ("http://crl.gov.vn.example/g2/a.crl", False),
        ("http://crl.gov.vn@example/g2/a.crl", False),
        ("http://user@crl.gov.vn/g2/a.crl", False),
        ("http://crl.gov.vn/g2evil/a.crl", False),
        ("http://crl.gov.vn/g2/../a.crl", False),
        ("http://crl.gov.vn/g2/%2e%2e/a.crl", False),
        ("http://crl.gov.vn/", False),
        ("http://127.0.0.1/g2/", False),
        ("file:///g2/", False),
        ("ldap://crl.gov.vn/g2/", False),
        ("", False),
    ],
)
async def test_what_lies_under_an_allowed_prefix(address: str, allowed: bool) -> None:
    async with Fetcher(servers.Trust(addresses=("http://crl.gov.vn/g2/",))) as fetcher:
        assert fetcher.allows(httpx.URL(address)) is allowed


async def test_nothing_is_allowed_by_default() -> None:
    async with Fetcher(servers.Trust()) as fetcher:
        assert not fetcher.allows(httpx.URL("http://127.0.0.1/"))
