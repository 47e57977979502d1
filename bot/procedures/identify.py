"""From a stored mail to numbered dossiers: who sent this?

A dossier is born when an intact signature is by a certificate that the
register knows, whatever else is wrong. The agency is the signer's, and every
answer goes to its registered mailbox; From and the envelope prove nothing.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clock import HANOI, REVOCATION
from bot.inbox.mime import Part, Survey
from bot.outbox.delivery import intend
from bot.outbox.notices import Receipt, Unsigned
from bot.procedures.doubts import UNCHECKED_TRIES, UNREADABLE, doubt_of, tell_of_doubts, unchecked
from bot.procedures.services import Vetting
from bot.procedures.telling import tell_agency
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import Capacity, Channel, MailMove
from bot.register.models import Agency, AgencySigner, Dossier, Mail
from bot.register.tasks import Lease
from bot.sandbox import OutOfTime, Unchecked
from bot.signatures.verdict import Inspection

KILLED_LIMIT = 2  # files that kill their child, until no more of the mail is opened
OPENED_WITHIN = 60.0  # seconds, until no more of the mail is opened


@dataclass(frozen=True)
class Letter:
    """A part of the mail that may be a letter, and the agency that its signers speak for."""

    part: Part
    inspection: Inspection
    agency: Agency | None


async def identify(lease: Lease, services: Vetting, now: datetime) -> None:
    """Number what known signers sent, hold what is doubtful, ignore the rest."""
    mail = await Mail.get(id=lease.subject)
    raw = await asyncio.to_thread(services.archive.get, mail.digest)
    survey = await _survey(raw, lease, services)
    letters = await _letters(raw, survey, mail, lease, services)
    known = [letter for letter in letters if letter.agency]
    doubts = set() if survey.readable else {UNREADABLE}
    for letter in letters:
        if not letter.agency:
            # what is known is not kept waiting for what is not
            waits_since = None if known else lease.since
            doubts |= await doubt_of(
                raw, letter.part, letter.inspection, mail, services, waits_since, now
            )
    sender = await _registered_sender(survey)
    async with in_transaction():
        for letter in known:
            await _open_dossier(mail, letter, services, now)
        if doubts:
            await tell_of_doubts(mail, doubts, is_known=bool(known), now=now)
        elif not known and sender and _is_from_a_person(mail, survey):
            await _tell_unsigned(mail, sender, now)
        move, because = _end(bool(known), doubts)
        await mail.make(move, because=because, now=now, message_id=survey.message_id)
        await lease.end()


def _end(known: bool, doubts: set[str]) -> tuple[MailMove, str]:
    if known:
        return MailMove.IDENTIFY, "signer.registered"
    if doubts:
        return MailMove.HOLD, min(doubts)
    return MailMove.IGNORE, "signature.none"


async def _survey(raw: bytes, lease: Lease, services: Vetting) -> Survey:
    try:
        return await services.examiner.survey(raw)
    except Unchecked:
        if lease.attempt < UNCHECKED_TRIES:
            raise
        return Survey(readable=False)


async def _letters(
    raw: bytes, survey: Survey, mail: Mail, lease: Lease, services: Vetting
) -> list[Letter]:
    """The mail's letters, one of each, with their agencies.

    Raises:
        Unchecked: a child died over one of them, and may not do so again.
    """
    letters, killed, until = [], 0, time.monotonic() + OPENED_WITHIN
    for part in {part.sha256: part for part in survey.letters}.values():
        if killed < KILLED_LIMIT and time.monotonic() < until:
            inspection = await services.examiner.inspect(raw, part)
        else:
            inspection = Inspection(sha256=part.sha256, faults=(OutOfTime.code,))
        letters.append(Letter(part, inspection, await _agency_of(inspection, mail)))
        killed += unchecked(inspection) is not None
    if killed and lease.attempt < UNCHECKED_TRIES:
        raise Unchecked
    return letters


async def _agency_of(inspection: Inspection, mail: Mail) -> Agency | None:
    """The agency that most of the known signers speak for; then the one whose seal it is."""
    fingerprints = [found.fingerprint for found in inspection.signatures if found.intact]
    entries = await AgencySigner.filter(fingerprint__in=fingerprints).prefetch_related("agency")

    def weight(agency: Agency) -> tuple[int, ...]:
        own = [entry for entry in entries if entry.agency_id == agency.id]
        in_force = [entry for entry in own if entry.in_force(mail.received_at)]
        sealed = [entry for entry in in_force if entry.capacity is Capacity.ORGANISATION]
        return len({entry.fingerprint for entry in in_force}), len(sealed), len(own), agency.id

    return max((entry.agency for entry in entries), key=weight, default=None)


async def _registered_sender(survey: Survey) -> Agency | None:
    """The agency that From belongs to; good for a note to its registered mailbox, no more."""
    if len(survey.senders) != 1:
        return None
    async for agency in Agency.all().only("id", "name", "mailbox", "senders"):
        if survey.senders[0] in agency.mailboxes:
            return agency
    return None


def _is_from_a_person(mail: Mail, survey: Survey) -> bool:
    """Whether it may be answered at all (RFC 3834 section 2): no bounce, list or answer is."""
    is_machine = survey.auto_submitted != "no" or survey.is_bounce or survey.is_list
    return bool(mail.envelope_from) and not is_machine


async def _open_dossier(mail: Mail, letter: Letter, services: Vetting, now: datetime) -> None:
    year = now.astimezone(HANOI).year
    number = await Counter.next(f"dossier-{year}")
    due = services.calendar.due(mail.received_at)
    dossier = await Dossier.create(
        number=f"HS-{year}-{number:06}",
        mail=mail,
        place=f"{mail.id}/{letter.part.sha256}",
        agency=letter.agency,
        letter_digest=letter.part.sha256,
        received_at=mail.received_at,
        due_at=due,
    )
    await dossier.record("dossier.open", because="signer.registered", now=now)
    revoked_by = mail.received_at + REVOCATION
    receipt = Receipt(dossier.number, dossier.agency.name, mail.received_at, due, revoked_by)
    await tell_agency(dossier, receipt, key="receipt", now=now)
    await tasks.call(tasks.Kind.DECIDE, dossier.id, due=now)
    await tasks.call(tasks.Kind.RESULT, dossier.id, due=due)


async def _tell_unsigned(mail: Mail, agency: Agency, now: datetime) -> None:
    """At most one such note a day to an agency."""
    day = now.astimezone(HANOI).date()
    await intend(
        Unsigned(agency.name, mail.received_at),
        key=f"unsigned:{agency.id}:{day}",
        channel=Channel.EMAIL,
        recipient=agency.mailbox,
        now=now,
        answers=mail,
    )
