"""The audit trail: hash chains of events. Data, not prose; codes, not people.

An event's digest covers its chain, sequence, time, content and the digest
before it, so that nothing can be changed, left out or put in between without
breaking every later link.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tortoise import fields
from tortoise.models import Model

from bot.errors import Unavailable
from bot.register.columns import json_column
from bot.register.counter import Counter

START = "0" * 64
SYSTEM = "system"
PAGE = 1_000  # events that are read at once
CLOCK_GRACE = timedelta(minutes=2)  # a step takes its time when it begins, and may be slow

Details = Mapping[str, str | int]  # codes and digests


class ClockBehind(Unavailable):
    """The machine's clock was set back: mend it, then everything goes on."""

    code = "clock.behind"


class Event(Model):
    """A link of a chain: one each for every dossier, agency and the system itself."""

    id = fields.BigIntField(primary_key=True)
    chain = fields.CharField(max_length=48)
    sequence = fields.IntField()
    at = fields.DatetimeField(db_index=True)
    code = fields.CharField(max_length=48)
    subject = fields.BigIntField(null=True)
    because = fields.CharField(max_length=64)
    details: Any = json_column(default=dict)  # codes and digests only
    previous = fields.CharField(max_length=64)
    digest = fields.CharField(max_length=64, unique=True)

    class Meta:
        unique_together: ClassVar = (("chain", "sequence"),)


def digest_of(event: Event) -> str:
    """SHA-256 (hex) over the event's canonical JSON."""
    content = {
        "chain": event.chain,
        "sequence": event.sequence,
        "at": event.at.astimezone(UTC).isoformat(),  # as the register gives it back
        "code": event.code,
        "subject": event.subject,
        "because": event.because,
        "details": event.details,
        "previous": event.previous,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


async def append(
    chain: str,
    code: str,
    *,
    because: str,
    now: datetime,
    subject: int | None = None,
    details: Details | None = None,
) -> None:
    """Add a link to `chain`, inside the caller's transaction.

    The chain's counter is held until that ends: two appends wait for each
    other, and so do two steps that end on one chain.
    """
    await append_all(chain, code, [(subject, details or {})], because=because, now=now)


async def append_all(
    chain: str,
    code: str,
    about: Sequence[tuple[int | None, Details]],
    *,
    because: str,
    now: datetime,
) -> None:
    """Add a link for each subject and its details, in this order, as `append` would."""
    first = await Counter.next(chain, len(about)) - len(about) + 1
    previous = START
    if first > 1:
        newest = await Event.filter(chain=chain, sequence=first - 1).only("digest").first()
        previous = newest.digest if newest else START
    events = []
    for sequence, (subject, details) in enumerate(about, start=first):
        event = Event(
            chain=chain,
            sequence=sequence,
            at=now,
            code=code,
            subject=subject,
            because=because,
            details=dict(details),
            previous=previous,
        )
        event.digest = previous = digest_of(event)
        events.append(event)
    await Event.bulk_create(events)


async def require_clock(now: datetime) -> None:
    """Nothing is signed while the clock stands before what has already happened.

    Raises:
        ClockBehind: by more than `CLOCK_GRACE`.
    """
    # not the last written, it may be late too
    latest = await Event.all().order_by("-at").only("at").first()
    if latest and now < latest.at - CLOCK_GRACE:
        raise ClockBehind


async def links(chain: str) -> AsyncIterator[Event]:
    """Yield the events of `chain` in their order, however many."""
    rest, seen = Event.filter(chain=chain).order_by("sequence"), 0
    while page := await rest.filter(sequence__gt=seen).limit(PAGE):
        for event in page:
            yield event
        seen = page[-1].sequence


async def broken(chain: str) -> AsyncIterator[int]:
    """Yield the sequence number of every link of `chain` that does not hold."""
    previous, expected = START, 1
    async for event in links(chain):
        whole = (
            event.sequence == expected
            and event.previous == previous
            and event.digest == digest_of(event)
        )
        if not whole:
            yield event.sequence
        previous, expected = event.digest, event.sequence + 1
