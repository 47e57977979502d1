"""Who acts next, and the closed list of moves between one state and another.

`docs/lifecycle.md` is this module drawn; a test compares them. A move that is
not listed here cannot be written: models ask for a `Move`, never for a state.
"""

from collections.abc import Iterator
from enum import Enum, StrEnum


class MailStatus(StrEnum):
    STORED = "stored"  # in the archive; the bot acts next
    IDENTIFIED = "identified"  # closed: its dossiers carry on
    IGNORED = "ignored"  # closed: no signature of anybody known; kept and counted
    HELD = "held"  # trusted but unregistered signer, or unreadable; an officer acts next
    CHECKED = "checked"  # closed: only tried out, and answered with what was found


class DossierStatus(StrEnum):
    RECEIVED = "received"  # numbered, clock running; the bot acts next
    ACCEPTED = "accepted"  # vetted; its rows carry on
    HELD = "held"  # doubtful; an officer acts next
    RETURNED = "returned"  # closed: has faults; the agency acts next, with a new mail
    WITHDRAWN = "withdrawn"  # closed: the agency took it back
    COMPLETED = "completed"  # closed: every row has its end


class ItemStatus(StrEnum):
    ASKED = "asked"  # a row as signed; the bot acts next
    ACCEPTED = "accepted"  # vetted; the CA acts next
    HELD = "held"  # doubtful; an officer acts next
    PARKED = "parked"  # vetted, but the machine gave up; an officer acts next
    RETURNED = "returned"  # closed: has faults; the agency acts next, with a new mail
    WITHDRAWN = "withdrawn"  # closed: taken back with its letter, or overtaken
    DONE = "done"  # closed: what was asked exists


class CertificateStatus(StrEnum):
    SIGNING = "signing"  # serial and to-be-signed bytes are committed; the CA acts next
    VALID = "valid"  # signed and handed over
    BURNT = "burnt"  # closed: SIGNING was interrupted; listed as revoked, never used again
    REVOKED = "revoked"  # closed: listed as revoked


class AccountStatus(StrEnum):
    PENDING = "pending"  # the subscriber acts next: a code waits to be used
    ACTIVE = "active"  # in force: the subscriber may sign
    LOCKED = "locked"  # too many wrong codes; an officer acts next, with a new credential
    CLOSED = "closed"  # no certificate is in force; the CA acts next, if a new one is asked for


class NoticeStatus(StrEnum):
    INTENDED = "intended"  # stands in the register; the outbox acts next
    SENT = "sent"  # the peer took it; nobody acts, unless it says later that it failed
    FAILED = "failed"  # refused for good; an officer acts next
    GATHERED = "gathered"  # closed: told in another notice, whose status counts
    VOID = "void"  # closed: overtaken before it was sent; nobody need know


class ProposalStatus(StrEnum):
    PROPOSED = "proposed"  # one officer has signed; another acts next
    DONE = "done"  # closed: signed by as many as it needs, and carried out
    REFUSED = "refused"  # closed: another officer said no, or it could not be carried out
    LAPSED = "lapsed"  # closed: nobody answered in time


class Turn(StrEnum):
    """What an open dossier waits for, all its rows considered: whatever needs people first."""

    BOT = "bot"  # it is vetted
    CA = "ca"  # its rows are signed, or revoked
    PAUSED = "paused"  # the same, but issuing stands still by an officer's order
    OFFICER = "officer"  # it, or some of its rows, are held
    PARKED = "parked"  # the machine gave up on it or on a row; an officer mends what was in the way


class Capacity(StrEnum):
    """In which capacity a certificate signs for an agency."""

    LEADER = "leader"  # the authorised person
    ORGANISATION = "organisation"  # the organisation's seal
    CLERK = "clerk"  # transports; authorises nothing


class Role(StrEnum):
    """What an officer's signature may do."""

    WATCH = "watch"  # is told of what waits, and orders nothing
    DECIDE = "decide"  # decides what the bot holds
    GOVERN = "govern"  # also registers, revokes for many, pauses and resumes


class Verb(StrEnum):
    """What an officer orders."""

    ACCEPT = "accept"
    RETURN = "return"
    HOLD = "hold"
    PROPOSE = "propose"


class Act(StrEnum):
    """What an officer proposes; each has a shape of its own (`bot.procedures.power.acts`).

    Others must sign it too. Only to let issuing stand still one is enough: a stop must be quick.
    """

    AGENCY = "agency"  # to register one
    SIGNER = "signer"  # to register one, or change the end of one
    OFFICER = "officer"  # to register one, or change the end of one
    REVOKE = "revoke"  # to revoke certificates that no agency asked for
    PAUSE = "pause"  # to let issuing stand still
    RESUME = "resume"  # to let a parked task, or issuing, go on


