"""Seen: a revocation is done when relying parties can see it.

The CRL and the OCSP responder are asked from outside, at the addresses that
certificates carry. What proves nothing now is asked for again later. Answers come
over a network in the clear: they are bounded, and read by `cryptography`'s parsers.
"""

import asyncio
import secrets
from collections.abc import Collection
from datetime import datetime

import httpx
from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus

from bot.ca import inquiry
from bot.ca.inquiry import SKEW, Unbelievable
from bot.ca.ocsp import MOST_ASKED
from bot.errors import Unavailable
from bot.procedures.services import Publishing

PATIENCE = 30  # seconds for one answer
LARGEST_LIST = 100_000_000  # bytes: more than two million entries
LARGEST_ANSWER = 100_000


class StatusUnseen(Unavailable):
    """Relying parties do not see the revocation yet."""

    code = "status.unseen"


async def status_is_seen(serials: Collection[int], services: Publishing, now: datetime) -> None:
    """Return if relying parties see every one of `serials` as revoked, by CRL and by OCSP.

    Args:
        serials: of certificates that our CA issued.
        now: by our clock; aware.

    Raises:
        StatusUnseen: what they see lacks one of them, is not ours, does not hold
            at `now`, or cannot be fetched.
    """
    await _listed(serials, services, now)
    asked = list(serials)
    for start in range(0, len(asked), MOST_ASKED):
        await _answered(asked[start : start + MOST_ASKED], services, now)


async def _listed(serials: Collection[int], services: Publishing, now: datetime) -> None:
    request = httpx.Request("GET", services.issuer.addresses.crl)
    fetched = await _fetch(request, services.outside, LARGEST_LIST)
    if not await asyncio.to_thread(_lists, fetched, serials, services.issuer.certificate, now):
        raise StatusUnseen


def _lists(der: bytes, serials: Collection[int], issuer: x509.Certificate, now: datetime) -> bool:
    """Whether `der` is our whole list, holds at `now` and lists all of `serials`."""
    try:
        crl = x509.load_der_x509_crl(der)
        ours = crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # ours is RSA or EC
        holds = (
            crl.next_update_utc is not None
            and crl.last_update_utc - SKEW <= now <= crl.next_update_utc
        )
        return ours and holds and {*serials} <= {entry.serial_number for entry in crl}
    except (ValueError, TypeError):
        return False


async def _answered(serials: Collection[int], services: Publishing, now: datetime) -> None:
    issuer = services.issuer
    said = await statuses_seen(
        issuer.addresses.ocsp, serials, issuer.certificate, services.outside, now
    )
    if any(said.get(serial) is not OCSPCertStatus.REVOKED for serial in serials):
        raise StatusUnseen


async def statuses_seen(
    address: str,
    serials: Collection[int],
    issuer: x509.Certificate,
    client: httpx.AsyncClient,
    now: datetime,
) -> dict[int, OCSPCertStatus]:
    """What the OCSP responder at `address` says, by serial number; 20 of them at most.

    Raises:
        StatusUnseen: it does not answer, or nothing that can be believed at `now`.
    """
    nonce = secrets.token_bytes(inquiry.NONCE_LENGTH)
    request = httpx.Request(
        "POST",
        address,
        content=inquiry.request(issuer, serials, nonce),
        headers={"Content-Type": "application/ocsp-request"},
    )
    answer = await _fetch(request, client, LARGEST_ANSWER)
    try:
        return inquiry.statuses(answer, issuer, nonce, now)
    except Unbelievable:
        raise StatusUnseen from None


async def _fetch(request: httpx.Request, client: httpx.AsyncClient, largest: int) -> bytes:
    """The body of the answer; nobody else's address is followed."""
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await client.send(request, stream=True)
            try:
                if answer.status_code != httpx.codes.OK:
                    raise StatusUnseen
                async for chunk in answer.aiter_raw():  # raw: nothing compressed can swell
                    body += chunk
                    if len(body) > largest:
                        raise StatusUnseen
            finally:
                await answer.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        raise StatusUnseen from None
    return bytes(body)
