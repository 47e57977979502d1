"""From a numbered dossier to its decision: is it so, and may it be?

Everything is looked up first, the rules decide, and one transaction writes
what they said. Faults are told all at once; good rows never wait for bad ones.
What an officer has let pass is decided again, here as well.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clock import REVOCATION
from bot.dossier.case import Case
from bot.dossier.decision import Decision, Outcome, decide
from bot.dossier.form import Procedure
from bot.dossier.gather import gather
from bot.dossier.rules import Fault
from bot.outbox.values import Enclosed
from bot.procedures.clocks import set_clock
from bot.procedures.close import close_if_done
from bot.procedures.doubts import RevocationUnknown
from bot.procedures.enclosing import sheet_back
from bot.procedures.judging import judge
from bot.procedures.letters import UNCHECKED_TRIES
from bot.procedures.orders.case_file import items_waiting
from bot.procedures.orders.holds import end_holds, hold
from bot.procedures.recording import record
from bot.procedures.returning import tell_returned
from bot.procedures.services import Vetting
from bot.procedures.withdraw import withdraw
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import DossierStatus
from bot.register.models import Dossier, Task
from bot.register.tasks import Lease
from bot.sandbox import Unchecked


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
        await dossier.refresh_from_db(fields=["status", "overruled"])
        if (again := await looked_up()) != case:
            case, thought = again, await _think(dossier, again, services)
        decision = thought.decision
        if case.procedure is Procedure.REVOKE:
            await _hasten(dossier, services)
        if not decision.retry:
            decided = await record(dossier, judging.judged, evidence, case, decision, now)
            if returned := tuple(_returned(decided)):
                await tell_returned(
                    dossier, returned, key=f"{lease.task}", now=now, files=thought.files
                )
            await _hold(dossier, services, now)
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
    is_whole = dossier.status is not DossierStatus.ACCEPTED  # else most of its rows are done
    if decision.retry or Outcome.RETURN not in outcomes or not is_whole:
        return Thought(decision, ())
    return Thought(decision, await sheet_back(case, decision, services.archive, dossier.number))


def _returned(decided: Decision) -> Iterator[Fault]:
    """The faults of what comes back: of the letter, or of rows alone."""
    if decided.outcome is Outcome.RETURN:
        yield from decided.faults
    for row in decided.rows:
        if row.outcome is Outcome.RETURN:
            yield from row.faults


async def _hold(dossier: Dossier, services: Vetting, now: datetime) -> None:
    """What is doubtful goes to the officers, under a code of its own."""
    if dossier.status is DossierStatus.HELD or await items_waiting(dossier):
        await hold(dossier, services.settings.officers, now)
    else:
        await end_holds(dossier.id, now)


async def _go_on(dossier: Dossier, case: Case, decision: Decision, now: datetime) -> None:
    """What follows at once: nothing waits for a row, or the letter takes others back."""
    if case.procedure is Procedure.WITHDRAW and decision.outcome is Outcome.ACCEPT:
        await withdraw(dossier, case, decision.faults, now)
    else:
        await close_if_done(dossier, now)


async def _hasten(dossier: Dossier, services: Vetting) -> None:
    """A revocation has a clock of its own; until it was read it had the usual one."""
    dossier.procedure, dossier.due_at = Procedure.REVOKE, dossier.received_at + REVOCATION
    await dossier.save(update_fields=["procedure", "due_at"])
    result = Task.filter(kind=tasks.Kind.RESULT, subject=dossier.id)
    await result.update(since=dossier.due_at, due_at=dossier.due_at)
    await set_clock(dossier, services.calendar)
