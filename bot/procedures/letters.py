"""What in a mail may be a letter, and for which agency its signers speak."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.dossier.fields import plain
from bot.inbox.mime import Part, Survey
from bot.procedures.services import Vetting
from bot.register.lifecycle import Capacity
from bot.register.models import Agency, AgencySigner, Mail
from bot.register.tasks import Lease
from bot.sandbox import OutOfTime, Unchecked
from bot.signatures.verdict import Found, Inspection

UNCHECKED_TRIES = 3  # a child may die of the machine's troubles; of its own it dies each time
KILLED_LIMIT = 2  # files that kill their child, until no more of the mail is opened
OPENED_WITHIN = 60.0  # seconds, until no more of the mail is opened
HURRIES = re.compile(r"\b(thu hoi|hoa toc|khan)\b")


@dataclass(frozen=True)
class Letter:
    """What may be a letter, and the agency that its signers, or the mail's, speak for.

    `part` is None where a signed mail holds no PDF file at all: it is answered all the same.
    """

    part: Part | None
    inspection: Inspection | None
    agency: Agency | None
    subject: str = ""  # of the mail

    @property
    def hurries(self) -> bool:
        """Whether it seems to ask for a revocation, or to be urgent: good for going first only.

        An agency's own letter is not read yet, so its name and the mail's have to do.
        """
        if self.inspection and self.inspection.hurries:
            return True
        names = f"{self.subject} {self.part.filename if self.part else ''}"
        return bool(HURRIES.search(re.sub(r"[\W_]+", " ", plain(names))))

    def digest(self, mail: Mail) -> str:
        """SHA-256 (hex) of the file; of the mail where there is none."""
        return self.part.sha256 if self.part else mail.digest


async def letters_in(
    raw: bytes, survey: Survey, mail: Mail, lease: Lease, services: Vetting
) -> list[Letter]:
    """The mail's letters, one of each, with their agencies.

    Where no letter bears a known signature of its own, the first is the mail's signer's.

    Raises:
        Unchecked: a child died over one of them, and may not do so again.
    """
    letters = await _opened(raw, survey, mail, lease, services)
    if any(letter.agency for letter in letters):
        return letters
    signed = await services.examiner.inspect_mail(raw, survey)
    sender = await _agency_of(signed.signatures, mail)
    if sender is None:
        return letters
    first, *others = letters or [Letter(None, None, None, survey.subject)]
    return [replace(first, agency=sender), *others]


async def _opened(
    raw: bytes, survey: Survey, mail: Mail, lease: Lease, services: Vetting
) -> list[Letter]:
    letters, killed, until = [], 0, time.monotonic() + OPENED_WITHIN
    for part in {part.sha256: part for part in survey.letters}.values():
        if killed < KILLED_LIMIT and time.monotonic() < until:
            inspection = await services.examiner.inspect(raw, part)
        else:
            inspection = Inspection(sha256=part.sha256, faults=(OutOfTime.code,))
        agency = await _agency_of(inspection.signatures, mail)
        letters.append(Letter(part, inspection, agency, survey.subject))
        killed += unchecked(inspection) is not None
    if killed and lease.attempt < UNCHECKED_TRIES:
        raise Unchecked
    return letters


async def _agency_of(signatures: Iterable[Found], mail: Mail) -> Agency | None:
    """The agency that most of the known signers speak for; then the one whose seal it is."""
    fingerprints = [found.fingerprint for found in signatures if found.intact]
    entries = await AgencySigner.filter(fingerprint__in=fingerprints).prefetch_related("agency")

    def weight(agency: Agency) -> tuple[int, ...]:
        own = [entry for entry in entries if entry.agency_id == agency.id]
        in_force = [entry for entry in own if entry.in_force(mail.received_at)]
        sealed = [entry for entry in in_force if entry.capacity is Capacity.ORGANISATION]
        return len({entry.fingerprint for entry in in_force}), len(sealed), len(own), agency.id

    return max((entry.agency for entry in entries), key=weight, default=None)


def unchecked(inspection: Inspection) -> str | None:
    """The code of what killed the child that opened the file; None if nothing did."""
    return next((fault for fault in inspection.faults if fault.startswith("sandbox.")), None)
