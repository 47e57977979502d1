"""What there is to tell: a notice is data plus the template folder of its name.

Each kind is the fields of its templates and nothing else; a test compares them.
Its JSON stands in the register (`Notice.data`), so no field is ever a secret:
what must not stand there, or is known only when it is sent, is `at_sending`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import TypeAdapter

from bot.dossier.rules import Fault
from bot.outbox.readable import readable
from bot.outbox.values import CheckedLetter, Enclosed, RowResult, TakenBack

Mac = Callable[[bytes], bytes]  # a keyed MAC of at least 12 bytes; its key never leaves the token

# made once: that takes milliseconds
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


@dataclass(frozen=True)
class Content:
    """What every kind of notice has."""

    kind: ClassVar[str]  # its folder in templates/notices
    channels: ClassVar[tuple[str, ...]] = ("email",)
    at_sending: ClassVar[frozenset[str]] = frozenset()

    @property
    def enclosed(self) -> tuple[Enclosed, ...]:
        """The files that go with it."""
        return ()

    def data(self) -> dict[str, Any]:
        """The fields as JSON values."""
        data: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json")
        return data

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """The notice whose `data` this is."""
        content: Self = _adapter(cls).validate_python(data)
        return content


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
class Credential(Content):
    """To the subscriber's official mailbox, with the account slip."""

    kind = "credential"
    at_sending = frozenset({"attempt", "expires", "encrypted"})

    number: str
    full_name: str
    login: str
    serial: str  # hex
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class Passcode(Content):
    """To the subscriber's own phone: what opens the slip of one attempt."""

    kind = "passcode"
    channels = ("sms",)
    at_sending = frozenset({"passcode"})

    number: str
    account: int
    attempt: int

    def code(self, mac: Mac) -> str:
        """The slip's passcode: 12 characters (60 bits), the same whenever it is worked out."""
        return readable(mac(f"slip/{self.account}/{self.attempt}".encode())[:12])


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
class Progress(Content):
    """To a phone that asked for it and is known to the dossier: where it stands."""

    kind = "progress"
    channels = ("sms",)

    number: str
    state: str  # `DossierStatus`
    due: datetime | None  # None: its clock has stopped


@dataclass(frozen=True)
class Help(Content):
    """To a registered phone that wrote what nobody understands: what it may write."""

    kind = "help"
    channels = ("sms",)


KINDS: dict[str, type[Content]] = {
    kind.kind: kind
    for kind in (
        Receipt,
        Returned,
        Result,
        Withdrawn,
        Credential,
        Passcode,
        Unsigned,
        Checked,
        Forms,
        Gathered,
        Held,
        Parked,
        Unfetched,
        Progress,
        Help,
    )
}
