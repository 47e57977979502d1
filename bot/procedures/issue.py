"""Issue (RFC 3647 4.2-4.4): a key, a certificate, an account; two commits (certify.py)."""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.accounts.account import open_account
from bot.ca.profiles import Subject
from bot.dossier.application import row_from_json
from bot.dossier.rows import IssueRow
from bot.outbox.delivery import intend
from bot.outbox.subscriber_notices import Credential
from bot.procedures.certify import (
    Content,
    end_of,
    hand_over,
    hold,
    lay_down,
    reserve,
    signed,
    tried_key,
    wanted,
)
from bot.procedures.close import close_if_done
from bot.procedures.remind import remind
from bot.procedures.services import Issuing
from bot.register.lifecycle import Channel
from bot.register.models import Account, Agency, Certificate, Dossier, Subscriber
from bot.register.tasks import Lease


async def issue(lease: Lease, services: Issuing, now: datetime) -> None:
    """Give the person of one accepted row a certificate and an account."""
    item = await wanted(lease)
    row = row_from_json(item.asked, IssueRow)
    content = _content(item.dossier.agency, row, services, now)
    laid = await lay_down(content, await tried_key(item), services, now)
    async with in_transaction():  # (a)
        await lease.check()
        await hold(item)
        subscriber = await _enrol(row, item.dossier.agency, now)
        account = await open_account(subscriber, now=now)
        certificate = await reserve(laid, item, subscriber, now)
    der = await signed(laid, services)
    async with in_transaction():  # (b)
        await hold(item)
        await hand_over(certificate, der, item, now)
        await remind(certificate, services.settings, now)
        await _tell(item.dossier, certificate, account, now)
        await close_if_done(item.dossier, now)
        await lease.end()


def _content(agency: Agency, row: IssueRow, services: Issuing, now: datetime) -> Content:
    """The person is the row's, the place is the register's."""
    subject = Subject(
        province=agency.province,
        organization=agency.organization,
        units=tuple(agency.units),
        common_name=row.full_name.value or "",
        email=row.mailbox.value or "",
    )
    not_after = end_of(now, services.settings.issuing.validity_years)
    return Content(subject.name(), subject.email, not_after)


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


async def _tell(
    dossier: Dossier, certificate: Certificate, account: Account, now: datetime
) -> None:
    """Account information goes to the subscriber's official mailbox and nowhere else."""
    subscriber = certificate.subscriber
    credential = Credential(
        dossier.number,
        subscriber.full_name,
        account.login,
        certificate.serial,
        certificate.not_before,
        certificate.not_after,
    )
    await intend(
        credential, key=f"credential:{certificate.id}", channel=Channel.EMAIL,
        recipient=subscriber.mailbox, now=now, dossier=dossier, account=account,
    )  # fmt: skip
