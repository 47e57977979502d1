"""Everything the rules may ask, frozen: gathered once, then judged without looking anything up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from bot.clock import HANOI
from bot.dossier.addresses import in_domains
from bot.dossier.application import Application
from bot.dossier.fields import plain
from bot.dossier.form import Procedure
from bot.dossier.rows import Row
from bot.dossier.terms import Words
from bot.register.lifecycle import Capacity
from bot.sections.authority import Rules
from bot.signatures.verdict import Signature, SubIndication

R = TypeVar("R", bound=Row, covariant=True)


@dataclass(frozen=True, slots=True)
class Signer:
    """An entry of the register of signers; `in_force` when the mail was received."""

    agency_id: int
    capacity: Capacity
    in_force: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature of the file, with the register's entry for its certificate."""

    signature: Signature
    signer: Signer | None

    @property
    def unchecked(self) -> bool:
        """Whether it is intact, but revocation data could not be had: neither good nor bad."""
        verdict = self.signature.verdict
        return self.signature.intact and verdict.sub_indication is SubIndication.TRY_LATER


@dataclass(frozen=True, slots=True)
class AgencyFacts:
    """The signer's agency, as registered. `places` are its own name and its units'."""

    id: int
    name: str
    province: str
    places: tuple[str, ...]
    mailboxes: tuple[str, ...]
    domains: tuple[str, ...]

    def has_place(self, name: str) -> bool:
        return plain(name) in {plain(place) for place in self.places}


@dataclass(frozen=True, slots=True)
class Known:
    """What the register knows of a row's personal number and mailbox."""

    full_name: str | None = None
    has_certificate: bool = False
    under_way: bool = False
    mailbox_of_another: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """A certificate that was handed over, and its holder, as registered.

    `in_force`: it is neither revoked nor out of its dates.
    """

    agency_id: int
    full_name: str
    personal_number: str
    mailbox: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One letter and its mail. `senders` are the From addresses, case folded.

    `application` is None where no believed signature covers a current form.
    `known` and `holdings` are by the row's position; `holdings` are what the
    serial numbers name.
    `letter_used_in` is the number of the accepted dossier that used up the
    letter's number. `patience_over`: unreachable revocation data is not waited
    for any longer. `transport` are the mail's own signatures, over letter and all.
    `loose_sheets` are sheets in the mail that the agency's seal does not cover
    together with the letter: never read. `shared_sheets` are covered together with
    several letters: whose list they are is not known. `truncated`: the mail has
    more parts than are looked at.
    """

    agency: AgencyFacts
    signatures: tuple[Signed, ...]
    application: Application | None
    received_at: datetime
    patience_over: bool
    rules: Rules
    words: Words
    addressees: tuple[str, ...]
    senders: tuple[str, ...]
    truncated: bool = False
    file_faults: tuple[str, ...] = ()
    divergent: tuple[str, ...] = ()
    transport: tuple[Signed, ...] = ()
    loose_sheets: int = 0
    shared_sheets: int = 0
    letter_used_in: str | None = None
    known: Mapping[int, Known] = field(default_factory=dict)
    holdings: Mapping[int, Holding] = field(default_factory=dict)

    @property
    def procedure(self) -> Procedure:
        """What is asked; to issue, until a form could be read."""
        return self.application.procedure if self.application else Procedure.ISSUE

    @property
    def today(self) -> date:
        """The day of receipt, in Vietnam."""
        return self.received_at.astimezone(HANOI).date()

    @property
    def unopened(self) -> bool:
        """Whether the file could not be checked at all: its signatures are unknown, not missing."""
        return any(fault.startswith("sandbox.") for fault in self.file_faults)

    @property
    def sealing(self) -> tuple[Signed, ...]:
        """The mail's signatures by the agency's seal, believed or not."""
        return tuple(
            signed
            for signed in self.transport
            if signed.signer is not None
            and signed.signer.agency_id == self.agency.id
            and signed.signer.capacity is Capacity.ORGANISATION
        )

    @property
    def authorising(self) -> tuple[Signed, ...]:
        """The signatures of the agency's registered leaders and seals, believed or not."""
        return tuple(
            signed
            for signed in self.signatures
            if signed.signer is not None
            and signed.signer.agency_id == self.agency.id
            and signed.signer.capacity is not Capacity.CLERK
        )

    @property
    def missing(self) -> frozenset[Capacity]:
        """The capacities that a letter needs and in which nobody registered has signed."""
        present = {signed.signer.capacity for signed in self.authorising if signed.signer}
        return frozenset({Capacity.LEADER, Capacity.ORGANISATION} - present)

    @property
    def replacing(self) -> tuple[Signed, ...]:
        """The signatures of strangers that may be what is missing: believed, or not yet checked.

        A new headmaster signs so, or a renewed certificate.
        """
        if not self.missing:
            return ()
        return tuple(
            signed
            for signed in self.signatures
            if signed.signer is None and (signed.signature.passed or signed.unchecked)
        )

    @property
    def rows(self) -> "tuple[RowCase[Any], ...]":
        return (
            tuple(RowCase(self, row) for row in self.application.rows) if self.application else ()
        )

    def is_official(self, mailbox: str) -> bool:
        return in_domains(mailbox, self.agency.domains)


@dataclass(frozen=True, slots=True)
class RowCase(Generic[R]):
    """One row, with the letter it stands in."""

    case: Case
    row: R

    @property
    def known(self) -> Known:
        return self.case.known.get(self.row.position, Known())

    @property
    def holding(self) -> Holding | None:
        return self.case.holdings.get(self.row.position)

    @property
    def own_holding(self) -> Holding | None:
        """The certificate that the row names, if it is of the agency's own people."""
        held = self.holding
        return held if held and held.agency_id == self.case.agency.id else None

    @property
    def others(self) -> tuple[R, ...]:
        """The letter's other rows, in order."""
        return tuple(other.row for other in self.case.rows if other.row != self.row)
