"""From a stored mail to numbered dossiers: who sent this?

A dossier is born when an intact signature is by a certificate that the
register knows, whatever else is wrong. The agency is the signer's, and every
answer goes to its registered mailbox; From and the envelope prove nothing.
"""

import asyncio
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clock import HANOI, REVOCATION
from bot.inbox.automatic import without_sender
from bot.inbox.mime import Survey
from bot.outbox.agency_notices import Receipt
from bot.procedures.clocks import set_clock
from bot.procedures.doubts import doubts_of, tell_of_doubts
from bot.procedures.letters import UNCHECKED_TRIES, Letter, letters_in
from bot.procedures.precheck import precheck
from bot.procedures.services import Vetting
from bot.procedures.telling import tell_agency
from bot.procedures.unsigned import answer_unsigned
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import MailMove
from bot.register.models import Agency, Dossier, Mail
from bot.register.tasks import Lease
from bot.sandbox import Unchecked


async def identify(lease: Lease, services: Vetting, now: datetime) -> None:
    """Number what known signers sent, hold what is doubtful, ignore the rest."""
    mail = await Mail.get(id=lease.subject)
    raw = await asyncio.to_thread(services.archive.get, mail.digest)
    survey = await _survey(raw, lease, services)
    letters = await letters_in(raw, survey, mail, lease, services)
    known = [letter for letter in letters if letter.agency]
    if mail.is_trial and known:
        await precheck(raw, mail, known, lease, services, now)
        return
    doubts: set[str] = set()
    if not mail.is_trial:  # what is only tried out asks nothing of an officer
        # what is known is not kept waiting for what is not
        waits_since = None if known else lease.since
        doubts = await doubts_of(raw, survey, mail, letters, services, waits_since, now)
    machine = without_sender(survey.automatic, mail.envelope_from)  # RFC 3834, 2: not answered
    sender = await _registered_sender(survey)
    async with in_transaction():
        for letter in known:
            await _open_dossier(mail, letter, services, now)
        if doubts:
            await tell_of_doubts(mail, doubts, is_known=bool(known), now=now)
        elif not known and sender and not machine:
            await answer_unsigned(mail, survey, sender, now)
        move, because = _end(bool(known), doubts, machine)
        await mail.make(move, because=because, now=now, message_id=survey.message_id)
        await lease.end()


def _end(known: bool, doubts: set[str], machine: str) -> tuple[MailMove, str]:
    if known:
        return MailMove.IDENTIFY, "signer.registered"
    if doubts:
        return MailMove.HOLD, min(doubts)
    return MailMove.IGNORE, machine or "signature.none"


async def _survey(raw: bytes, lease: Lease, services: Vetting) -> Survey:
    try:
        return await services.examiner.survey(raw)
    except Unchecked:
        if lease.attempt < UNCHECKED_TRIES:
            raise
        return Survey(readable=False)


async def _registered_sender(survey: Survey) -> Agency | None:
    """The agency that From belongs to; good for a note to its registered mailbox, no more."""
    if len(survey.senders) != 1:
        return None
    async for agency in Agency.all().only("id", "name", "mailbox", "senders"):
        if survey.senders[0] in agency.mailboxes:
            return agency
    return None


async def _open_dossier(mail: Mail, letter: Letter, services: Vetting, now: datetime) -> None:
    year = now.astimezone(HANOI).year
    number = await Counter.next(f"dossier-{year}")
    due = services.calendar.due(mail.received_at)
    digest = letter.digest(mail)
    dossier = await Dossier.create(
        number=f"HS-{year}-{number:06}",
        mail=mail,
        place=f"{mail.id}/{digest}",
        agency=letter.agency,
        letter_digest=digest,
        received_at=mail.received_at,
        due_at=due,
    )
    await dossier.record("dossier.open", because="signer.registered", now=now)
    revoked_by = mail.received_at + REVOCATION
    receipt = Receipt(dossier.number, dossier.agency.name, mail.received_at, due, revoked_by)
    await tell_agency(dossier, receipt, key="receipt", now=now)
    await tasks.call(tasks.Kind.DECIDE, dossier.id, due=now, first=letter.hurries)
    await tasks.call(tasks.Kind.RESULT, dossier.id, due=due)
    await set_clock(dossier, services.calendar)
