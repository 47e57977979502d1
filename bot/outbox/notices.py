"""Every kind of notice, by its name; a test compares their fields with their templates."""

from bot.outbox.agency_notices import (
    Checked,
    Forms,
    Gathered,
    Moved,
    Receipt,
    Result,
    Returned,
    Status,
    Unsigned,
    Withdrawn,
)
from bot.outbox.content import Content
from bot.outbox.officer_notices import Clock, Held, Ordered, Parked, Unfetched
from bot.outbox.phone_notices import Help, Progress
from bot.outbox.power_notices import Proposed, Settled
from bot.outbox.reminder_notices import Reminder, Reminders
from bot.outbox.subscriber_notices import Changed, Credential, Passcode, Revoked

KINDS: dict[str, type[Content]] = {
    kind.kind: kind
    for kind in (
        Receipt,
        Returned,
        Result,
        Withdrawn,
        Moved,
        Credential,
        Passcode,
        Changed,
        Revoked,
        Status,
        Unsigned,
        Checked,
        Forms,
        Gathered,
        Held,
        Ordered,
        Parked,
        Unfetched,
        Clock,
        Reminder,
        Reminders,
        Proposed,
        Settled,
        Progress,
        Help,
    )
}
