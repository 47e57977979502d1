"""Who decides what the bot holds, and who governs who decides.

An entry is one mailbox's; a new certificate, another role or phone is the same
entry set anew, on the officer's own chain. No change may leave fewer who govern
than must sign, so that nobody ever governs alone who did not before: whoever
leaves is replaced first.
"""

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tortoise.expressions import Q

from bot.errors import Refused
from bot.procedures.power.acts import OfficerEnd, OfficerEntry
from bot.procedures.power.enrolment import (
    NothingToChange,
    Right,
    SignerIsOfficer,
    fingerprint,
    one_at_a_time,
    require_period,
)
from bot.procedures.telling import officers_at
from bot.register import audit
from bot.register.lifecycle import Role
from bot.register.models import AgencySigner, Officer


class OfficerUnknown(Refused):
    """No officer has that mailbox."""

    code = "officer.unknown"


class OfficerCertificateTaken(Refused):
    """The certificate, or the key in it, is another officer's: one hand would sign twice."""

    code = "officer.certificate_taken"


class OfficerCertificateDates(Refused):
    """The certificate has ended, or has not begun."""

    code = "officer.certificate_dates"


class TooFewGovern(Refused):
    """Fewer would be left who govern than must sign."""

    code = "officer.too_few"


async def governing(now: datetime) -> list[Officer]:
    """Everybody who governs now and has a certificate in its dates to sign with."""
    officers = await officers_at(now).filter(role=Role.GOVERN, certificate__isnull=False)
    return [one for one in officers if _in_its_dates(bytes(one.certificate or b""), now)]


async def is_founding(needed: int) -> bool:
    """Whether fewer than `needed` have ever governed: as many as there are found the others."""
    return await Officer.filter(role=Role.GOVERN).count() < needed


async def enrol_officer(asked: OfficerEntry, right: Right, needed: int, now: datetime) -> None:
    """Register an officer, or set the entry of that mailbox anew.

    Args:
        needed: how many who govern must be left if there are as many.

    Raises:
        OfficerCertificateTaken, OfficerCertificateDates, SignerIsOfficer, PeriodEmpty,
        TooFewGovern: it cannot be.
        NothingToChange: the entry says so already.
    """
    await one_at_a_time()
    since = asked.since or now
    require_period(since, asked.until)
    if asked.certificate:
        await _require_own(asked.mailbox, asked.certificate, now)
        if not _in_its_dates(asked.certificate, now):
            raise OfficerCertificateDates
    entry: dict[str, Any] = {
        "name": asked.name,
        "mobile": asked.mobile,
        "role": asked.role,
        "certificate": asked.certificate,
        "fingerprint": fingerprint(asked.certificate) if asked.certificate else None,
        "until": asked.until,
    }
    officer = await Officer.get_or_none(mailbox=asked.mailbox)
    if officer is None:
        officer = await Officer.create(mailbox=asked.mailbox, since=since, **entry)
        await _record(officer, "officer.register", right, now)
        return
    if asked.since or not officer.in_force(now):
        entry["since"] = since
    await _set(officer, entry, "officer.change", right, needed, now)


async def end_officer(asked: OfficerEnd, right: Right, needed: int, now: datetime) -> None:
    """Let somebody be an officer no more from a day on, or from another day on.

    Raises:
        OfficerUnknown, PeriodEmpty, TooFewGovern: it cannot be.
        NothingToChange: the entry says so already.
    """
    await one_at_a_time()
    officer = await Officer.get_or_none(mailbox=asked.mailbox)
    if officer is None:
        raise OfficerUnknown
    require_period(officer.since, asked.until)
    await _set(officer, {"until": asked.until}, "officer.end", right, needed, now)


async def _set(
    officer: Officer, entry: dict[str, Any], code: str, right: Right, needed: int, now: datetime
) -> None:
    if all(getattr(officer, name) == value for name, value in entry.items()):
        raise NothingToChange
    before = await _stay()
    officer.update_from_dict(entry)
    await officer.save(update_fields=list(entry))
    if await _stay() < min(before, needed):
        raise TooFewGovern
    await _record(officer, code, right, now)


async def _stay() -> int:
    """How many govern without an end."""
    return await Officer.filter(role=Role.GOVERN, until__isnull=True).count()


async def _require_own(mailbox: str, der: bytes, now: datetime) -> None:
    async for other in Officer.filter(~Q(mailbox=mailbox), certificate__isnull=False):
        if _key(bytes(other.certificate or b"")) == _key(der):
            raise OfficerCertificateTaken
    signs = AgencySigner.filter(Q(until__isnull=True) | Q(until__gt=now))
    if await signs.filter(fingerprint=fingerprint(der)).exists():
        raise SignerIsOfficer


def _key(der: bytes) -> bytes:
    key = x509.load_der_x509_certificate(der).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _in_its_dates(der: bytes, at: datetime) -> bool:
    certificate = x509.load_der_x509_certificate(der)
    return certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc


async def _record(officer: Officer, code: str, right: Right, now: datetime) -> None:
    details = {
        "role": officer.role,
        "certificate": officer.fingerprint or "",
        "since": officer.since.isoformat(),
        "until": officer.until.isoformat() if officer.until else "",
    }
    await audit.append(
        officer.chain, code, because=right.because, now=now, subject=officer.id,
        details={**details, **right.details},
    )  # fmt: skip
