"""Peers that are there until the process dies, just before or just after they are asked."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import rsa

from bot.outbox.delivery import Post
from bot.outbox.mailer import Mailer
from bot.outbox.transport import Transport
from bot.register.tasks import Lease
from bot.sms.gateway import Gateway
from tests.outbox.world import SETTINGS, Killed, Signer

Moment = Literal["render", "sign", "before the peer", "after the peer", "before the last commit"]
MOMENTS: tuple[Moment, ...] = (
    "render",
    "sign",
    "before the peer",
    "after the peer",
    "before the last commit",
)


@dataclass(frozen=True)
class DyingTransport:
    peer: Transport
    moment: Moment

    async def deliver(self, message_id: str, recipient: str, raw: bytes) -> str:
        if self.moment == "after the peer":
            await self.peer.deliver(message_id, recipient, raw)
        raise Killed

    async def knows(self, message_id: str) -> bool | None:
        return await self.peer.knows(message_id)


@dataclass(frozen=True)
class DyingGateway:
    peer: Gateway
    moment: Moment

    async def send(self, to: str, text: str, reference: str, *, since: datetime | None) -> str:
        if self.moment == "after the peer":
            await self.peer.send(to, text, reference, since=since)
        raise Killed


class DyingRenderer:
    def letter(self, *_: object, **__: object) -> Any:
        raise Killed

    sms = page = section = letter


class DyingLease(Lease):
    async def end(self) -> None:
        raise Killed


class DyingKey(rsa.RSAPrivateKey):
    def sign(self, *_: Any) -> bytes:
        raise Killed


def _dying_mailer(signer: Signer) -> Mailer:
    DyingKey.__abstractmethods__ = frozenset()  # it does nothing else
    return Mailer(SETTINGS, DyingKey(), signer.certificate, signer.chain)  # type: ignore[abstract]  # as above


def dying(lease: Lease, post: Post, moment: Moment, signer: Signer) -> tuple[Lease, Post]:
    """The same lease and services, of a process that is killed at `moment`."""
    match moment:
        case "render":
            renderer: Any = DyingRenderer()
            return lease, replace(post, renderer=renderer)
        case "sign":
            return lease, replace(post, mailer=_dying_mailer(signer))
        case "before the last commit":
            last = DyingLease(
                lease.task, lease.token, lease.kind, lease.subject, lease.attempt, lease.since
            )
            return last, post
        case _:
            transport = DyingTransport(post.transport, moment)
            gateway = DyingGateway(post.gateway, moment)
            return lease, replace(post, transport=transport, gateway=gateway)