class Channel(StrEnum):
    """How somebody is told."""

    EMAIL = "email"
    SMS = "sms"


class Move(Enum):
    """A named step `(sources, target)`. Code can only ask for moves that exist."""

    @property
    def sources(self) -> frozenset[StrEnum]:
        return frozenset(self.value[0])

    @property
    def target(self) -> StrEnum:
        target: StrEnum = self.value[1]
        return target


class MailMove(Move):
    IDENTIFY = {MailStatus.STORED, MailStatus.HELD}, MailStatus.IDENTIFIED
    IGNORE = {MailStatus.STORED, MailStatus.HELD}, MailStatus.IGNORED
    HOLD = {MailStatus.STORED}, MailStatus.HELD
    CHECK = {MailStatus.STORED}, MailStatus.CHECKED


class DossierMove(Move):
    ACCEPT = {DossierStatus.RECEIVED, DossierStatus.HELD}, DossierStatus.ACCEPTED
    RETURN = {DossierStatus.RECEIVED, DossierStatus.HELD}, DossierStatus.RETURNED
    HOLD = {DossierStatus.RECEIVED}, DossierStatus.HELD
    WITHDRAW = (
        {DossierStatus.RECEIVED, DossierStatus.HELD, DossierStatus.ACCEPTED},
        DossierStatus.WITHDRAWN,
    )
    COMPLETE = {DossierStatus.ACCEPTED}, DossierStatus.COMPLETED


class ItemMove(Move):
    ACCEPT = {ItemStatus.ASKED, ItemStatus.HELD}, ItemStatus.ACCEPTED
    RETURN = {ItemStatus.ASKED, ItemStatus.HELD}, ItemStatus.RETURNED
    HOLD = {ItemStatus.ASKED}, ItemStatus.HELD
    PARK = {ItemStatus.ACCEPTED}, ItemStatus.PARKED
    RESUME = {ItemStatus.PARKED}, ItemStatus.ACCEPTED
    WITHDRAW = (
        {ItemStatus.ASKED, ItemStatus.HELD, ItemStatus.ACCEPTED, ItemStatus.PARKED},
        ItemStatus.WITHDRAWN,
    )
    FINISH = {ItemStatus.ACCEPTED}, ItemStatus.DONE


class CertificateMove(Move):
    ISSUE = {CertificateStatus.SIGNING}, CertificateStatus.VALID
    BURN = {CertificateStatus.SIGNING}, CertificateStatus.BURNT
    REVOKE = {CertificateStatus.VALID}, CertificateStatus.REVOKED


class AccountMove(Move):
    ACTIVATE = {AccountStatus.PENDING}, AccountStatus.ACTIVE
    LOCK = {AccountStatus.PENDING}, AccountStatus.LOCKED
    RENEW = (
        {AccountStatus.LOCKED, AccountStatus.ACTIVE, AccountStatus.CLOSED},
        AccountStatus.PENDING,
    )
    CLOSE = (
        {AccountStatus.PENDING, AccountStatus.ACTIVE, AccountStatus.LOCKED},
        AccountStatus.CLOSED,
    )


class NoticeMove(Move):
    SEND = {NoticeStatus.INTENDED}, NoticeStatus.SENT
    FAIL = {NoticeStatus.INTENDED, NoticeStatus.SENT}, NoticeStatus.FAILED
    RETRY = {NoticeStatus.FAILED}, NoticeStatus.INTENDED
    GATHER = {NoticeStatus.INTENDED}, NoticeStatus.GATHERED
    CALL_OFF = {NoticeStatus.INTENDED, NoticeStatus.FAILED}, NoticeStatus.VOID


class ProposalMove(Move):
    CARRY_OUT = {ProposalStatus.PROPOSED}, ProposalStatus.DONE
    REFUSE = {ProposalStatus.PROPOSED}, ProposalStatus.REFUSED
    LAPSE = {ProposalStatus.PROPOSED}, ProposalStatus.LAPSED


LIVES: dict[type[StrEnum], type[Move]] = {
    MailStatus: MailMove,
    DossierStatus: DossierMove,
    ItemStatus: ItemMove,
    CertificateStatus: CertificateMove,
    AccountStatus: AccountMove,
    NoticeStatus: NoticeMove,
    ProposalStatus: ProposalMove,
}


def exits(status: StrEnum) -> Iterator[Move]:
    """The moves that leave `status`; none for a closed one."""
    return (move for move in LIVES[type(status)] if status in move.sources)
