"""From a stored mail to numbered dossiers: who sent this?

A dossier is born when an intact signature is by a certificate that the
register knows, whatever else is wrong. The agency is the signer's, and every
answer goes to its registered mailbox; From and the envelope prove nothing.
What an officer orders, or somebody known asks, in the mail itself is heeded instead.
"""

import asyncio
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clock import HANOI, REVOCATION
from bot.dossier.orders import Inquiry
from bot.inbox.automatic import without_sender
from bot.inbox.mime import Survey
from bot.outbox.agency_notices import Receipt
from bot.procedures.clocks import set_clock
from bot.procedures.doubts import Doubts, doubts_of, remember, tell_of_doubts
from bot.procedures.letters import UNCHECKED_TRIES, Letter, letters_in
from bot.procedures.orders.hearing import Word, hear
from bot.procedures.orders.inquiries import inform
from bot.procedures.orders.obeying import obey
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
    machine = without_sender(survey.automatic, mail.envelope_from)  # RFC 3834, 2: not answered
    word = None if machine else await hear(raw, survey, mail, letters, lease, services, now)
    if word:
        await _heed(word, mail, survey, lease, services, now)
        return
    known = [letter for letter in letters if letter.agency]
    if mail.is_trial and known:
        await precheck(raw, mail, known, lease, services, now)
        return
    doubts = Doubts()
    if not mail.is_trial:  # what is only tried out asks nothing of an officer
        # what is known is not kept waiting for what is not
        waits_since = None if known else lease.since
        doubts = await doubts_of(raw, survey, mail, letters, services, waits_since, now)
    sender = await _registered_sender(survey)
    async with in_transaction():
        for letter in known:
            await _open_dossier(mail, letter, services, now)
        if doubts.codes:
            await tell_of_doubts(mail, doubts.codes, is_known=bool(known), now=now)
            await remember(mail, doubts)
        elif not known and sender and not machine:
            await answer_unsigned(mail, survey, sender, now)
        move, because = _end(bool(known), doubts.codes, machine)
        if mail.status not in move.sources:  # it was held, and still is
            await mail.record("mail.hold_again", because=because, now=now)
        else:
            await mail.make(move, because=because, now=now, message_id=survey.message_id)
        await lease.end()


async def _heed(
    word: Word, mail: Mail, survey: Survey, lease: Lease, services: Vetting, now: datetime
) -> None:
    """An order is obeyed or not, a question answered; there is no letter in it."""
    async with in_transaction():
        because = "order"
        asks = word.officer or word.agency
        is_officer = word.officer is None or word.officer.in_force(mail.received_at)
        if isinstance(word.said, Inquiry) and asks and is_officer:
            because = "inquiry"
            await inform(mail, word.said.number, asks, now)
        elif word.officer:
            await obey(mail, word, word.officer, services.settings.officers, now)
        await mail.make(MailMove.IDENTIFY, because=because, now=now, message_id=survey.message_id)
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
