"""The pre-check mailbox: everything is looked at as for a dossier, all faults are told, no more.

No number, no clock, no item; nothing is used up. Only who is registered is
answered, as everywhere.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.dossier.case import Case, Signed
from bot.dossier.decision import Decision, Outcome, decide
from bot.dossier.form import Procedure
from bot.dossier.gather import gather
from bot.outbox.agency_notices import Checked
from bot.outbox.delivery import intend
from bot.outbox.values import CheckedLetter, CheckedSignature, Enclosed
from bot.procedures.doubts import RevocationUnknown
from bot.procedures.enclosing import sheet_back
from bot.procedures.judging import judge
from bot.procedures.letters import UNCHECKED_TRIES, Letter
from bot.procedures.services import Vetting
from bot.register.lifecycle import Channel, MailMove
from bot.register.models import Agency, Dossier, Mail
from bot.register.tasks import Lease
from bot.sandbox import Unchecked
from bot.signatures.identity import subject

LATER_THAN_ALL = 2**62  # where the number of a dossier is compared: no real one comes after it


async def precheck(
    raw: bytes,
    mail: Mail,
    known: Sequence[Letter],
    lease: Lease,
    services: Vetting,
    now: datetime,
) -> None:
    """Tell each agency what would become of the letters that its signers have signed.

    Raises:
        Unchecked: a file could not be opened, and may be tried again.
        RevocationUnknown: revocation data is away, and still is waited for.
    """
    found: dict[int, list[CheckedLetter]] = defaultdict(list)
    sheets: dict[int, list[Enclosed]] = defaultdict(list)
    agencies: dict[int, Agency] = {}
    for letter in known:
        if letter.agency:
            agencies[letter.agency.id] = letter.agency
            case = await _case(raw, mail, letter, len(known), lease, services, now)
            decision = decide(case)
            found[letter.agency.id].append(_checked(letter, case, decision))
            about = str(len(found[letter.agency.id]))
            sheets[letter.agency.id] += await sheet_back(case, decision, services.archive, about)
    async with in_transaction():
        for agency in agencies.values():
            await intend(
                Checked(
                    agency.name,
                    mail.received_at,
                    tuple(found[agency.id]),
                    files=tuple(sheets[agency.id]),
                ),
                key=f"checked:{mail.id}:{agency.id}", channel=Channel.EMAIL,
                recipient=agency.mailbox, now=now, answers=mail,
            )  # fmt: skip
        await mail.make(MailMove.CHECK, because="precheck.answered", now=now)
        await lease.end()


async def _case(
    raw: bytes,
    mail: Mail,
    letter: Letter,
    letters: int,
    lease: Lease,
    services: Vetting,
    now: datetime,
) -> Case:
    """What the rules would be asked, if this were the next dossier."""
    digest = letter.digest(mail)
    judging = await judge(raw, digest, letters, mail.received_at, services, now)
    tried = Dossier(
        id=LATER_THAN_ALL,
        mail_id=mail.id,
        agency_id=letter.agency.id if letter.agency else None,
        letter_digest=digest,
        received_at=mail.received_at,
    )
    case = await gather(tried, judging.judged, services.settings, now)
    if case.unopened and lease.attempt >= UNCHECKED_TRIES:
        case = replace(case, patience_over=True)
    if decide(case).retry:
        raise Unchecked if case.unopened else RevocationUnknown
    return case


def _checked(letter: Letter, case: Case, decision: Decision) -> CheckedLetter:
    rows = Counter(row.outcome for row in decision.rows)
    return CheckedLetter(
        name=letter.part.filename if letter.part else "",
        letter_number=case.application.letter.number if case.application else "",
        outcome=decision.outcome,
        accepted=rows[Outcome.ACCEPT],
        held=rows[Outcome.HOLD] + rows[Outcome.STAND],
        returned=rows[Outcome.RETURN],
        signatures=tuple(_signature(one, case) for one in (*case.signatures, *case.transport)),
        faults=(*decision.faults, *(fault for row in decision.rows for fault in row.faults)),
        revokes=case.procedure is Procedure.REVOKE,
    )


def _signature(signed: Signed, case: Case) -> CheckedSignature:
    signer, verdict = signed.signer, signed.signature.verdict
    own = signer if signer and signer.agency_id == case.agency.id else None
    return CheckedSignature(
        signer=subject(signed.signature.certificate) or "",
        capacity=own.capacity if own else None,
        indication=verdict.indication,
        sub_indication=verdict.sub_indication,
    )
