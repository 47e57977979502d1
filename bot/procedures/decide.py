"""From a numbered dossier to its decision: is it so, and may it be?

Everything is looked up first, the rules decide, and one transaction writes
what they said. Faults are told all at once; good rows never wait for bad ones.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise.transactions import in_transaction

from bot.clock import REVOCATION
from bot.dossier.application import as_json
from bot.dossier.case import Case, RowCase
from bot.dossier.decision import Decision, Outcome, decide
from bot.dossier.form import Procedure
from bot.dossier.gather import Judged, gather
from bot.dossier.letter import letter_key
from bot.dossier.rows import IssueRow
from bot.dossier.rules import Consequence, Fault
from bot.outbox.agency_notices import Returned
from bot.outbox.officer_notices import Held
from bot.outbox.values import Enclosed
from bot.procedures.clocks import set_clock
from bot.procedures.close import close_if_done
from bot.procedures.doubts import RevocationUnknown
from bot.procedures.enclosing import sheet_back
from bot.procedures.judging import judge
from bot.procedures.letters import UNCHECKED_TRIES
from bot.procedures.services import Vetting
from bot.procedures.telling import tell_agency, tell_officers
from bot.procedures.withdraw import withdraw
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import DossierMove, ItemMove
from bot.register.models import Dossier, Item, Task
from bot.register.tasks import Lease
from bot.sandbox import Unchecked
from bot.signatures.verdict import Signature

DOSSIER_MOVES = {
    Outcome.ACCEPT: DossierMove.ACCEPT,
    Outcome.HOLD: DossierMove.HOLD,
    Outcome.RETURN: DossierMove.RETURN,
}
STORIES = {
    Procedure.ISSUE: tasks.Kind.ISSUE,
    Procedure.CHANGE: tasks.Kind.CHANGE,
    Procedure.REVOKE: tasks.Kind.REVOKE,
}
ITEM_MOVES = {
    Outcome.ACCEPT: ItemMove.ACCEPT,
    Outcome.HOLD: ItemMove.HOLD,
    Outcome.RETURN: ItemMove.RETURN,
}


async def decide_dossier(lease: Lease, services: Vetting, now: datetime) -> None:
    """Judge the letter's signatures; gather and think; then write, if all is still as it was.

    One decision at a time is written: what a rule was told of the register is
    still so then, or it is thought over again. Thinking itself keeps nobody waiting.
    """
    dossier = await Dossier.get(id=lease.subject).prefetch_related("agency", "mail")
    raw = await asyncio.to_thread(services.archive.get, dossier.mail.digest)
    letters = await Dossier.filter(mail_id=dossier.mail_id).count()
    judging = await judge(raw, dossier.letter_digest, letters, dossier.received_at, services, now)
    evidence = [await asyncio.to_thread(services.archive.put, one) for one in judging.evidence]

    async def looked_up() -> Case:
        case = await gather(dossier, judging.judged, services.settings, now)
        gives_up = case.unopened and lease.attempt >= UNCHECKED_TRIES
        return replace(case, patience_over=True) if gives_up else case

    case = await looked_up()
    thought = await _think(dossier, case, services)
    async with in_transaction():
        await Counter.one_at_a_time("decisions")
        if (again := await looked_up()) != case:
            case, thought = again, await _think(dossier, again, services)
        decision = thought.decision
        if case.procedure is Procedure.REVOKE:
            await _hasten(dossier, services)
        if not decision.retry:
            await _write(dossier, judging.judged, evidence, case, decision, now)
            await _tell(dossier, case, thought, now)
            await _go_on(dossier, case, decision, now)
            await lease.end()
    if decision.retry:
        raise Unchecked if case.unopened else RevocationUnknown


@dataclass(frozen=True)
class Thought:
    """What follows from a case, and the agency's sheet that goes back with it."""

    decision: Decision
    files: tuple[Enclosed, ...]


async def _think(dossier: Dossier, case: Case, services: Vetting) -> Thought:
    decision = await asyncio.to_thread(decide, case)
    outcomes = {decision.outcome, *(row.outcome for row in decision.rows)}
    if decision.retry or Outcome.RETURN not in outcomes:
        return Thought(decision, ())
    return Thought(decision, await sheet_back(case, decision, services.archive, dossier.number))


async def _go_on(dossier: Dossier, case: Case, decision: Decision, now: datetime) -> None:
    """What follows at once: nothing waits for a row, or the letter takes others back."""
    if case.procedure is Procedure.WITHDRAW and decision.outcome is Outcome.ACCEPT:
        await withdraw(dossier, case, decision.faults, now)
    else:
        await close_if_done(dossier, now)


