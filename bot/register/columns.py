"""Columns as any database takes them."""

import json
import re
from typing import Any

from tortoise import fields

_ESCAPED = re.compile(r"(\\\\)|\\u0000")  # an escaped backslash is passed over


def dumps(value: Any) -> str:
    """JSON without what PostgreSQL's `jsonb` refuses: NUL and lone surrogates become U+FFFD."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    text = _ESCAPED.sub(lambda found: found[1] or "\ufffd", text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def storable(text: str, length: int) -> str:
    """At most `length` characters of `text`, as any database takes them."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")[:length]


def json_column(**options: Any) -> Any:
    """A column of JSON; what stands in it may come from outside."""
    return fields.JSONField(encoder=dumps, **options)
