"""From a stored mail to numbered dossiers: who sent this?

A dossier is born when an intact signature is by a certificate that the
register knows, whatever else is wrong. The agency is the signer's, and every
answer goes to its registered mailbox; From and the envelope prove nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from bot.clock import HANOI
from bot.dossier.rules import Consequence, Fault
from bot.errors import Unavailable
from bot.inbox.mime import Part, Survey
from bot.outbox.delivery import intend
from bot.outbox.notices import Held, Receipt, Unsigned
from bot.procedures.services import Services
from bot.procedures.telling import tell_agency, tell_officers
from bot.register import tasks
from bot.register.lifecycle import Channel, MailMove
from bot.register.models import Agency, AgencySigner, Counter, Dossier, Mail
from bot.register.tasks import Lease
from bot.sandbox import Unchecked
from bot.signatures.verdict import Inspection

UNCHECKED_TRIES = 3  # a child may die of the machine's troubles; of its own it dies each time
KILLED_LIMIT = 2  # files that kill their child, until no more of the mail is opened

DOUBTS = {
    "signer.unregistered": (
        "Chữ ký số hợp lệ nhưng chứng thư của người ký chưa có trong sổ đăng ký của cơ quan nào.",
        "Xác minh người ký; nếu đúng thẩm quyền, đăng ký chứng thư (bot agency signer).",
    ),
    "revocation.unknown": (
        "Chưa tra cứu được trạng thái chứng thư của người ký chưa đăng ký.",
        "Kiểm tra địa chỉ CRL, OCSP của tổ chức cấp chứng thư, rồi xem xét thư.",
    ),
    "sandbox.time": (
        "Không mở được tệp PDF trong thời gian cho phép.",
        "Liên hệ cơ quan gửi; yêu cầu gửi lại bằng biểu mẫu của hệ thống.",
    ),
    "sandbox.memory": (
        "Không mở được tệp PDF trong bộ nhớ cho phép.",
        "Liên hệ cơ quan gửi; yêu cầu gửi lại bằng biểu mẫu của hệ thống.",
    ),
    "sandbox.crash": (
        "Không mở được tệp PDF: trình đọc dừng đột ngột.",
        "Liên hệ cơ quan gửi; yêu cầu gửi lại bằng biểu mẫu của hệ thống.",
    ),
    "sandbox.answer": (
        "Không mở được tệp PDF: trình đọc trả lời không hợp lệ.",
        "Liên hệ cơ quan gửi; yêu cầu gửi lại bằng biểu mẫu của hệ thống.",
    ),
}
"""What makes an officer look at a mail that nobody registered has signed: text and remedy."""


class RevocationUnknown(Unavailable):
    """Whether a certificate was revoked could not be learnt: ask again later."""

    code = "revocation.unknown"


@dataclass(frozen=True)
class Letter:
    """A part of the mail that may be a letter, and the agency that its signers speak for."""

    part: Part
    inspection: Inspection
    agency: Agency | None


async def identify(lease: Lease, services: Services, now: datetime) -> None:
    """Number what known signers sent, hold what trusted strangers sent, ignore the rest."""
    mail = await Mail.get(id=lease.subject)
    raw = await asyncio.to_thread(services.archive.get, mail.digest)
    survey = await _survey(raw, lease, services)
    letters = [letter async for letter in _letters(raw, survey, mail, services)]
    known = [letter for letter in letters if letter.agency]
    sender = await _registered_sender(survey)
    doubt = "" if known else await _doubt(raw, letters, sender, mail, lease, services, now)
    async with in_transaction():
        if known:
            await mail.make(
                MailMove.IDENTIFY, because="signer.registered", now=now,
                message_id=survey.message_id,
            )  # fmt: skip
            for letter in known:
                await _open_dossier(mail, letter, services, now)
        elif doubt:
            await mail.make(MailMove.HOLD, because=doubt, now=now)
            await _tell_of_doubt(mail, doubt, now)
        else:
            await mail.make(MailMove.IGNORE, because="signature.none", now=now)
            if sender and _is_from_a_person(mail, survey):
                await _tell_unsigned(mail, sender, now)
        await lease.end()


async def _survey(raw: bytes, lease: Lease, services: Services) -> Survey:
    try:
        return await services.examiner.survey(raw)
    except Unchecked:
        if lease.attempt < UNCHECKED_TRIES:
            raise
        return Survey(readable=False)


async def _letters(
    raw: bytes, survey: Survey, mail: Mail, services: Services
) -> AsyncIterator[Letter]:
    killed = 0
    for part in survey.letters:
        inspection = await services.examiner.inspect(raw, part)
        yield Letter(part, inspection, await _agency_of(inspection, mail))
        killed += _unchecked(inspection) is not None
        if killed == KILLED_LIMIT:
            return


async def _agency_of(inspection: Inspection, mail: Mail) -> Agency | None:
    """The agency of the first known signer; one in force on that day comes first."""
    fingerprints = [found.fingerprint for found in inspection.signatures if found.intact]
    entries = await AgencySigner.filter(fingerprint__in=fingerprints).prefetch_related("agency")
    if not entries:
        return None
    entry = min(
        entries,
        key=lambda entry: (
            not entry.in_force(mail.received_at),
            fingerprints.index(entry.fingerprint),
            -entry.id,
        ),
    )
    agency: Agency = entry.agency
    return agency


async def _registered_sender(survey: Survey) -> Agency | None:
    """The agency that From belongs to; good for a note to its registered mailbox, no more."""
    if len(survey.senders) != 1:
        return None
    async for agency in Agency.all():
        if survey.senders[0] in agency.mailboxes:
            return agency
    return None


def _is_from_a_person(mail: Mail, survey: Survey) -> bool:
    """Whether it may be answered at all (RFC 3834 section 2): no bounce, list or answer is."""
    is_machine = survey.auto_submitted != "no" or survey.is_bounce or survey.is_list
    return bool(mail.envelope_from) and not is_machine


async def _doubt(
    raw: bytes,
    letters: Sequence[Letter],
    sender: Agency | None,
    mail: Mail,
    lease: Lease,
    services: Services,
    now: datetime,
) -> str:
    """Why an officer must look at a mail that nobody registered has signed; "" if none must."""
    patience = timedelta(hours=services.settings.trust.patience_hours)
    for letter in letters:
        if not any(found.intact for found in letter.inspection.signatures):
            continue
        judgement = await services.examiner.judge(raw, letter.part, mail.received_at, now)
        if judgement.retry and now < lease.since + patience:
            raise RevocationUnknown
        if judgement.file.passed:
            return "signer.unregistered"
        if judgement.retry:
            return RevocationUnknown.code
    unchecked = [code for letter in letters if (code := _unchecked(letter.inspection))]
    return unchecked[0] if unchecked and sender else ""


def _unchecked(inspection: Inspection) -> str | None:
    """The code of what killed the child that opened the file; None if nothing did."""
    return next((fault for fault in inspection.faults if fault.startswith("sandbox.")), None)


async def _open_dossier(mail: Mail, letter: Letter, services: Services, now: datetime) -> None:
    year = now.astimezone(HANOI).year
    number = await Counter.next(f"dossier-{year}")
    due = services.calendar.due(mail.received_at)
    dossier = await Dossier.create(
        number=f"HS-{year}-{number:06}",
        mail=mail,
        part=letter.part.index,
        place=f"{mail.id}/{letter.part.index}",
        agency=letter.agency,
        letter_digest=letter.inspection.sha256,
        received_at=mail.received_at,
        due_at=due,
    )
    await dossier.record("dossier.open", because="signer.registered", now=now)
    receipt = Receipt(dossier.number, dossier.agency.name, dossier.procedure, mail.received_at, due)
    await tell_agency(dossier, receipt, key="receipt", now=now)
    await tasks.call(tasks.Kind.DECIDE, dossier.id, due=now)
    await tasks.call(tasks.Kind.RESULT, dossier.id, due=due)


async def _tell_of_doubt(mail: Mail, doubt: str, now: datetime) -> None:
    fault = Fault(doubt, Consequence.HOLD, None, None, mail.digest, *DOUBTS[doubt])
    held = Held(None, None, mail.received_at, None, (fault,))
    await tell_officers(held, key=f"held:mail:{mail.id}", now=now)


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