async def _write(
    dossier: Dossier,
    judged: Judged,
    evidence: list[str],
    case: Case,
    decision: Decision,
    now: datetime,
) -> None:
    application = case.application
    used_up = None
    if application and decision.outcome is Outcome.ACCEPT and not case.letter_used_in:
        used_up = letter_key(dossier.agency_id, application.letter)
    await dossier.make(
        DOSSIER_MOVES[decision.outcome],
        because=_because(decision.faults, decision.outcome),
        now=now,
        procedure=case.procedure,
        due_at=dossier.due_at,
        application=as_json(application) if application else None,
        receiver_mobile=application.receiver.mobile.value if application else None,
        verdicts=[
            _verdict(signature) for signature in (*judged.file.signatures, *judged.mail.signatures)
        ],
        faults=[as_json(fault) for fault in decision.faults],
        evidence=evidence,
        letter_key=used_up,
        supersedes_id=case.supersedes,
    )
    await _write_rows(dossier, case, decision, now)


async def _write_rows(dossier: Dossier, case: Case, decision: Decision, now: datetime) -> None:
    """The items, each with its move: in a handful of statements for two thousand rows."""
    await Item.bulk_create(
        Item(
            dossier=dossier,
            position=row.row.position,
            place=f"{dossier.id}/{row.row.position}",
            asked=as_json(row.row),
            faults=[as_json(fault) for fault in decided.faults],
            **_about(row),
        )
        for row, decided in zip(case.rows, decision.rows, strict=True)
    )
    added = await Item.filter(dossier=dossier).only("id", "position", "status", "dossier_id")
    made = {item.position: item for item in added}
    together = defaultdict[tuple[Outcome, str], list[Item]](list)
    for decided in decision.rows:
        if decided.outcome is not Outcome.STAND:
            because = _because(decided.faults, decided.outcome)
            together[decided.outcome, because].append(made[decided.position])
    for (outcome, because), items in together.items():
        await Item.make_all(items, ITEM_MOVES[outcome], because=because, now=now)
        if outcome is Outcome.ACCEPT:
            story = STORIES[case.procedure]
            await tasks.call_all(story, [item.id for item in items], due=now)


async def _hasten(dossier: Dossier, services: Vetting) -> None:
    """A revocation has a clock of its own; until it was read it had the usual one."""
    dossier.procedure, dossier.due_at = Procedure.REVOKE, dossier.received_at + REVOCATION
    await dossier.save(update_fields=["procedure", "due_at"])
    result = Task.filter(kind=tasks.Kind.RESULT, subject=dossier.id)
    await result.update(since=dossier.due_at, due_at=dossier.due_at)
    await set_clock(dossier, services.calendar)


def _about(subject: RowCase[Any]) -> dict[str, Any]:
    """The person and the mailbox that a row is about; those of a certificate as registered."""
    row, held = subject.row, subject.own_holding
    if isinstance(row, IssueRow):
        number, mailbox = row.personal_number.value, row.mailbox.value
    else:
        number, mailbox = (held.personal_number, held.mailbox) if held else (None, None)
    return {"person": number or "", "mailbox": (mailbox or "").casefold()}


async def _tell(dossier: Dossier, case: Case, thought: Thought, now: datetime) -> None:
    """What comes back goes to the agency, what is doubtful to the officers."""
    decision = thought.decision
    letter_number = case.application.letter.number if case.application else ""
    whole = decision.outcome is Outcome.RETURN
    returned = (*(decision.faults if whole else ()), *_faults(decision, Outcome.RETURN))
    if whole or returned:
        to_mend = [fault for fault in returned if fault.consequence is Consequence.RETURN]
        content = Returned(
            dossier.number,
            dossier.agency.name,
            letter_number,
            dossier.received_at,
            None if whole else dossier.due_at,
            tuple(to_mend),
            notes=tuple(fault for fault in returned if fault not in to_mend),
            files=thought.files,
        )
        await tell_agency(dossier, content, key="returned", now=now)
    held = tuple(_faults(decision, Outcome.HOLD))
    if decision.outcome is Outcome.HOLD:
        held = (*decision.faults, *_faults(decision, Outcome.STAND))
    if held:
        due = dossier.due_at
        about = Held(dossier.number, dossier.agency.name, dossier.received_at, due, held)
        await tell_officers(about, key=f"held:dossier:{dossier.id}", now=now, dossier=dossier)


def _faults(decision: Decision, outcome: Outcome) -> Iterator[Fault]:
    return (fault for row in decision.rows if row.outcome is outcome for fault in row.faults)


def _because(faults: Sequence[Fault], outcome: Outcome) -> str:
    """The code of the gravest fault, for the trail; "rules.passed" where nothing was in the way."""
    if outcome is Outcome.ACCEPT:
        return "rules.passed"
    worst = max(faults, key=lambda fault: fault.consequence.gravity, default=None)
    return worst.code if worst else "letter.rows"


def _verdict(signature: Signature) -> dict[str, Any]:
    """A signature as the register keeps it: who, when by their claim, and how it was judged."""
    return {
        "fingerprint": signature.fingerprint,
        "field": signature.field,
        "signing_time": signature.signing_time.isoformat() if signature.signing_time else None,
        **signature.verdict.model_dump(mode="json"),
    }
