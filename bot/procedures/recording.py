"""What a decision changes in the register: the dossier, its rows, and what is to be done for them.

What an officer has let pass is decided again: then the rows stand, and only those
that wait are moved.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.dossier.amendments import Thing, amendment_of
from bot.dossier.application import as_json
from bot.dossier.case import Case, RowCase
from bot.dossier.decision import Decision, Outcome, RowDecision
from bot.dossier.form import Procedure
from bot.dossier.gather import Judged
from bot.dossier.letter import letter_key
from bot.dossier.rows import ChangeRow, IssueRow
from bot.dossier.rules import Fault
from bot.register import tasks
from bot.register.lifecycle import DossierMove, DossierStatus, ItemMove, ItemStatus
from bot.register.models import Dossier, Item
from bot.signatures.identity import subject
from bot.signatures.verdict import Signature

DOSSIER_MOVES = {
    Outcome.ACCEPT: DossierMove.ACCEPT,
    Outcome.HOLD: DossierMove.HOLD,
    Outcome.RETURN: DossierMove.RETURN,
}
ITEM_MOVES = {
    Outcome.ACCEPT: ItemMove.ACCEPT,
    Outcome.HOLD: ItemMove.HOLD,
    Outcome.RETURN: ItemMove.RETURN,
}
STORIES = {
    Procedure.ISSUE: tasks.Kind.ISSUE,
    Procedure.CHANGE: tasks.Kind.CHANGE,
    Procedure.REVOKE: tasks.Kind.REVOKE,
}
UNDECIDED = (ItemStatus.ASKED, ItemStatus.HELD)


async def record(
    dossier: Dossier,
    judged: Judged,
    evidence: Sequence[str],
    case: Case,
    decision: Decision,
    now: datetime,
) -> Decision:
    """Write down a decision of one at a time; of its rows, those that were decided come back.

    The letter of an accepted dossier stands, whatever is thought of it now: what is
    wrong with it concerns the rows that wait.
    """
    found: dict[str, Any] = {
        "verdicts": [_verdict(one) for one in (*judged.file.signatures, *judged.mail.signatures)],
        "faults": [as_json(fault) for fault in decision.faults],
        "evidence": [*dict.fromkeys((*dossier.evidence, *evidence))],
    }
    if dossier.status is DossierStatus.ACCEPTED:
        # rows first: whoever hands one over holds it, and closes the dossier after it
        rows = await _write_rows(dossier, case, decision, now)
        await _set(dossier, found)
    else:
        await _write_letter(dossier, case, decision, found, now)
        rows = await _write_rows(dossier, case, decision, now)
    return replace(decision, rows=rows)


async def _write_letter(
    dossier: Dossier, case: Case, decision: Decision, found: dict[str, Any], now: datetime
) -> None:
    application = case.application
    used_up = None
    if application and decision.outcome is Outcome.ACCEPT and not case.letter_used_in:
        used_up = letter_key(dossier.agency_id, application.letter)
    found |= {
        "procedure": case.procedure,
        "due_at": dossier.due_at,
        "application": as_json(application) if application else None,
        "receiver_mobile": application.receiver.mobile.value if application else None,
        "letter_key": used_up,
        "supersedes_id": case.supersedes,
    }
    because = _because(decision.faults, decision.outcome)
    if dossier.status is DossierStatus.HELD and decision.outcome is Outcome.HOLD:
        await _set(dossier, found)
        await dossier.record("dossier.hold_again", because=because, now=now)
    else:
        await dossier.make(DOSSIER_MOVES[decision.outcome], because=because, now=now, **found)


async def _set(dossier: Dossier, found: dict[str, Any]) -> None:
    await Dossier.filter(id=dossier.id).update(**found)
    dossier.update_from_dict(found)


async def _write_rows(
    dossier: Dossier, case: Case, decision: Decision, now: datetime
) -> tuple[RowDecision, ...]:
    """The items, each with its move: in a handful of statements for two thousand rows."""
    theirs = Item.filter(dossier=dossier).order_by("id")
    before = {item.position: item for item in await theirs.select_for_update()}
    decided = tuple(
        row
        for row in decision.rows
        if row.position not in before or before[row.position].status in UNDECIDED
    )
    faults = {row.position: [as_json(fault) for fault in row.faults] for row in decided}
    abouts = {row.row.position: _about(row) for row in case.rows}
    await _refresh([item for at, item in before.items() if at in faults], faults, abouts)
    await Item.bulk_create(
        Item(
            dossier=dossier,
            position=row.row.position,
            place=f"{dossier.id}/{row.row.position}",
            asked=as_json(row.row),
            faults=faults[row.row.position],
            **abouts[row.row.position],
        )
        for row in case.rows
        if row.row.position not in before
    )
    items = {item.position: item for item in await theirs.only(*_MOVED)}
    together = defaultdict[tuple[Outcome, str], list[Item]](list)
    for row in decided:
        item = items[row.position]
        is_held_already = row.outcome is Outcome.HOLD and item.status is ItemStatus.HELD
        if row.outcome is not Outcome.STAND and not is_held_already:
            together[row.outcome, _because(row.faults, row.outcome)].append(item)
    for (outcome, because), moved in together.items():
        await Item.make_all(moved, ITEM_MOVES[outcome], because=because, now=now)
        if outcome is Outcome.ACCEPT:
            story = STORIES[case.procedure]
            await tasks.call_all(story, [item.id for item in moved], due=now)
    return decided


_MOVED = ("id", "position", "status", "dossier_id")


async def _refresh(
    items: Sequence[Item], faults: dict[int, list[Any]], abouts: dict[int, dict[str, Any]]
) -> None:
    """What an officer has let pass may tell whose row it is: of somebody who has moved."""
    changed = [item for item in items if item.faults != faults[item.position]]
    for item in changed:
        item.update_from_dict({"faults": faults[item.position], **abouts[item.position]})
    if changed:
        await Item.bulk_update(changed, fields=["faults", "person", "mailbox"])


def _about(row_case: RowCase[Any]) -> dict[str, Any]:
    """The person that a row is about, and the mailbox that they are to have, or have."""
    row, held = row_case.row, row_case.own_holding
    if isinstance(row, IssueRow):
        number, mailbox = row.personal_number.value, row.mailbox.value
    else:
        number, mailbox = (held.personal_number, held.mailbox) if held else (None, None)
        new = amendment_of(row).value(Thing.MAILBOX) if isinstance(row, ChangeRow) else None
        mailbox = new or mailbox
    return {"person": number or "", "mailbox": (mailbox or "").casefold()}


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
        "signer": subject(signature.certificate) or "",
        "field": signature.field,
        "signing_time": signature.signing_time.isoformat() if signature.signing_time else None,
        **signature.verdict.model_dump(mode="json"),
    }
