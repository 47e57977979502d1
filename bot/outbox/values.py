"""What notices are made of: the values that stand in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.dossier.decision import Outcome
from bot.dossier.rules import Fault
from bot.register.lifecycle import Capacity
from bot.signatures.verdict import Indication, SubIndication


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
class Enclosed:
    """A file that goes with a notice; its bytes stand in the archive."""

    name: str  # as its reader sees it
    type: str  # of media
    digest: str  # SHA-256, hex
    size: int  # bytes


@dataclass(frozen=True)
class CheckedSignature:
    """A signature of a letter that was only tried out.

    `signer` is the name in its certificate; `capacity` the one in which the
    agency's register has that certificate, if it has it.
    """

    signer: str
    capacity: Capacity | None
    indication: Indication
    sub_indication: SubIndication | None = None


@dataclass(frozen=True)
class CheckedLetter:
    """A letter that was only tried out: what would have become of it, and of how many rows.

    `outcome` is the letter's; where it is accepted each row goes its own way.
    `faults` are all that were found, of every consequence.
    """

    name: str  # of its file
    letter_number: str
    outcome: Outcome
    accepted: int
    held: int
    returned: int
    signatures: tuple[CheckedSignature, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class TakenBack:
    """An earlier dossier that was to be withdrawn. `was_open`: something was left to take back."""

    number: str
    letter_number: str
    was_open: bool
    rows: tuple[RowResult, ...]  # none where it was not read yet
