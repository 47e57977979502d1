"""Fetching revocation data, from the parent, for certificates that are trusted.

Certificates name addresses, and strangers make certificates: only what chains
to the trust store is asked about, only at addresses that the settings allow.
What comes back is bytes for pass 2 to judge and evidence to keep; here it is
only looked at to choose between OCSP and CRL, and for how long to keep it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from bot.sections import servers
from bot.signatures.trust import UNREADABLE, CertificatePath, Need
from bot.signatures.verdict import CLOCK_GRACE

CACHE_TIME = timedelta(minutes=5)  # at most; a revocation must be seen soon
OLDEST = timedelta(days=8)  # thisUpdate of what is used, however far nextUpdate may lie
OLDEST_OF_AUTHORITIES = timedelta(days=400)  # a root that is kept offline lists once a year
_CACHE_ENTRIES = 500
_REDIRECTS = 3
_OCSP_HEADERS = {"Content-Type": "application/ocsp-request"}


@dataclass(frozen=True)
class RevocationData:
    """DER as it was fetched; nothing for a certificate whose status could not be had."""

    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


class RevocationSource(Protocol):
    """Where the status of certificates comes from."""

    async def gather(self, paths: Iterable[CertificatePath], now: datetime) -> RevocationData:
        """What is known at `now` of every certificate below the anchors of `paths`."""


class _Unusable(Exception):
    """This address gave nothing that can be used."""


@dataclass(frozen=True)
class _Validity:
    """From when and until when an answer says that it holds; None where it does not say."""

    this_update: datetime
    next_update: datetime | None

    def holds(self, now: datetime, oldest: timedelta) -> bool:
        """Whether it is used at `now`: neither made later, nor lapsed, nor too old."""
        made_in_time = now - oldest <= self.this_update <= now + CLOCK_GRACE
        return made_in_time and (self.next_update is None or now < self.next_update)


class Fetcher:
    """Fetches OCSP answers and, where there is none, CRLs; an async context manager."""

    def __init__(self, trust: servers.Trust) -> None:
        self._trust = trust
        self._allowed = [httpx.URL(address) for address in trust.addresses]
        self._client = httpx.AsyncClient(
            timeout=trust.fetch_seconds,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )
        self._cache: dict[tuple[str, bytes], tuple[datetime, bytes]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def gather(self, paths: Iterable[CertificatePath], now: datetime) -> RevocationData:
        """Revocation data for every certificate below the anchors of `paths`."""
        needs = {need.certificate: need for path in paths for need in path.needs}
        found = await asyncio.gather(*(self._status(need, now) for need in needs.values()))
        return RevocationData(
            ocsps=tuple(dict.fromkeys(data for kind, data in found if kind == "ocsp")),
            crls=tuple(dict.fromkeys(data for kind, data in found if kind == "crl")),
        )

    async def _status(self, need: Need, now: datetime) -> tuple[str, bytes]:
        for kind, addresses, ask in (
            ("ocsp", need.ocsp, self._ask_ocsp),
            ("crl", need.crl, self._ask_crl),
        ):
            for address in addresses:
                try:
                    return kind, await ask(address, need, now)
                except (_Unusable, httpx.HTTPError, httpx.InvalidURL, TimeoutError):
                    continue
        return "none", b""

    async def _ask_ocsp(self, address: str, need: Need, now: datetime) -> bytes:
        builder = ocsp.OCSPRequestBuilder()
        request = builder.add_certificate(need.certificate, need.issuer, hashes.SHA1())  # noqa: S303 - RFC 6960 names the issuer by it
        question = request.build().public_bytes(Encoding.DER)

        def validity(data: bytes) -> _Validity:
            return _ocsp_validity(data, need.certificate.serial_number)

        return await self._cached(
            (address, question),
            need,
            now,
            lambda: self._fetch("POST", address, content=question, headers=_OCSP_HEADERS),
            validity,
        )

    async def _ask_crl(self, address: str, need: Need, now: datetime) -> bytes:
        issuer = need.issuer.subject.public_bytes()
        return await self._cached(
            (address, issuer),
            need,
            now,
            lambda: self._fetch("GET", address),
            lambda data: _crl_validity(data, need.issuer),
        )

    async def _cached(
        self,
        key: tuple[str, bytes],
        need: Need,
        now: datetime,
        fetch: Callable[[], Awaitable[bytes]],
        validity: Callable[[bytes], _Validity],
    ) -> bytes:
        until, data = self._cache.get(key, (now, b""))
        if data and now < until:
            return data
        data = await fetch()
        try:
            says = validity(data)
        except UNREADABLE:
            raise _Unusable from None
        fetched_at = max(now, datetime.now(UTC))  # the task may have begun a while ago
        oldest = OLDEST_OF_AUTHORITIES if need.of_authority else OLDEST
        if not says.holds(fetched_at, oldest):
            raise _Unusable
        if len(self._cache) >= _CACHE_ENTRIES:
            self._cache.clear()
        self._cache[key] = min(says.next_update or now, now + CACHE_TIME), data
        return data

    async def _fetch(
        self,
        method: str,
        address: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        """The body at `address`, after at most three redirects, each to an allowed address."""
        url = httpx.URL(address)
        async with asyncio.timeout(self._trust.fetch_seconds):
            for _ in range(1 + _REDIRECTS):
                if not self.allows(url):
                    raise _Unusable
                request = self._client.build_request(method, url, content=content, headers=headers)
                answer = await self._client.send(request, stream=True)
                try:
                    if answer.next_request is None:
                        return await self._body(answer)
                    url = answer.next_request.url
                finally:
                    await answer.aclose()
        raise _Unusable

    async def _body(self, answer: httpx.Response) -> bytes:
        if answer.status_code != httpx.codes.OK:
            raise _Unusable
        body = bytearray()
        async for chunk in answer.aiter_raw():  # raw: nothing compressed can swell
            body += chunk
            if len(body) > self._trust.fetch_limit:
                raise _Unusable
        return bytes(body)

    def allows(self, url: httpx.URL) -> bool:
        """Whether `url` lies under one of the settings' prefixes.

        Compared part by part, so that neither `http://crl.gov.vn.example` nor
        `http://crl.gov.vn@example` nor a path with dots lies under `http://crl.gov.vn`.
        """
        if url.scheme not in {"http", "https"} or url.userinfo:
            return False
        path = url.path
        if ".." in path or "\\" in path:
            return False
        return any(
            (url.scheme, url.host, url.port) == (allowed.scheme, allowed.host, allowed.port)
            and path.rstrip("/").startswith(allowed.path.rstrip("/"))
            and path[len(allowed.path.rstrip("/")) :][:1] in {"", "/"}
            for allowed in self._allowed
        )


def _ocsp_validity(data: bytes, serial_number: int) -> _Validity:
    """Between when this answer holds.

    Raises:
        ValueError: it is no answer about this certificate; or any other of `UNREADABLE`.
    """
    answer = ocsp.load_der_ocsp_response(data)
    if (
        answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL
        or answer.serial_number != serial_number
        or answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    ):
        raise ValueError("no answer about this certificate")
    return _Validity(answer.this_update_utc, answer.next_update_utc)


def _crl_validity(data: bytes, issuer: x509.Certificate) -> _Validity:
    """Between when this CRL holds.

    Raises:
        ValueError: it is no CRL of this issuer; or any other of `UNREADABLE`.
    """
    crl = x509.load_der_x509_crl(data)
    if crl.issuer != issuer.subject:
        raise ValueError("a CRL of another issuer")
    return _Validity(crl.last_update_utc, crl.next_update_utc)
