"""The seam where a carrier stands: what it is asked, what it says, how it fails.

Carriers' own words end at their edge: whatever one of them calls a failure or
a status is sorted there, once, into `Failure` and `Arrival`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bot.errors import Misconfigured, Refused, Unavailable


class Failure(StrEnum):
    """Why a message does not arrive, and who can mend it."""

    NUMBER = "number"  # the number is none, or takes no messages; its owner
    OPTED_OUT = "opted_out"  # the recipient asked for no more messages; the recipient
    UNREACHABLE = "unreachable"  # phone switched off or out of reach; nobody, try again later
    BLOCKED = "blocked"  # a network's filter; an officer, with other words
    ROUTE = "route"  # the carrier has no way there; an officer, by mail
    CONTENT = "content"  # empty, too long; an officer, in the template
    EXPIRED = "expired"  # waited too long at the carrier; nobody, try again later
    BUSY = "busy"  # too many messages at once; nobody, try again later
    SENDER = "sender"  # we may not send under that name or number; the operator
    REGION = "region"  # our account may not send to that country; the operator
    ACCOUNT = "account"  # login, permission, money; the operator
    REFUSED = "refused"  # for a reason the carrier keeps to itself, or a new one

    @property
    def code(self) -> str:
        """What logs, tasks and the trail call it."""
        return f"sms.{self}"


class Arrival(StrEnum):
    """What became of a message that the carrier took."""

    UNKNOWN = "unknown"  # on its way, or nobody can tell
    DELIVERED = "delivered"  # the phone has it
    FAILED = "failed"  # it never will


@dataclass(frozen=True)
class Report:
    """A carrier's word of one message."""

    arrival: Arrival
    failure: Failure | None = None  # with FAILED
    detail: str = ""  # the carrier's own code of that failure


@dataclass(frozen=True)
class Incoming:
    """A message that somebody sent to our number."""

    reference: str  # what the carrier calls it; at most 64 characters
    sender: str  # E.164, or whatever stood there
    text: str
    received_at: datetime


class GatewayUnavailable(Unavailable):
    """The carrier did not answer, or is busy."""

    code = "sms.unavailable"


class NumberRefused(Refused):
    """The carrier will never take this message for this number."""

    def __init__(self, failure: Failure = Failure.REFUSED) -> None:
        super().__init__()
        self.code = failure.code  # type: ignore[misc]  # the instance narrows it


class CarrierMisconfigured(Misconfigured):
    """The carrier would take it from somebody else: our account or sender is at fault."""

    def __init__(self, failure: Failure, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.code = failure.code  # type: ignore[misc]  # the instance narrows it


class Gateway(Protocol):
    """Who takes short messages."""

    async def send(self, to: str, text: str, reference: str, *, since: datetime | None) -> str:
        """Hand `text` over for `to` (E.164).

        Args:
            reference: what we call it; the same again changes nothing, if the carrier can.
            since: when an earlier try began whose outcome is unknown; None: there was none.

        Returns:
            What the carrier calls it; empty when it gives it no name of its own.

        Raises:
            GatewayUnavailable: try again later.
            NumberRefused: never try again.
            Misconfigured: the operator must act; then try again.
        """


@runtime_checkable
class Carrier(Gateway, Protocol):
    """A gateway that later tells what became of a message, and takes messages to us."""

    async def report(self, reference: str) -> Report:
        """What became of the message that it calls `reference`.

        Raises:
            GatewayUnavailable: try again later.
            Misconfigured: the operator must act.
        """

    async def received(self, since: datetime) -> list[Incoming]:
        """What came to our number since then, oldest first; perhaps a little from before.

        Raises:
            GatewayUnavailable: try again later.
            Misconfigured: the operator must act.
        """
