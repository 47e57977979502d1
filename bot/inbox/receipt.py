"""What servers of ours wrote down when a mail came (trace information, RFC 5321 section 4.4).

The time of receipt is when the mail first reached one of them; never Date.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

OLDEST = timedelta(days=7)  # longer than an MTA keeps what it cannot hand on (RFC 5321 4.5.4.1)
HEADER = 65_536  # bytes that are looked at
FIELD = 4_096  # bytes of one field; ours have some hundred
COMMENT = re.compile(rb"\([^()]*\)")


def settled(claimed: datetime | None, now: datetime) -> datetime:
    """The time of receipt: `claimed`, unless it is still to come or too long ago."""
    return claimed if claimed and now - OLDEST <= claimed <= now else now


def relayed_at(raw: bytes, relay: str) -> datetime | None:
    """When the MTA `relay` took the mail, UTC; by the topmost Received alone.

    Those below it were there when the mail came: anybody may have written them.
    """
    clauses, _, written = _topmost(b"received", raw).rpartition(b";")
    words = _without_comments(clauses).lower().split()
    by = words.index(b"by") if b"by" in words else len(words)
    if not relay or words[by + 1 : by + 2] != [relay.lower().encode()]:
        return None
    return _read(written)


def returned_to(raw: bytes) -> str:
    """The envelope's sender, as the server that delivered the mail kept it; empty: nobody."""
    path = _topmost(b"return-path", raw).decode("ascii", "replace").strip()
    return path.removeprefix("<").removesuffix(">").strip()


def _topmost(name: bytes, raw: bytes) -> bytes:
    """The value of the first field of that name, unfolded; empty if there is none."""
    found: list[bytes] = []
    for line in raw[:HEADER].splitlines():
        if found and line[:1] in (b" ", b"\t"):
            found.append(line)
        elif found or not line:
            break
        elif line[: len(name) + 1].lower() == name + b":":
            found.append(line[len(name) + 1 :])
    value = b"".join(found)
    return value if len(value) <= FIELD else b""


def _without_comments(value: bytes) -> bytes:
    """Comments nest; those of our MTA once at most."""
    return COMMENT.sub(b" ", COMMENT.sub(b" ", value))


def _read(written: bytes) -> datetime | None:
    """An RFC 5322 date-time."""
    try:
        at = parsedate_to_datetime(written.decode("ascii"))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
