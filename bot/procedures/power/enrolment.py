"""Who may ask and who may sign for them: what stands in the register of agencies.

A mailbox is one agency's; a certificate signs for one agency, in one capacity,
at a time. Everything runs inside the caller's transaction, one enrolment at a
time, and is on the agency's chain with the right by which it was done.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.x509.oid import NameOID
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bot.errors import Refused
from bot.procedures.doubts import look_again
from bot.procedures.power.acts import AgencySigner as AskedSigner
from bot.procedures.power.acts import NewAgency
from bot.register import audit
from bot.register.audit import Details
from bot.register.counter import Counter
from bot.register.lifecycle import Capacity
from bot.register.models import Agency, AgencySigner, Officer

NAME_KEPT = 255  # as wide as the column


@dataclass(frozen=True)
class Right:
    """By what right something is done, as the trail says it: a code, numbers of orders."""

    because: str
    details: Details = field(default_factory=dict)


class AgencyExists(Refused):
    """The code is another agency's, or this one was registered before."""

    code = "agency.exists"


class AgencyUnknown(Refused):
    """No agency has that code."""

    code = "agency.unknown"


class MailboxTaken(Refused):
    """From tells which agency a mail may be from: no mailbox is two agencies'."""

    code = "agency.mailbox"

    def __init__(self, mailbox: str, other: str) -> None:
        super().__init__()
        self.mailbox, self.other = mailbox, other  # an address, and the code of its agency


class CertificateTaken(Refused):
    """The certificate signs for somebody else then, or in another capacity."""

    code = "signer.taken"

    def __init__(self, standing: AgencySigner) -> None:
        super().__init__()
        self.standing = standing


class SignerIsOfficer(Refused):
    """The certificate would be an officer's and sign for an agency: who asks does not decide."""

    code = "signer.officer"


class PeriodEmpty(Refused):
    """It would end before it begins."""

    code = "period.empty"

    def __init__(self, since: datetime) -> None:
        super().__init__()
        self.since = since


class SignerStands(Refused):
    """It is registered from another day on; only its end can be changed."""

    code = "signer.stands"

    def __init__(self, since: datetime) -> None:
        super().__init__()
        self.since = since


class NothingToChange(Refused):
    """It is registered so already."""

    code = "enrolment.same"


def fingerprint(der: bytes) -> str:
    """SHA-256 of the DER, hex: what a certificate is known by."""
    return sha256(der).hexdigest()


def require_period(since: datetime, until: datetime | None) -> None:
    """Raises PeriodEmpty if it would end before it begins."""
    if until and until <= since:
        raise PeriodEmpty(since)


async def one_at_a_time() -> None:
    """What was looked up is still so when it is written."""
    await Counter.one_at_a_time("enrolment")


async def find_agency(code: str) -> Agency:
    """The agency with that code.

    Raises:
        AgencyUnknown: there is none.
    """
    agency = await Agency.get_or_none(code=code)
    if agency is None:
        raise AgencyUnknown
    return agency


async def register_agency(asked: NewAgency, right: Right, now: datetime) -> None:
    """Register an agency; its signers are in force from now on.

    Raises:
        AgencyExists, MailboxTaken, CertificateTaken, SignerIsOfficer: it cannot be.
    """
    await one_at_a_time()
    if await Agency.exists(code=asked.code):
        raise AgencyExists
    entry = asked.model_dump(exclude={"reason", "leaders", "seals"}, mode="json")
    agency = Agency(**entry, registered_at=now)
    await _require_own_mailboxes(agency)
    await agency.save()
    await audit.append(
        agency.chain, "agency.register", because=right.because, now=now, subject=agency.id,
        details=right.details,
    )  # fmt: skip
    for capacity, certificates in (
        (Capacity.LEADER, asked.leaders),
        (Capacity.ORGANISATION, asked.seals),
    ):
        for der in certificates:
            await _enter(agency, der, capacity, now, None, right, now)


async def register_signer(asked: AskedSigner, right: Right, now: datetime) -> None:
    """Register another signer of an agency, or change the end of the one it is.

    Mails that are held because nobody knew the signer are looked at again.

    Raises:
        AgencyUnknown, CertificateTaken, SignerIsOfficer, PeriodEmpty: it cannot be.
        SignerStands, NothingToChange: there is nothing to be done.
    """
    await one_at_a_time()
    agency = await find_agency(asked.agency)
    der, since = asked.certificate, asked.since or now
    entries = _overlapping(der, since, asked.until if asked.since else None)
    own = entries.filter(agency=agency, capacity=asked.capacity)
    standing = await own.order_by("since").first()
    if standing is None:
        await _enter(agency, der, asked.capacity, since, asked.until, right, now)
    elif asked.since:
        raise SignerStands(standing.since)
    else:
        await _set_end(agency, standing, asked.until, right, now)


async def _require_own_mailboxes(agency: Agency) -> None:
    async for other in Agency.all().only("id", "code", "mailbox", "senders"):
        for shared in agency.mailboxes & other.mailboxes:
            raise MailboxTaken(shared, other.code)


async def _enter(
    agency: Agency,
    der: bytes,
    capacity: Capacity,
    since: datetime,
    until: datetime | None,
    right: Right,
    now: datetime,
) -> None:
    require_period(since, until)
    await _require_free(_overlapping(der, since, until))
    if await Officer.exists(fingerprint=fingerprint(der)):
        raise SignerIsOfficer
    signer = await AgencySigner.create(
        agency=agency,
        fingerprint=fingerprint(der),
        certificate=der,
        name=holder(der),
        capacity=capacity,
        since=since,
        until=until,
    )
    await _record(agency, signer, "agency.signer", right, now)
    await look_again(signer.fingerprint, now)


async def _set_end(
    agency: Agency, signer: AgencySigner, until: datetime | None, right: Right, now: datetime
) -> None:
    if signer.until == until:
        raise NothingToChange
    require_period(signer.since, until)
    others = _overlapping(bytes(signer.certificate), signer.since, until)
    await _require_free(others.exclude(id=signer.id))
    signer.until = until
    await signer.save(update_fields=["until"])
    await _record(agency, signer, "agency.signer_until", right, now)


async def _record(
    agency: Agency, signer: AgencySigner, code: str, right: Right, now: datetime
) -> None:
    details = {
        "certificate": signer.fingerprint,
        "capacity": signer.capacity,
        "since": signer.since.isoformat(),
        "until": signer.until.isoformat() if signer.until else "",
    }
    await audit.append(
        agency.chain, code, because=right.because, now=now, subject=agency.id,
        details={**details, **right.details},
    )  # fmt: skip


def _overlapping(der: bytes, since: datetime, until: datetime | None) -> QuerySet[AgencySigner]:
    """Every entry of a certificate that is in force at some time of [since, until)."""
    entries = AgencySigner.filter(
        Q(until__isnull=True) | Q(until__gt=since), fingerprint=fingerprint(der)
    )
    return entries.filter(since__lt=until) if until else entries


async def _require_free(others: QuerySet[AgencySigner]) -> None:
    other = await others.first().prefetch_related("agency")
    if other:
        raise CertificateTaken(other)


def holder(der: bytes) -> str:
    """The common name of whom a certificate names; nothing where it has none."""
    subject = x509.load_der_x509_certificate(der).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value)[:NAME_KEPT] if names else ""
