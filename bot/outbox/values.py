"""What notices are made of: the values that stand in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.dossier.amendments import Thing
from bot.dossier.decision import Outcome
from bot.dossier.form import Procedure
from bot.dossier.grounds import Reason
from bot.dossier.rules import Fault
from bot.register.lifecycle import Capacity, CertificateStatus
from bot.signatures.verdict import Indication, SubIndication


@dataclass(frozen=True)
class RowResult:
    """What became of one row so far."""

    position: int
    full_name: str
    # open: the machine acts next; held: an officer does
    # expired: nothing was left to revoke; overtaken: something else came first
    outcome: Literal[
        "issued", "renewed", "amended", "renewed_amended", "recorded", "revoked", "expired",
        "returned", "open", "held", "withdrawn", "overtaken",
    ]  # fmt: skip
    serial: str = ""  # hex, of the certificate that was issued, or asked to be revoked
    not_before: datetime | None = None
    not_after: datetime | None = None
    revoked_at: datetime | None = None
    also: tuple[str, ...] = ()  # serial numbers of its line that are revoked, too
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class RevokedCertificate:
    """A certificate that relying parties see as revoked."""

    serial: str  # hex
    revoked_at: datetime
    reason: Reason


@dataclass(frozen=True)
class NewValue:
    """Something about a subscriber that is otherwise from now on."""

    thing: Thing
    value: str


@dataclass(frozen=True)
class Enclosed:
    """A file that goes with a notice; its bytes stand in the archive."""

    name: str  # as its reader sees it
    type: str  # of media
    digest: str  # SHA-256, hex
    size: int  # bytes


@dataclass(frozen=True)
class Fact:
    """A line of what is laid out before somebody who decides."""

    label: str
    value: str


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
    revokes: bool = False  # it asks to revoke, and nothing was


@dataclass(frozen=True)
class Contact:
    """Who receives results at an agency, as registered; nothing is certain to be known."""

    full_name: str = ""
    mobile: str = ""  # E.164
    mailbox: str = ""


@dataclass(frozen=True)
class Ending:
    """A certificate that will end, and the dossier that it was issued or changed by."""

    number: str
    full_name: str
    serial: str  # hex
    mailbox: str  # of its holder, as registered
    not_after: datetime


@dataclass(frozen=True)
class TakenBack:
    """An earlier dossier that was to be withdrawn. `was_open`: something was left to take back."""

    number: str
    letter_number: str
    was_open: bool
    rows: tuple[RowResult, ...]  # none where it was not read yet


@dataclass(frozen=True)
class HeldSignature(CheckedSignature):
    """A signature of a letter that waits for an officer, or of its mail.

    `capacity` is the one in which the register has its signer; `agency` for whom, where
    that is another agency than the letter's. `signed_at` is what the signer claims.
    """

    agency: str = ""
    signed_at: datetime | None = None


@dataclass(frozen=True)
class HeldCertificate:
    """The certificate that a row names, as registered: whose it is, and of which agency."""

    serial: str  # hex
    full_name: str
    mailbox: str
    agency: str
    not_after: datetime
    status: CertificateStatus


@dataclass(frozen=True)
class OtherRequest:
    """An open row of another dossier about the same person. `is_vetted`: it goes on."""

    number: str  # HS-…
    agency: str
    procedure: Procedure
    is_vetted: bool


@dataclass(frozen=True)
class HeldRow:
    """A row that waits for an officer: what it asks, in words.

    `certificate` is the one that it names, or that its person has; `others` ask
    something for that person, too.
    """

    position: int
    full_name: str
    wish: str
    certificate: HeldCertificate | None = None
    others: tuple[OtherRequest, ...] = ()


@dataclass(frozen=True)
class RegisteredSigner:
    """Who may sign for an agency, as registered."""

    name: str
    capacity: Capacity
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Step:
    """Something that happened to a dossier; `what` is its code in the audit trail."""

    at: datetime
    what: str
