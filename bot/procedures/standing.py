"""Where open dossiers stand: what each waits for, and how many of its rows have their end."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count

from bot.dossier.form import Procedure
from bot.procedures.close import OPEN, WAITING
from bot.register.lifecycle import DossierStatus, ItemStatus, Turn
from bot.register.models import Dossier, Item, Pause, Task
from bot.register.tasks import Kind, Queue

Counts = Mapping[ItemStatus, int]


@dataclass(frozen=True)
class Standing:
    """Of one open dossier; no rows while it is not read."""

    turn: Turn
    rows: int
    closed: int


async def standing(dossier: Dossier) -> Standing:
    """Where an open dossier stands."""
    return (await _standings([dossier], Q(dossier_id=dossier.id)))[dossier.id]


async def standings(dossiers: Sequence[Dossier]) -> dict[int, Standing]:
    """Where open dossiers stand, by id: as few questions for all as for one."""
    waiting = Subquery(Dossier.filter(status__in=WAITING).values("id"))
    return await _standings(dossiers, Q(dossier_id__in=waiting))


async def _standings(dossiers: Sequence[Dossier], theirs: Q) -> dict[int, Standing]:
    counts: dict[int, dict[ItemStatus, int]] = defaultdict(dict)
    counted = Item.filter(theirs).annotate(count=Count("id")).group_by("dossier_id", "status")
    for dossier_id, status, count in await counted.values_list("dossier_id", "status", "count"):
        counts[dossier_id][ItemStatus(status)] = count
    given_up = set(
        await Task.filter(kind=Kind.DECIDE, parked_at__isnull=False).values_list(
            "subject", flat=True
        )
    )
    is_paused = await Pause.exists(queue=Queue.CA)
    return {
        one.id: _standing(one, counts[one.id], parked=one.id in given_up, paused=is_paused)
        for one in dossiers
    }


def _standing(dossier: Dossier, counts: Counts, *, parked: bool, paused: bool) -> Standing:
    rows = sum(counts.values())
    closed = sum(count for status, count in counts.items() if status not in OPEN)
    return Standing(_turn(dossier, counts, parked=parked, paused=paused), rows, closed)


def _turn(dossier: Dossier, counts: Counts, *, parked: bool, paused: bool) -> Turn:
    if parked or ItemStatus.PARKED in counts:
        return Turn.PARKED
    if dossier.status is DossierStatus.RECEIVED:
        return Turn.BOT
    if dossier.status is DossierStatus.HELD or ItemStatus.HELD in counts:
        return Turn.OFFICER
    if paused and dossier.procedure != Procedure.REVOKE:  # nothing holds up a revocation
        return Turn.PAUSED
    return Turn.CA
