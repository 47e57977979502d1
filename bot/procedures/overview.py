"""Everything that is open, in a handful of questions to the register; nothing is changed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.functions import Count, Min

from bot.clock import Calendar
from bot.dossier.form import Procedure
from bot.outbox.caps import CAPPED
from bot.procedures.clocks import procedure_of, used
from bot.procedures.close import WAITING
from bot.procedures.standing import standings
from bot.register.lifecycle import DossierStatus, MailStatus, NoticeStatus, ProposalStatus, Turn
from bot.register.models import Agency, Dossier, Mail, Notice, Pause, Proposal, Task
from bot.register.tasks import LONGEST_RETRY, Kind, Queue

ALL = 1_000_000


@dataclass(frozen=True)
class OpenDossier:
    """One line: where it stands, and its clock."""

    number: str
    code: str  # of the agency
    agency: str
    procedure: Procedure | None  # None: not read yet
    status: DossierStatus
    turn: Turn
    rows: int  # none: not read yet
    closed: int  # of them
    received: datetime
    due: datetime
    used: float  # percent of the time that counts


@dataclass(frozen=True)
class Waiting:
    """So many, the oldest of them since then."""

    count: int
    since: datetime | None = None


@dataclass(frozen=True)
class OpenProposal:
    number: str
    act: str
    expires: datetime


@dataclass(frozen=True)
class GivenUp:
    """A task that an officer lets begin anew (`bot task resume`)."""

    task: int
    kind: str
    code: str  # of its last error


@dataclass(frozen=True)
class Overview:
    """What is open at a moment; of dossiers perhaps only the most urgent ones."""

    at: datetime
    dossiers: tuple[OpenDossier, ...]  # by time left
    open: int
    overdue: int
    held_mails: Waiting
    proposals: tuple[OpenProposal, ...]
    given_up: tuple[GivenUp, ...]
    undelivered: int  # notices that were refused for good
    retried: int  # notices that could not be sent yet
    paused: datetime | None  # issuing stands still since then
    backlog: dict[Queue, Waiting]  # tasks that are due


async def overview(calendar: Calendar, now: datetime, *, most: int = ALL) -> Overview:
    """What is open now, and of dossiers the `most` urgent ones."""
    pause = await Pause.get_or_none(queue=Queue.CA)
    return Overview(
        at=now,
        dossiers=await _dossiers(calendar, now, most),
        open=await Dossier.filter(status__in=WAITING).count(),
        overdue=await Dossier.filter(status__in=WAITING, due_at__lte=now).count(),
        held_mails=await _held_mails(),
        proposals=await _proposals(),
        given_up=await _given_up(now),
        undelivered=await Notice.filter(status=NoticeStatus.FAILED).count(),
        retried=await _retried(now),
        paused=pause.since if pause else None,
        backlog=await _backlog(now),
    )


async def _dossiers(calendar: Calendar, now: datetime, most: int) -> tuple[OpenDossier, ...]:
    urgent = [one for status in WAITING for one in await _most_urgent(status, most)]
    dossiers = sorted(urgent, key=lambda one: (one.due_at, one.id))[:most]
    agencies = await Agency.in_bulk({one.agency_id for one in dossiers}, "id")
    stand = await standings(dossiers)
    return tuple(
        OpenDossier(
            number=one.number,
            code=agencies[one.agency_id].code,
            agency=agencies[one.agency_id].name,
            procedure=procedure_of(one),
            status=one.status,
            turn=stand[one.id].turn,
            rows=stand[one.id].rows,
            closed=stand[one.id].closed,
            received=one.received_at,
            due=one.due_at,
            used=used(one, calendar, now),
        )
        for one in dossiers
    )


async def _most_urgent(status: DossierStatus, most: int) -> list[Dossier]:
    """Of one status, so that an index has them in this order; without what their letters say."""
    columns = ("id", "number", "agency_id", "procedure", "status", "received_at", "due_at")
    return await Dossier.filter(status=status).order_by("due_at").limit(most).only(*columns)


async def _held_mails() -> Waiting:
    held = Mail.filter(status=MailStatus.HELD)
    oldest = await held.order_by("received_at").only("id", "received_at").first()
    return Waiting(await held.count(), oldest.received_at if oldest else None)


async def _proposals() -> tuple[OpenProposal, ...]:
    proposed = Proposal.filter(status=ProposalStatus.PROPOSED).order_by("expires_at")
    return tuple([OpenProposal(one.number, one.act, one.expires_at) async for one in proposed])


async def _given_up(now: datetime) -> tuple[GivenUp, ...]:
    """What is parked was due: that way they are found among all that is to be done some day."""
    parked = Task.filter(kind__in=list(Kind), due_at__lte=now, parked_at__isnull=False)
    found = sorted(await parked, key=lambda task: task.id)
    return tuple(GivenUp(task.id, task.kind, task.last_error) for task in found)


async def _retried(now: datetime) -> int:
    soon = now + LONGEST_RETRY + timedelta(seconds=1)
    sending = Task.filter(kind__in=(Kind.NOTICE, Kind.CREDENTIAL), due_at__lte=soon)
    return await sending.exclude(last_error__in=("", CAPPED)).filter(parked_at__isnull=True).count()


async def _backlog(now: datetime) -> dict[Queue, Waiting]:
    backlog = {queue: Waiting(0) for queue in Queue}
    due = Task.filter(kind__in=list(Kind), due_at__lte=now, parked_at__isnull=True)
    counted = due.annotate(count=Count("id"), oldest=Min("since")).group_by("kind")
    for kind, count, since in await counted.values_list("kind", "count", "oldest"):
        queue = Kind(kind).queue
        known = backlog[queue]
        first = min(since, known.since) if known.since else since
        backlog[queue] = Waiting(known.count + count, first)
    return backlog
