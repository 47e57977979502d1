"""What officers are told."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.dossier.form import Procedure
from bot.dossier.rules import Fault
from bot.outbox.content import Content
from bot.outbox.values import HeldRow, HeldSignature, RegisteredSigner
from bot.register.lifecycle import DossierStatus, Turn, Verb


@dataclass(frozen=True)
class Held(Content):
    """To an officer: something waits for a decision; a dossier is laid out with all that is known.

    `faults` are of every consequence; whoever accepts lets pass those that hold. Who
    only watches gets no code.
    """

    kind = "held"
    channels = ("email", "sms")

    number: str | None  # None: a mail that became no dossier
    agency: str | None
    received: datetime
    due: datetime | None
    faults: tuple[Fault, ...]
    sources: dict[str, str] = field(default_factory=dict)  # what their rules rest on, by code
    code: str = ""  # in groups; good for one order
    expires: datetime | None = None
    kept: str = ""  # why an officer has let it wait until now
    procedure: Procedure | None = None
    letter_number: str = ""
    is_letter: bool = True  # the letter waits, and all its rows with it; else some rows do
    signatures: tuple[HeldSignature, ...] = ()
    signers: tuple[RegisteredSigner, ...] = ()  # of the agency
    rows: tuple[HeldRow, ...] = ()  # that wait
    more: int = 0  # how many more of them there are


@dataclass(frozen=True)
class Ordered(Content):
    """To an officer: what became of what they signed."""

    kind = "ordered"

    received: datetime
    mail: str  # its digest's first 16 hex digits
    verb: Verb | None  # None: nothing could be understood
    about: str  # number of a dossier or a proposal; of a new proposal, its act
    rows: tuple[int, ...]
    reason: str
    refused: str  # a code: why nothing came of it; empty where it was obeyed
    proposal: str = ""  # number of what was proposed
    waits: bool = False  # whether another officer must sign it, too


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
