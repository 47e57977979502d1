"""From the register to `Holding`: the certificates that a list names. Look-ups only.

A handful of queries for all rows, however many they are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from bot.dossier.amendments import Thing, amendment_of
from bot.dossier.case import Holding
from bot.dossier.known import Known
from bot.dossier.persons import claims_on, mailbox_owners, phone_owners
from bot.dossier.rows import CertificateRow, ChangeRow
from bot.register.lifecycle import CertificateStatus
from bot.register.models import Certificate, Dossier, Subscriber

HANDED_OVER = (CertificateStatus.VALID, CertificateStatus.REVOKED)
PATH = (NameOID.LOCALITY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)


async def holdings_of(rows: Sequence[CertificateRow], now: datetime) -> Mapping[int, Holding]:
    """The certificates that the rows name by serial number, by position."""
    serials = [row.serial.value for row in rows if row.serial.value]
    if not serials:
        return {}
    named = Certificate.filter(serial__in=serials, status__in=HANDED_OVER)
    found = {one.serial: one async for one in named.select_related("subscriber__agency")}
    return {
        row.position: _holding(found[row.serial.value], now)
        for row in rows
        if row.serial.value in found
    }


def _holding(certificate: Certificate, now: datetime) -> Holding:
    holder: Subscriber = certificate.subscriber
    return Holding(
        agency_id=holder.agency_id,
        agency=holder.agency.name,
        full_name=holder.full_name,
        personal_number=holder.personal_number,
        mailbox=holder.mailbox,
        mobile=holder.mobile,
        in_force=certificate.status is CertificateStatus.VALID and now < certificate.not_after,
        is_current=certificate.current_of == holder.id,
        not_after=certificate.not_after,
        renewals=certificate.renewals,
        path=path_of(certificate),
    )


def path_of(certificate: Certificate) -> tuple[str, ...]:
    """L, O and OU that a certificate of ours bears, the outermost first."""
    subject = x509.load_der_x509_certificate(certificate.der or b"").subject
    return tuple(str(one.value) for oid in PATH for one in subject.get_attributes_for_oid(oid))


async def known_of_holders(
    dossier: Dossier, rows: Sequence[ChangeRow], holdings: Mapping[int, Holding], now: datetime
) -> Mapping[int, Known]:
    """What the register knows about the holders that rows of form 04 name, by position.

    `mailbox_of_another` and `mobile_of_another` are about the new ones.
    """
    holders = {row.position: holdings[row.position] for row in rows if row.position in holdings}
    if not holders:
        return {}
    mailboxes = {row.position: amendment_of(row).value(Thing.MAILBOX) or "" for row in rows}
    mobiles = {row.position: amendment_of(row).value(Thing.MOBILE) or "" for row in rows}
    owners = await mailbox_owners(dossier, set(mailboxes.values()) - {""})
    phones = await phone_owners(set(mobiles.values()) - {""}, now)
    claims = await claims_on(dossier, {one.personal_number for one in holders.values()})
    return {
        position: Known(
            full_name=held.full_name,
            agency_id=held.agency_id,
            agency=held.agency,
            has_certificate=held.in_force,
            claims=claims.get(held.personal_number, ()),
            mailbox_of_another=bool(owners[mailboxes[position]] - {held.personal_number}),
            mobile_of_another=bool(phones[mobiles[position]] - {held.personal_number}),
        )
        for position, held in holders.items()
    }
