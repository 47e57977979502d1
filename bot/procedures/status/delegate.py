"""Delegate: the OCSP responder's certificate, made anew before it ends (RFC 6960 4.2.2.2).

It lives shortly, since nobody asks whether it was revoked. The next one is for
the same key, on a token that this process cannot reach: the certificate that
stands says which, and only one of ours is believed.
"""

import asyncio
from datetime import datetime, timedelta

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tortoise.transactions import in_transaction

from bot.ca import ceremony
from bot.ca.inquiry import is_delegated
from bot.ca.signing import PublicKey
from bot.errors import BotError, Misconfigured, code_of
from bot.files import replace
from bot.procedures.services import RESPONDER_FILE, Publishing
from bot.register import audit

log = structlog.get_logger()

BEGUN = timedelta(hours=1)  # ago: clocks of relying parties differ


class ResponderMissing(Misconfigured):
    """Nobody knows for which key the responder's certificate should be."""

    code = "responder.missing"

    def __init__(self) -> None:
        super().__init__(
            f"published/{RESPONDER_FILE} is no OCSP responder's certificate of this CA.",
            "Make it: bot init --answer published/ca.cer",
        )


async def renew_responder(services: Publishing, now: datetime) -> None:
    """Put a new certificate in place when a third of the life of the standing one is left.

    What fails is said in the log and by `bot doctor`, and tried again next time: the
    CRL does not wait for it.
    """
    try:
        made = await asyncio.to_thread(_renewed, services, now)
    except (BotError, OSError) as error:
        log.error("responder.unrenewed", code=code_of(error))
        return
    if made is None:
        return
    async with in_transaction():
        await audit.append(
            audit.SYSTEM, "responder.certify", because="responder.due", now=now,
            details={"serial": f"{made.serial_number:x}"},
        )  # fmt: skip
        der = made.public_bytes(Encoding.DER)
        await asyncio.to_thread(replace, services.published / RESPONDER_FILE, der)


def _renewed(services: Publishing, now: datetime) -> x509.Certificate | None:
    """The next certificate, if it is time for it."""
    issuer = services.issuer
    standing = _standing(services)
    begins, ends = standing.not_valid_before_utc, standing.not_valid_after_utc
    if now < ends - (ends - begins) / 3:
        return None
    key = standing.public_key()
    if not isinstance(key, PublicKey):
        raise ResponderMissing
    days = timedelta(days=services.settings.issuing.responder_days)
    return ceremony.certify_responder(
        standing.subject,
        key,
        issuer.certificate,
        issuer.key,
        not_before=max(now - BEGUN, issuer.certificate.not_valid_before_utc),
        not_after=min(now + days, issuer.certificate.not_valid_after_utc),
    )


def _standing(services: Publishing) -> x509.Certificate:
    """The certificate in place.

    Raises:
        ResponderMissing: there is none, or our CA has not made it a responder's.
    """
    try:
        content = (services.published / RESPONDER_FILE).read_bytes()
        standing = x509.load_der_x509_certificate(content)
    except (FileNotFoundError, ValueError):
        raise ResponderMissing from None
    if not is_delegated(standing, services.issuer.certificate):
        raise ResponderMissing
    return standing
