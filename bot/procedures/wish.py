"""What a row of form 04 asks, and what the certificate that follows from it says."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from bot.ca.certificate import IssuerEndsFirst
from bot.ca.profiles import Subject
from bot.dossier.amendments import Amendment, Thing, amendment_of
from bot.dossier.application import row_from_json
from bot.dossier.case import OTHER_AGENCY
from bot.dossier.grounds import Reason
from bot.dossier.holders import path_of
from bot.dossier.rows import ChangeRow
from bot.procedures.certify import Content, end_of, require_own_key
from bot.procedures.services import Issuing
from bot.register.models import Agency, Certificate, Item, SubjectKey, Subscriber
from bot.sections.authority import KeyAlgorithm


@dataclass(frozen=True)
class Wish:
    """What one row asks, for which certificate, and under which agency.

    Attributes:
        old: with its subscriber and key.
        agency: the one that asks.
        is_let_pass: an officer agreed that it asks for another agency's subscriber.
    """

    row: ChangeRow
    amendment: Amendment
    old: Certificate
    agency: Agency
    is_let_pass: bool

    @property
    def subscriber(self) -> Subscriber:
        holder: Subscriber = self.old.subscriber
        return holder

    @property
    def has_moved(self) -> bool:
        return self.subscriber.agency_id != self.agency.id

    @property
    def renews(self) -> bool:
        return self.row.renew

    @property
    def amends(self) -> bool:
        """Whether the certificate's content changes."""
        return self.amendment.is_certified or self.has_moved

    @property
    def is_elsewhere(self) -> bool:
        """Whether the old certificate bears another place than the agency has now."""
        return path_of(self.old) != self.agency.path

    @property
    def reason(self) -> Reason:
        """Why an amendment revokes the old certificate (RFC 5280 5.3.1)."""
        return Reason.AFFILIATION_CHANGED if self.is_elsewhere else Reason.SUPERSEDED

    def then(self, thing: Thing, standing: str) -> str:
        """The new value of `thing`, or the one that stands."""
        return self.amendment.value(thing) or standing


async def wish_of(item: Item) -> Wish:
    """What an accepted row asks; `item` with its dossier and agency."""
    row = row_from_json(item.asked, ChangeRow)
    named = Certificate.filter(serial=row.serial.value)
    return Wish(
        row,
        amendment_of(row),
        await named.select_related("subscriber__agency", "key").get(),
        item.dossier.agency,
        is_let_pass=[OTHER_AGENCY, row.position] in item.dossier.overruled,
    )


def content_of(wish: Wish, services: Issuing, now: datetime) -> Content:
    """A renewal says what the old certificate says; an amendment, what is so now.

    Raises:
        IssuerEndsFirst: a renewal would gain nothing.
        NameUnfit: no certificate has room for the new content.
    """
    end = renewed_until(wish, services, now) if wish.renews else wish.old.not_after
    if not wish.amends:
        old = x509.load_der_x509_certificate(wish.old.der or b"")
        return Content(old.subject.public_bytes(), wish.subscriber.mailbox, end)
    subject = Subject(
        province=wish.agency.province,
        organization=wish.agency.organization,
        units=tuple(wish.agency.units),
        common_name=wish.then(Thing.FULL_NAME, wish.subscriber.full_name),
        email=wish.then(Thing.MAILBOX, wish.subscriber.mailbox),
    )
    return Content(subject.name(), subject.email, end)


def renewed_until(wish: Wish, services: Issuing, now: datetime) -> datetime:
    """Of a renewed certificate: never beyond the issuer's end."""
    issuer_ends = services.issuer.certificate.not_valid_after_utc
    end = min(end_of(now, services.settings.rules.renewal_years), issuer_ends)
    if end <= wish.old.not_after:
        raise IssuerEndsFirst
    return end


def key_of(wish: Wish, policy: KeyAlgorithm) -> SubjectKey | None:
    """The old certificate's key; none where a renewal replaces it by a stronger one.

    Raises:
        WrongKey: the register's key is not the one that was certified.
    """
    key: SubjectKey = wish.old.key
    if wish.renews and is_below(key.algorithm, policy):
        return None
    require_own_key(wish.old, key)
    return key


def is_below(algorithm: str, policy: KeyAlgorithm) -> bool:
    """Whether such keys are weaker than those made now, or of no kind that is lawful now."""
    lawful = next((one for one in KeyAlgorithm if one == algorithm), None)
    return lawful is None or lawful.strength < policy.strength
