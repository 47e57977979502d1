"""Respond: what the register says of a certificate, to whoever asks by OCSP (RFC 6960).

Nothing but an answer leaves: what is away or goes wrong is a status without
signature, and a code in the log.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import structlog
from cryptography import x509
from cryptography.x509.ocsp import OCSPResponseStatus
from tortoise.exceptions import BaseORMException

from bot.ca import ocsp
from bot.ca.crl import Revoked
from bot.ca.ocsp import Question, Unanswerable
from bot.errors import Misconfigured, Unavailable, code_of
from bot.procedures.services import (
    CERTIFICATE_FILE,
    RESPONDER_FILE,
    SERVICES_FOLDER,
    Responding,
)
from bot.register.lifecycle import CertificateStatus
from bot.register.models import Certificate

log = structlog.get_logger()

AT_ONCE = 8  # answers that are looked up or signed
MOST_WAITING = 200  # requests; who comes then is to come later
PATIENCE = 10  # seconds for one answer
LARGEST = 1 << 160  # serial numbers have 20 octets at most (RFC 5280 4.1.2.2)
AWAY = (  # the token, a folder, the register, or the time that they took
    Unavailable,
    Misconfigured,
    OSError,
    TimeoutError,
    BaseORMException,
    sqlite3.Error,
    RuntimeError,  # Tortoise's, while nobody has opened the register
)

Statuses = Mapping[int, Revoked | None]  # None: good


class ResponderLapsed(Misconfigured):
    """No answer of this responder would be believed now."""

    code = "responder.lapsed"

    def __init__(self) -> None:
        super().__init__(
            f"published/{RESPONDER_FILE} is not valid now.",
            "Start a worker for urgent: it makes the next one.",
        )


@dataclass(frozen=True)
class Answer:
    """An OCSPResponse, DER.

    Attributes:
        since, until: thisUpdate and nextUpdate when any cache may keep it; else None.
    """

    der: bytes
    since: datetime | None = None
    until: datetime | None = None


class Responder:
    """Answers OCSP requests for our CA; one a process.

    Args:
        now: the time of the register.
    """

    def __init__(self, services: Responding, now: Callable[[], Awaitable[datetime]]) -> None:
        self._services = services
        self._now = now
        self._hands = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def answer(self, request: bytes) -> Answer:
        """The answer to an OCSPRequest (DER, hostile); never raises for what it holds."""
        if self._waiting >= MOST_WAITING:
            return _failure(OCSPResponseStatus.TRY_LATER)
        self._waiting += 1
        try:
            async with self._hands, asyncio.timeout(PATIENCE):
                return await self._answer(request)
        except Unanswerable as unanswerable:
            return _failure(unanswerable.status)
        except AWAY as error:
            log.warning("ocsp.later", code=code_of(error))
            return _failure(OCSPResponseStatus.TRY_LATER)
        except Exception as error:
            log.error("ocsp.failed", code=code_of(error))
            return _failure(OCSPResponseStatus.INTERNAL_ERROR)
        finally:
            self._waiting -= 1

    async def _answer(self, request: bytes) -> Answer:
        heard = await asyncio.to_thread(self._hear, request)
        now = (await self._now()).replace(microsecond=0)  # known to be so then (RFC 6960 4.2.2.1)
        statuses = {**heard.services, **await _registered(heard.question.serials)}
        until = now + timedelta(minutes=self._services.settings.issuing.ocsp_minutes)
        der = await asyncio.to_thread(self._sign, heard, statuses, now, until)
        return Answer(der) if heard.question.nonce else Answer(der, now, until)

    def _hear(self, request: bytes) -> "_Heard":
        folder = self._services.published
        question = ocsp.read(request, _loaded((folder / CERTIFICATE_FILE).read_bytes()))
        responder = _loaded((folder / RESPONDER_FILE).read_bytes())
        names = {
            serial: folder / SERVICES_FOLDER / f"{name(serial)}.cer" for serial in question.serials
        }
        services = {serial: None for serial, path in names.items() if path.is_file()}
        return _Heard(question, responder, services)

    def _sign(self, heard: "_Heard", statuses: Statuses, now: datetime, until: datetime) -> bytes:
        responder = heard.responder
        if not responder.not_valid_before_utc <= now <= responder.not_valid_after_utc:
            raise ResponderLapsed
        return ocsp.answer(
            heard.question,
            statuses,
            responder=responder,
            key=self._services.find_key(),
            now=now,
            until=until,
        )


@dataclass(frozen=True)
class _Heard:
    """A question, and what the published folder knows of it now.

    `services` are those of our own, which `bot init` has made and nobody revokes.
    """

    question: Question
    responder: x509.Certificate
    services: Statuses


async def _registered(serials: Iterable[int]) -> Statuses:
    """What the register has issued; what is being signed is nobody's certificate yet."""
    rows = Certificate.filter(serial__in=[name(serial) for serial in serials])
    statuses: dict[int, Revoked | None] = {}
    for named, status, at, reason in await rows.values_list(
        "serial", "status", "revoked_at", "reason"
    ):
        serial = int(named, 16)
        match status:
            case CertificateStatus.VALID:
                statuses[serial] = None
            case CertificateStatus.REVOKED | CertificateStatus.BURNT:
                statuses[serial] = Revoked(serial, at, x509.ReasonFlags(reason))
    return statuses


def name(serial: int) -> str:
    """As the register writes it. A number that is none of ours is named by no certificate."""
    return f"{serial:x}" if 0 < serial < LARGEST else "-"


def _failure(status: OCSPResponseStatus) -> Answer:
    return Answer(ocsp.failure(status))


@lru_cache(maxsize=4)
def _loaded(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)
