"""Every kind of notice, by its name; a test compares their fields with their templates."""

from bot.outbox.agency_notices import (
    Checked,
    Forms,
    Gathered,
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
from bot.outbox.subscriber_notices import Credential, Passcode, Revoked

KINDS: dict[str, type[Content]] = {
    kind.kind: kind
    for kind in (
        Receipt,
        Returned,
        Result,
        Withdrawn,
        Credential,
        Passcode,
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
        Proposed,
        Settled,
        Progress,
        Help,
    )
}
