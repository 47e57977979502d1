"""What there is to tell: a notice is data plus the template folder of its name.

Each kind is the fields of its templates and nothing else; a test compares them.
Its JSON stands in the register (`Notice.data`), so no field is ever a secret:
what must not stand there, or is known only when it is sent, is `at_sending`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Literal, Self

from pydantic import TypeAdapter

from bot.dossier.rules import Fault
from bot.outbox.readable import readable

Mac = Callable[[bytes], bytes]  # a keyed MAC of at least 12 bytes; its key never leaves the token

# made once: that takes milliseconds
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


@dataclass(frozen=True)
class RowResult:
    """What became of one row so far."""

    position: int
    full_name: str
    # open: the machine acts next; held: an officer does
    outcome: Literal["issued", "returned", "open", "held", "withdrawn"]
    serial: str = ""  # hex, when issued
    not_before: datetime | None = None
    not_after: datetime | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Content:
    """What every kind of notice has."""

    kind: ClassVar[str]  # its folder in templates/notices
    channels: ClassVar[tuple[str, ...]] = ("email",)
    at_sending: ClassVar[frozenset[str]] = frozenset()

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
    """To a registered mailbox whose mail bore no valid signature of anybody known."""

    kind = "unsigned"

    agency: str
    received: datetime


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
        Credential,
        Passcode,
        Unsigned,
        Held,
        Parked,
        Progress,
        Help,
    )
}
