"""A CA, its responder and its web, with keys in this process: what relying parties reach."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette

from bot.ca import inquiry
from bot.ca.profiles import Addresses
from bot.ca.signing import PrivateKey
from bot.config import Settings
from bot.outbox.handouts import Handouts
from bot.procedures.services import Issuer, Publishing, Responding
from bot.procedures.status.publish import REGULAR, publish
from bot.procedures.status.respond import Responder
from bot.register import tasks
from bot.register.models import Task
from bot.register.tasks import Kind, Lease, Queue
from bot.web import site
from tests.ca.builders import NOW, Chain, a_chain, a_responder, der

ADDRESSES = Addresses("http://pki/pki/ca.crl", "http://pki/pki/ca.cer", "http://pki/ocsp")
SETTINGS = Settings()
NONCE = b"n" * 32


@dataclass
class Clock:
    """The time of everybody."""

    time: datetime = NOW

    async def register(self) -> datetime:
        return self.time

    def machine(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class World:
    """What stands in `published`, who answers, and how the web is reached."""

    chain: Chain
    key: PrivateKey
    clock: Clock
    services: Publishing
    responder: Responder

    @property
    def published(self) -> Path:
        return self.services.published

    @property
    def certificate(self) -> x509.Certificate:
        """The responder's, as it stands there now."""
        return x509.load_der_x509_certificate((self.published / "ocsp.cer").read_bytes())

    @property
    def crl(self) -> x509.CertificateRevocationList:
        return x509.load_der_x509_crl((self.published / "ca.crl").read_bytes())

    def delegate(self, **changes: Any) -> x509.Certificate:
        """Put a responder's certificate in place."""
        made = a_responder(self.chain, self.key, **changes)
        (self.published / "ocsp.cer").write_bytes(der(made))
        return made

    async def publish(self, subject: int = REGULAR) -> None:
        """Do the task, at the time of the clock."""
        await tasks.call(Kind.PUBLISH, subject, due=self.clock.time)
        await Task.filter(kind=Kind.PUBLISH, subject=subject).update(due_at=self.clock.time)
        await publish(await self._lease(), self.services, self.clock.time)

    async def _lease(self) -> Lease:
        [handed] = await tasks.lease(self.clock.time, [Queue.URGENT], most=1)
        lease = await tasks.begin(handed, self.clock.time)
        assert lease
        return lease

    def said(self, response: bytes) -> dict[int, str]:
        """What a relying party believes of it."""
        found = inquiry.statuses(response, self.chain.issuer, NONCE, self.clock.time)
        return {serial: status.name for serial, status in found.items()}


@asynccontextmanager
async def a_world(published: Path, chain: Chain | None = None) -> AsyncIterator[World]:
    chain = chain or a_chain()
    key, clock = ec.generate_private_key(ec.SECP256R1()), Clock()
    (published / "ca.cer").write_bytes(der(chain.issuer))
    (published / "services").mkdir()
    responder = Responder(Responding(SETTINGS, published, lambda: key), clock.register)
    pages = site(published, Handouts(SETTINGS), responder, clock.machine)
    async with reaching(pages) as client:
        issuer = Issuer(chain.issuer, chain.key, ADDRESSES, require_key=lambda: None)
        services = Publishing(SETTINGS, issuer, published, client)
        world = World(chain, key, clock, services, responder)
        world.delegate()
        yield world


def reaching(pages: Starlette | Callable[..., Awaitable[None]]) -> httpx.AsyncClient:
    """A client for whom those pages are the whole web."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(pages))


def asking(chain: Chain, *serials: int) -> bytes:
    return inquiry.request(chain.issuer, serials, NONCE)


def without_nonce(chain: Chain, serial: int) -> bytes:
    request = asn1.OCSPRequest.load(asking(chain, serial))
    made: bytes = asn1.OCSPRequest(
        {"tbs_request": {"request_list": request["tbs_request"]["request_list"]}}
    ).dump()
    return made
