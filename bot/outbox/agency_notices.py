"""What agencies are told, at their registered mailboxes; results at their receivers', too."""

from dataclasses import dataclass
from datetime import datetime

from bot.dossier.form import Procedure
from bot.dossier.rules import Fault
from bot.outbox.content import Content
from bot.outbox.values import CheckedLetter, Enclosed, RowResult, Step, TakenBack
from bot.register.lifecycle import DossierStatus


@dataclass(frozen=True)
class Receipt(Content):
    """To the agency, at once, before the letter is read: numbered, and the clock runs.

    What is asked is not known yet, so both clocks are told.
    """

    kind = "receipt"

    number: str
    agency: str
    received: datetime
    due: datetime  # to issue, renew or amend
    revoked_by: datetime  # to revoke


@dataclass(frozen=True)
class Returned(Content):
    """To the agency: all that is wrong with the letter, or with some of its rows.

    `faults` are those to mend; `notes` stop nothing, or are looked at by an officer.
    """

    kind = "returned"

    number: str
    agency: str
    letter_number: str
    received: datetime
    due: datetime | None  # of the rows that go on; None: the whole letter comes back
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...] = ()
    files: tuple[Enclosed, ...] = ()  # their own sheets, with what is said of each row

    @property
    def enclosed(self) -> tuple[Enclosed, ...]:
        return self.files


@dataclass(frozen=True)
class Result(Content):
    """To the agency and the receiver: what became of each row; `notes` stopped nothing."""

    kind = "result"
    channels = ("email", "sms")

    number: str
    agency: str
    letter_number: str
    received: datetime
    due: datetime | None  # has come, and something is still open; None: nothing more will follow
    rows: tuple[RowResult, ...]  # none while the dossier itself is still examined
    notes: tuple[Fault, ...] = ()
    files: tuple[Enclosed, ...] = ()  # their own sheets, with what is said of each row
    by_order: bool = False  # of the authority's officers; the agency has asked for nothing

    @property
    def enclosed(self) -> tuple[Enclosed, ...]:
        return self.files


@dataclass(frozen=True)
class Withdrawn(Content):
    """To the agency: what its letter took back, and what it came too late for."""

    kind = "withdrawn"

    number: str
    agency: str
    letter_number: str
    received: datetime
    dossiers: tuple[TakenBack, ...]
    notes: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Status(Content):
    """To the agency, or to an officer, who asked by a signed mail: where a dossier stands.

    `state` is None where there is none of that number, or it is another agency's.
    """

    kind = "status"

    number: str  # as asked; empty: none could be read
    state: DossierStatus | None
    agency: str = ""  # whose dossier it is
    procedure: Procedure | None = None  # None: not read yet
    letter_number: str = ""
    received: datetime | None = None
    due: datetime | None = None  # None: its clock has stopped
    rows: tuple[RowResult, ...] = ()
    history: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Moved(Content):
    """To the agency that a subscriber has left: another one's letter has moved them."""

    kind = "moved"

    agency: str  # the one left
    full_name: str
    serial: str  # hex, of the certificate that they had there
    moved_to: str
    at: datetime


@dataclass(frozen=True)
class Unsigned(Content):
    """To a registered mailbox whose mail bore no valid signature of anybody known.

    `faults`: what was in the way, as far as it could be seen.
    """

    kind = "unsigned"

    agency: str
    received: datetime
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Checked(Content):
    """To the agency: what would become of the letters of a mail to the pre-check mailbox.

    Nothing else was done.
    """

    kind = "checked"

    agency: str
    received: datetime
    letters: tuple[CheckedLetter, ...]
    files: tuple[Enclosed, ...] = ()

    @property
    def enclosed(self) -> tuple[Enclosed, ...]:
        return self.files


@dataclass(frozen=True)
class Forms(Content):
    """To an agency that asked for them: the blank forms and the sheets to fill."""

    kind = "forms"

    agency: str


@dataclass(frozen=True)
class Gathered(Content):
    """To a mailbox that has had as many mails in an hour as it may: what waited, in one."""

    kind = "gathered"
    at_sending = frozenset({"letters"})
