"""Everything the rules may ask, frozen: gathered once, then judged without looking anything up."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from bot.clock import HANOI
from bot.dossier.addresses import in_domains
from bot.dossier.application import Application
from bot.dossier.fields import plain
from bot.dossier.form import Procedure
from bot.dossier.known import Known
from bot.dossier.listings import Doubt
from bot.dossier.neighbours import Neighbours
from bot.dossier.rows import Row
from bot.dossier.spreadsheet import SheetReading
from bot.dossier.terms import Words
from bot.inbox.workbook import Sheet
from bot.register.lifecycle import Capacity, DossierStatus
from bot.sections.authority import Rules
from bot.signatures.verdict import Signature, SubIndication

R = TypeVar("R", bound=Row, covariant=True)

OTHER_AGENCY = "row.certificate.other_agency"  # a rule's code


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
    """The signer's agency, as registered. `places` are its own name and its units'.

    `path` is what its people's certificates bear: L, O, OU …
    """

    id: int
    name: str
    province: str
    places: tuple[str, ...]
    path: tuple[str, ...]
    mailboxes: tuple[str, ...]
    domains: tuple[str, ...]

    def has_place(self, name: str) -> bool:
        return plain(name) in {plain(place) for place in self.places}


@dataclass(frozen=True, slots=True)
class Holding:
    """A certificate that was handed over, and its holder, as registered.

    `in_force`: it is neither revoked nor out of its dates; `is_current`: it is the one
    that its holder uses, and none has taken its place. `renewals` counts along its line.
    `path` is what it bears: L, O, OU …
    """

    agency_id: int
    agency: str
    full_name: str
    personal_number: str
    mailbox: str
    mobile: str
    in_force: bool
    is_current: bool
    not_after: datetime
    renewals: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedDossier:
    """An earlier dossier of the same agency that a letter names.

    `has_returned`: it came back, or some of its rows did. `rows` is their number, as far as known.
    """

    id: int
    number: str
    status: DossierStatus
    has_returned: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Case:
    """One letter and its mail. `senders` are the From addresses, case folded.

    `application` is None where no believed signature covers a current form or a text;
    `has_content` tells a form that is none of ours from pages without a word. `named`
    are earlier dossiers of the agency, by the number that the letter calls them.
    `known` and `holdings` are by the row's position; `holdings` are what the
    serial numbers name.
    `letter_used_in` is the number of the accepted dossier that used up the
    letter's number. `patience_over`: unreachable revocation data is not waited
    for any longer. `transport` are the mail's own signatures, over letter and all.
    `loose_sheets` are sheets in the mail that the agency's seal does not cover
    together with the letter: never read. `attachments` are the kinds of all parts of
    the mail, by their bytes (`bot.inbox.mime.Kind`). `shared_sheets` are covered together with
    several letters: whose list they are is not known. `truncated`: the mail has
    more parts than are looked at. `sheet` is the reading that the rows are from,
    where they came as a workbook, and `page` what was read. `overruled` are faults,
    by code and row, that an officer has looked at and let pass; a letter's for that row, or
    (None) for all.
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
    attachments: tuple[str, ...] = ()
    truncated: bool = False
    sheet: SheetReading | None = None
    page: Sheet | None = None
    file_faults: tuple[str, ...] = ()
    divergent: tuple[str, ...] = ()
    transport: tuple[Signed, ...] = ()
    loose_sheets: int = 0
    shared_sheets: int = 0
    letter_used_in: str | None = None
    known: Mapping[int, Known] = field(default_factory=dict)
    holdings: Mapping[int, Holding] = field(default_factory=dict)
    named: Mapping[str, NamedDossier] = field(default_factory=dict)
    has_content: bool = True
    overruled: frozenset[tuple[str, int | None]] = frozenset()

    @property
    def procedure(self) -> Procedure:
        """What is asked; to issue, until a form could be read."""
        return self.application.procedure if self.application else Procedure.ISSUE

    @property
    def is_scan(self) -> bool:
        """Whether somebody believed has signed pages that say nothing a machine can read."""
        passed = any(signed.signature.passed for signed in self.signatures)
        return passed and not self.has_content and not self.file_faults

    @property
    def supersedes(self) -> int | None:
        """The dossier that this one mends: the first that the letter names and that came back."""
        asked = self.application
        if asked is None or asked.procedure is Procedure.WITHDRAW:
            return None
        named = (self.named[number] for number in asked.dossiers if number in self.named)
        return next((one.id for one in named if one.has_returned), None)

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
        """Every row with what the rules ask about it; made anew at each call."""
        rows = self.application.rows if self.application else ()
        neighbours = Neighbours(rows)
        doubts: dict[int | None, list[Doubt]] = defaultdict(list)
        for doubt in self.sheet.doubts if self.sheet else ():
            doubts[doubt.position].append(doubt)
        return tuple(RowCase(self, row, neighbours, tuple(doubts[row.position])) for row in rows)

    def is_official(self, mailbox: str) -> bool:
        return in_domains(mailbox, self.agency.domains)


@dataclass(frozen=True, slots=True)
class RowCase(Generic[R]):
    """One row, with the letter it stands in, and what reading its sheet left doubtful."""

    case: Case
    row: R
    neighbours: Neighbours
    doubts: tuple[Doubt, ...] = ()

    @property
    def known(self) -> Known:
        return self.case.known.get(self.row.position, Known())

    @property
    def holding(self) -> Holding | None:
        return self.case.holdings.get(self.row.position)

    @property
    def own_holding(self) -> Holding | None:
        """The certificate that the row names, if it is of the agency's own people.

        That of somebody who has moved is too, once an officer has let it pass.
        """
        held = self.holding
        has_moved = (OTHER_AGENCY, self.row.position) in self.case.overruled
        return held if held and (has_moved or held.agency_id == self.case.agency.id) else None
