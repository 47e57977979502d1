"""What subscribers are told: at their official mailboxes, and on their own phones."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.outbox.content import Content
from bot.outbox.readable import readable
from bot.outbox.values import NewValue, RevokedCertificate

Mac = Callable[[bytes], bytes]  # a keyed MAC of at least 12 bytes; its key never leaves the token


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
class Changed(Content):
    """To the subscriber, at the former official mailbox too where that has changed."""

    kind = "changed"

    number: str
    full_name: str  # as it is now
    agency: str
    login: str
    serial: str  # hex, of the certificate in use from now on
    not_before: datetime
    not_after: datetime
    replaced: str  # hex, the one before; empty: the certificate stays as it is
    is_renewed: bool
    is_amended: bool  # what the certificate says: the one before is revoked
    has_new_key: bool
    changes: tuple[NewValue, ...]


@dataclass(frozen=True)
class Revoked(Content):
    """To the subscriber, and to the agency that the register has them under where another asked.

    Relying parties see it by now.
    """

    kind = "revoked"

    number: str
    full_name: str  # of the subscriber
    holder: str  # the agency that reads this; empty: the subscriber does
    asked_by: str  # the agency; empty: officers of the authority have ordered it
    ground: str  # in their own words; may be empty
    revoked: tuple[RevokedCertificate, ...]
