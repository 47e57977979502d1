"""What somebody known says in a mail that they signed as a whole: an officer orders, or one asks.

Nothing else of a mail is a word: what no signature of theirs covers, what is quoted,
what a machine wrote.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.dossier.orders import Inquiry, Misread, OrderText, read_order
from bot.inbox.mime import Kind, Part, Survey
from bot.outbox.values import Enclosed
from bot.procedures.doubts import RevocationUnknown
from bot.procedures.letters import UNCHECKED_TRIES, Letter
from bot.procedures.services import Vetting
from bot.register.lifecycle import Verb
from bot.register.models import Agency, AgencySigner, Mail, Officer
from bot.register.tasks import Lease
from bot.sandbox import Unchecked
from bot.signatures.verdict import SignedMail


@dataclass(frozen=True)
class Word:
    """What was said, by an officer or for an agency.

    `text` is all that was signed as text. `signed_at` is what the signature itself says: anybody
    can have a signature timestamped anew. `doubt` is why the officer's signature is not believed: a
    code; then nothing was said. `evidence` are the files that a proposal brings.
    """

    said: OrderText | Inquiry | Misread | None
    officer: Officer | None = None
    agency: Agency | None = None
    text: str = ""
    signed_at: datetime | None = None
    doubt: str = ""
    evidence: tuple[Enclosed, ...] = ()


async def hear(
    raw: bytes,
    survey: Survey,
    mail: Mail,
    letters: Sequence[Letter],
    lease: Lease,
    services: Vetting,
    now: datetime,
) -> Word | None:
    """The word of an officer or an agency's signer; None where the mail is something else.

    An order may bring letters as evidence; any other mail with signed letters is dossiers.

    Raises:
        RevocationUnknown: whether who speaks is believed is not known yet.
        Unchecked: a file could not be taken out.
    """
    inspection = await services.examiner.inspect_mail(raw, survey)
    signers = [one.fingerprint for one in inspection.signatures if one.intact and one.is_root]
    officer = await _officer(signers)
    asks = next((letter.agency for letter in letters if letter.agency), None)
    if not officer and (not asks or survey.letters):
        return None
    judged = await services.examiner.judge_mail(raw, survey, mail.received_at, now)
    patience = timedelta(hours=services.settings.trust.patience_hours)
    if judged.retry and not judged.mail.passed and now < lease.since + patience:
        raise RevocationUnknown
    if not officer:
        return await _of_agency(asks, judged.mail, mail) if asks else None
    word = _of_officer(officer, judged.mail)
    if not isinstance(word.said, OrderText) and any(map(_is_signed, letters)):
        return None
    try:
        return await _with_evidence(word, raw, survey, judged.mail, services)
    except Unchecked:
        if lease.attempt < UNCHECKED_TRIES:
            raise
        return replace(word, said=Misread("order.evidence"))


def _is_signed(letter: Letter) -> bool:
    found = letter.inspection.signatures if letter.inspection else ()
    return letter.part is not None and any(one.intact for one in found)


async def _officer(signers: Sequence[str]) -> Officer | None:
    """Whoever of them is an officer; of several, who has signed last."""
    found = {one.fingerprint: one async for one in Officer.filter(fingerprint__in=signers)}
    return next((found[one] for one in signers if one in found), None)


def _of_officer(officer: Officer, mail: SignedMail) -> Word:
    own = next(one for one in mail.signatures if one.fingerprint == officer.fingerprint)
    if own not in mail.passed:
        doubts = (*mail.faults, *own.verdict.reasons)
        return Word(None, officer, doubt=doubts[0] if doubts else "mail.unreadable")
    return Word(read_order(mail.said), officer, text=mail.said, signed_at=own.signing_time)


async def _of_agency(agency: Agency, mail: SignedMail, received: Mail) -> Word | None:
    said = read_order(mail.said)
    passed = [one.fingerprint for one in mail.passed]
    entries = await AgencySigner.filter(agency_id=agency.id, fingerprint__in=passed)
    is_theirs = any(entry.in_force(received.received_at) for entry in entries)
    return Word(said, agency=agency) if is_theirs and isinstance(said, Inquiry) else None


async def _with_evidence(
    word: Word, raw: bytes, survey: Survey, mail: SignedMail, services: Vetting
) -> Word:
    """With the files that all who have signed cover, if it is a proposal; they are kept."""
    if not (isinstance(word.said, OrderText) and word.said.verb is Verb.PROPOSE):
        return word
    covered = set.intersection(*(set(one.parts) for one in mail.passed))
    files = [part for part in survey.parts if part.index in covered and part.filename]
    return replace(word, evidence=tuple([await _kept(part, raw, services) for part in files]))


async def _kept(part: Part, raw: bytes, services: Vetting) -> Enclosed:
    content = await services.examiner.part(raw, part)
    digest = await asyncio.to_thread(services.archive.put, content)
    type_ = "application/pdf" if part.kind is Kind.PDF else "application/octet-stream"
    return Enclosed(part.filename, type_, digest, len(content))
