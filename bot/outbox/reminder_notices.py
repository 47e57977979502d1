"""What is told before certificates end: to their holders, and to the agencies that ask for them."""

from dataclasses import dataclass
from datetime import datetime

from bot.outbox.content import Content
from bot.outbox.values import Contact, Ending

FORM_WEIGHT = 1_000_000  # bytes, about: its font is in it


@dataclass(frozen=True)
class Renewable(Content):
    """Certificates of one agency that end on one day; form 04 goes with it, filled in for them."""

    agency: str
    receiver: Contact
    ending: tuple[Ending, ...]
    days: int  # that are left
    renew_by: datetime | None  # on that day at the latest; None: new certificates are needed

    @property
    def weight(self) -> int:
        return FORM_WEIGHT if self.renew_by else 0


@dataclass(frozen=True)
class Reminder(Renewable):
    """To the subscriber: the one certificate is theirs."""

    kind = "reminder"


@dataclass(frozen=True)
class Reminders(Renewable):
    """To the agency."""

    kind = "reminders"
