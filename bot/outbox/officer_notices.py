"""What officers are told."""

from dataclasses import dataclass
from datetime import datetime

from bot.dossier.form import Procedure
from bot.dossier.rules import Fault
from bot.outbox.content import Content
from bot.register.lifecycle import DossierStatus, Turn


@dataclass(frozen=True)
class Held(Content):
    """To an officer: something waits for a decision."""

    kind = "held"

    number: str | None  # None: a mail that became no dossier
    agency: str | None
    received: datetime
    due: datetime | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Parked(Content):
    """To an officer: the machine has given up on a task, or has tried it for too long."""

    kind = "parked"

    number: str | None
    task: str  # kind of the task
    position: int | None  # STT of the row it works on
    code: str  # of its last error
    since: datetime
    due: datetime | None  # of the dossier
    trying: bool = False  # whether the machine still tries by itself
    mail: str | None = None  # where there is no dossier yet: its digest's first 16 hex digits
    received: datetime | None = None  # that mail


@dataclass(frozen=True)
class Unfetched(Content):
    """To an officer: mail that stays in a mailbox behind IMAP.

    All of it, because its server does not let us in; or one that is too big.
    """

    kind = "unfetched"

    mailbox: str  # ours
    code: str
    since: datetime
    megabytes: str | None = None  # of the one that is too big


@dataclass(frozen=True)
class Clock(Content):
    """To an officer: so much of a dossier's time is over, and it is still open."""

    kind = "clock"
    channels = ("email", "sms")

    number: str
    agency: str
    code: str  # of the agency: short enough for a phone
    procedure: Procedure | None  # None: not read yet
    state: DossierStatus
    turn: Turn
    rows: int  # none: not read yet
    closed: int  # of them
    percent: int  # of the time that counts; 100: overdue
    received: datetime
    due: datetime
