"""Issue (RFC 3647 4.2-4.4): a key, a certificate, an account.

Two commits. (a) reserves: login, serial, wrapped key and the exact bytes to be
signed, state SIGNING. Then the CA signs those bytes. (b) hands over: certificate,
account, notices. An item found in SIGNING was interrupted in between: whether
its bytes were signed cannot be known, so that serial is burnt, that is listed
as revoked, and another is reserved. The key stays.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from dateutil.relativedelta import relativedelta
from tortoise.transactions import in_transaction

from bot.accounts.account import open_account
from bot.ca import profiles
from bot.ca.certificate import Draft, draft, new_serial, sign
from bot.ca.lint import lint_certificate, require_clean
from bot.ca.profiles import Subject
from bot.dossier.application import row_from_json
from bot.dossier.rows import IssueRow
from bot.hsm.subject_keys import WrappedKey
from bot.outbox.delivery import intend
from bot.outbox.subscriber_notices import Credential
from bot.procedures.close import close_if_done
from bot.procedures.publish import burn_interrupted
from bot.procedures.services import Issuing
from bot.register.lifecycle import CertificateMove, Channel, ItemMove, ItemStatus
from bot.register.living import StaleState
from bot.register.models import Account, Agency, Certificate, Item, SubjectKey, Subscriber
from bot.register.tasks import Lease
from bot.sections.authority import KeyAlgorithm


async def issue(lease: Lease, services: Issuing, now: datetime) -> None:
    """Give the person of one accepted row a certificate and an account."""
    item = await Item.get(id=lease.subject).select_related("dossier__agency")
    if item.status is not ItemStatus.ACCEPTED:
        raise StaleState("Item", item.id, item.status)
    row = row_from_json(item.asked, IssueRow)
    tried = await SubjectKey.filter(certificates__item_id=item.id).first()
    laid = await asyncio.to_thread(_lay_down, item.dossier.agency, row, tried, services, now)
    certificate, account = await _reserve(item, row, tried, laid, lease, now)
    signed = await asyncio.to_thread(
        sign, laid.draft.tbs, services.issuer.key, services.issuer.certificate
    )
    await _hand_over(item, certificate, account, signed, lease, now)


@dataclass(frozen=True)
class Laid:
    """A linted draft, the key that it certifies and the validity it states."""

    key: WrappedKey
    draft: Draft
    not_before: datetime
    not_after: datetime


def _lay_down(
    agency: Agency, row: IssueRow, tried: SubjectKey | None, services: Issuing, now: datetime
) -> Laid:
    """Draft and lint: the person is the row's, the place is the register's.

    The key is that of an interrupted try, or a new one.
    """
    issuing = services.settings.issuing
    if tried:
        key = WrappedKey(KeyAlgorithm(tried.algorithm), tried.blob, tried.public_key)
    else:
        key = services.subjects.generate(issuing.algorithm)
    not_before = now.replace(microsecond=0)
    not_after = not_before + relativedelta(years=issuing.validity_years, seconds=-1)
    subject = Subject(
        province=agency.province,
        organization=agency.organization,
        units=tuple(agency.units),
        common_name=row.full_name.value or "",
        email=row.mailbox.value or "",
    )
    drafted = draft(
        subject=subject.name(),
        public_key=key.public_key,
        profile=profiles.subscriber(subject.email, services.issuer.addresses),
        issuer=services.issuer.certificate,
        serial=new_serial(),
        not_before=not_before,
        not_after=not_after,
    )
    require_clean(lint_certificate(drafted.trial))
    services.issuer.require_key()  # no serial is reserved in vain
    return Laid(key, drafted, not_before, not_after)


async def _reserve(
    item: Item,
    row: IssueRow,
    tried: SubjectKey | None,
    laid: Laid,
    lease: Lease,
    now: datetime,
) -> tuple[Certificate, Account]:
    """Commit (a): burn what an interrupted try reserved, and reserve anew."""
    async with in_transaction():
        await lease.check()
        await _hold(item)
        subscriber = await _enrol(row, item.dossier.agency, now)
        account = await open_account(subscriber, now=now)
        await burn_interrupted(item, now)
        subject_key = tried or await _keep_key(laid.key, subscriber, now)
        certificate = await Certificate.create(
            item=item,
            key=subject_key,
            subscriber=subscriber,
            for_item=item.id,
            current_of=subscriber.id,
            serial=f"{laid.draft.serial:x}",
            tbs=laid.draft.tbs,
            not_before=laid.not_before,
            not_after=laid.not_after,
        )
        await certificate.record(
            "certificate.reserve", because="rules.passed", now=now,
            serial=certificate.serial, tbs=hashlib.sha256(laid.draft.tbs).hexdigest(),
        )  # fmt: skip
    return certificate, account


async def _hold(item: Item) -> None:
    """Go on only while the row is wanted: a withdrawal waits for us, or has been.

    Raises:
        StaleState: it was taken back, or another hand was there.
    """
    standing = await Item.locked(item.id)
    if standing.status is not ItemStatus.ACCEPTED:
        raise StaleState("Item", item.id, standing.status)


async def _keep_key(key: WrappedKey, subscriber: Subscriber, now: datetime) -> SubjectKey:
    return await SubjectKey.create(
        subscriber=subscriber,
        algorithm=key.algorithm,
        public_key=key.public_key,
        fingerprint=hashlib.sha256(key.public_key).hexdigest(),
        blob=key.blob,
        made_at=now,
    )


async def _enrol(row: IssueRow, agency: Agency, now: datetime) -> Subscriber:
    """The person as the signed row has them now; a certificate that has ended is not current."""
    subscriber, is_new = await Subscriber.update_or_create(
        personal_number=row.personal_number.value,
        defaults={
            "full_name": row.full_name.value,
            "mailbox": row.mailbox.value,
            "mobile": row.mobile.value,
            "agency": agency,
        },
    )
    if not is_new:
        ended = Certificate.filter(current_of=subscriber.id, not_after__lte=now)
        await ended.update(current_of=None)
    return subscriber


async def _hand_over(
    item: Item,
    certificate: Certificate,
    account: Account,
    signed: x509.Certificate,
    lease: Lease,
    now: datetime,
) -> None:
    """Commit (b): the certificate, the account, and what is told of them."""
    der = signed.public_bytes(Encoding.DER)
    async with in_transaction():
        await _hold(item)
        await certificate.make(CertificateMove.ISSUE, because="ca.signed", now=now, der=der)
        await item.make(ItemMove.FINISH, because="certificate.issued", now=now)
        subscriber = certificate.subscriber
        credential = Credential(
            item.dossier.number,
            subscriber.full_name,
            account.login,
            certificate.serial,
            certificate.not_before,
            certificate.not_after,
        )
        await intend(
            credential, key=f"credential:{certificate.id}", channel=Channel.EMAIL,
            recipient=subscriber.mailbox, now=now, dossier=item.dossier, account=account,
        )  # fmt: skip
        await close_if_done(item.dossier, now)
        await lease.end()
