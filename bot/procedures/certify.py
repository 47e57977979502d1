"""Certify: how every certificate comes to be (RFC 3647 4.3), in two commits.

(a) `reserve`: serial, wrapped key and the exact bytes to be signed, state SIGNING.
Then the CA signs those bytes. (b) `hand_over`. What else belongs into either
commit, the stories say themselves (issue.py, change.py). An item that is found
with a reservation was interrupted in between: whether its bytes were signed
cannot be known, so that serial is burnt, that is listed as revoked, and another
is reserved. The key stays.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dateutil.relativedelta import relativedelta

from bot.ca import profiles
from bot.ca.certificate import Draft, draft, new_serial, sign
from bot.ca.lint import lint_certificate, require_clean
from bot.hsm.subject_keys import WrappedKey, WrongKey
from bot.procedures.services import Issuing
from bot.procedures.status.publish import burn_interrupted
from bot.register.lifecycle import CertificateMove, ItemMove, ItemStatus
from bot.register.living import StaleState
from bot.register.models import Certificate, Item, SubjectKey, Subscriber
from bot.register.tasks import Lease
from bot.sections.authority import KeyAlgorithm


@dataclass(frozen=True)
class Content:
    """What a certificate is to say.

    Attributes:
        subject: Name, DER.
        mailbox: for the SAN.
        not_after: whole seconds, as `end_of` gives them.
    """

    subject: bytes
    mailbox: str
    not_after: datetime


@dataclass(frozen=True)
class Laid:
    """A linted draft and the key that it certifies; `kept` where the register has that key."""

    key: WrappedKey
    kept: SubjectKey | None
    draft: Draft
    not_before: datetime
    not_after: datetime


def end_of(now: datetime, years: int) -> datetime:
    """The last second of a validity that begins now."""
    end: datetime = now.replace(microsecond=0) + relativedelta(years=years, seconds=-1)
    return end


async def wanted(lease: Lease) -> Item:
    """The accepted row that a task is about, with its dossier and agency.

    Raises:
        StaleState: it is done, given up or taken back.
    """
    item = await Item.get(id=lease.subject).select_related("dossier__agency")
    if item.status is not ItemStatus.ACCEPTED:
        raise StaleState("Item", item.id, item.status)
    return item


async def hold(item: Item) -> None:
    """Go on only while the row is wanted: a withdrawal waits for us, or has been.

    Inside the caller's transaction.

    Raises:
        StaleState: it was taken back, or another hand was there.
    """
    standing = await Item.locked(item.id)
    if standing.status is not ItemStatus.ACCEPTED:
        raise StaleState("Item", item.id, standing.status)


async def tried_key(item: Item) -> SubjectKey | None:
    """The key of an interrupted try."""
    return await SubjectKey.filter(certificates__item_id=item.id).first()


async def lay_down(
    content: Content, kept: SubjectKey | None, services: Issuing, now: datetime
) -> Laid:
    """Draft and lint a certificate for the key that is `kept`, or for a new one.

    Raises:
        WrongKey: the kept blob is not that key's.
        IssuerEndsFirst: the CA's certificate does not span the validity.
        Refused: the certificate would not be a lawful one.
        Unavailable: a token is away; nothing was reserved in vain.
    """
    return await asyncio.to_thread(_lay_down, content, kept, services, now)


def _lay_down(content: Content, kept: SubjectKey | None, services: Issuing, now: datetime) -> Laid:
    key = _proved(kept, services) if kept else _new_key(services)
    not_before = now.replace(microsecond=0)
    drafted = draft(
        subject=content.subject,
        public_key=key.public_key,
        profile=profiles.subscriber(content.mailbox, services.issuer.addresses),
        issuer=services.issuer.certificate,
        serial=new_serial(),
        not_before=not_before,
        not_after=content.not_after,
    )
    require_clean(lint_certificate(drafted.trial))
    services.issuer.require_key()  # no serial is reserved in vain
    return Laid(key, kept, drafted, not_before, content.not_after)


def _new_key(services: Issuing) -> WrappedKey:
    return services.subjects.generate(services.settings.issuing.algorithm)


def _proved(kept: SubjectKey, services: Issuing) -> WrappedKey:
    """A key of the register, once its blob was seen to hold the private half of it."""
    key = WrappedKey(KeyAlgorithm(kept.algorithm), kept.blob, kept.public_key)
    with services.subjects.unwrapped(key):
        return key


async def reserve(
    laid: Laid,
    item: Item,
    subscriber: Subscriber,
    now: datetime,
    *,
    replaces: Certificate | None = None,
    renewals: int = 0,
) -> Certificate:
    """Commit (a): burn what an interrupted try reserved, and reserve anew.

    Inside the caller's transaction. A person's first certificate is their current
    one from now on; one that replaces another, only when it is handed over.
    """
    await burn_interrupted(item, now)
    certificate = await Certificate.create(
        item=item,
        key=laid.kept or await _keep(laid.key, subscriber, now),
        subscriber=subscriber,
        for_item=item.id,
        current_of=None if replaces else subscriber.id,
        replaces=replaces,
        renewals=renewals,
        serial=f"{laid.draft.serial:x}",
        tbs=laid.draft.tbs,
        not_before=laid.not_before,
        not_after=laid.not_after,
    )
    await certificate.record(
        "certificate.reserve", because="rules.passed", now=now,
        serial=certificate.serial, tbs=hashlib.sha256(laid.draft.tbs).hexdigest(),
    )  # fmt: skip
    return certificate


async def _keep(key: WrappedKey, subscriber: Subscriber, now: datetime) -> SubjectKey:
    return await SubjectKey.create(
        subscriber=subscriber,
        algorithm=key.algorithm,
        public_key=key.public_key,
        fingerprint=hashlib.sha256(key.public_key).hexdigest(),
        blob=key.blob,
        made_at=now,
    )


async def signed(laid: Laid, services: Issuing) -> bytes:
    """The certificate, DER: the reserved bytes under the CA's signature.

    Raises:
        Unavailable: the token is away.
    """
    issuer = services.issuer
    certificate = await asyncio.to_thread(sign, laid.draft.tbs, issuer.key, issuer.certificate)
    return certificate.public_bytes(Encoding.DER)


async def hand_over(certificate: Certificate, der: bytes, item: Item, now: datetime) -> None:
    """Commit (b): the certificate is valid and its person's current one; the row is done.

    Inside the caller's transaction.
    """
    await certificate.make(
        CertificateMove.ISSUE, because="ca.signed", now=now, der=der,
        current_of=certificate.subscriber_id,
    )  # fmt: skip
    await item.make(ItemMove.FINISH, because="certificate.issued", now=now)


def require_own_key(certificate: Certificate, key: SubjectKey) -> None:
    """Compare a key of the register with the certificate that is said to be for it.

    Raises:
        WrongKey: they are not one pair.
    """
    certified = x509.load_der_x509_certificate(certificate.der or b"").public_key()
    public_key = certified.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public_key != key.public_key:
        raise WrongKey
