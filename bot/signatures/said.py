"""What whoever signed a mail says in it: the text that its reader sees first. Runs in the sandbox.

HTML says nothing: what a reader sees of it depends on the reader. What is attached,
or signed by itself, was said elsewhere.
"""

import codecs
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message

from bot.inbox.entity import Entity

SAID_LIMIT = 200_000  # characters
_SEEN = {"", "inline"}  # RFC 2183 section 2.8: any other disposition is an attachment's

# What mail programs write Vietnamese in; looked up here, since a child cannot load a codec.
# ASCII is read as what it is a part of: many who write no charset mean that.
_CODECS = {
    name: codecs.lookup(codec)
    for name, codec in {
        "us-ascii": "utf-8",
        "utf-8": "utf-8",
        "iso-8859-1": "iso-8859-1",
        "windows-1252": "cp1252",
        "windows-1258": "cp1258",
    }.items()
}


def first_text(content: Entity) -> Entity | None:
    """The text of the signed `content`: its first leaf that is text/plain, and no attachment."""
    return next(_texts(content), None)


def decoded(text: Entity) -> str:
    """What it says, its flowed lines whole; nothing where its charset cannot be read."""
    codec = _CODECS.get(_parameter(text.headers, "charset") or "us-ascii")
    with suppress(UnicodeDecodeError):
        said = codec.decode(text.content)[0] if codec else ""
        if _parameter(text.headers, "format") == "flowed":
            said = _unflowed(said, glue="" if _parameter(text.headers, "delsp") == "yes" else " ")
        return said[:SAID_LIMIT]
    return ""


def _texts(entity: Entity) -> Iterator[Entity]:
    if _disposition(entity.headers) not in _SEEN:
        return
    if not entity.children and not entity.is_cut and entity.type == "text/plain":
        yield entity
    if not (entity.is_opaque or entity.type == "multipart/signed"):
        for child in entity.children:
            yield from _texts(child)


def _disposition(headers: Message) -> str:
    with suppress(Exception):  # what `email` makes of a hostile header is anybody's guess
        return headers.get_content_disposition() or ""
    return "unreadable"


def _parameter(headers: Message, name: str) -> str:
    """Of Content-Type, in lower case; empty where it says none."""
    with suppress(Exception):
        value = headers.get_param(name, "")
        return str(value[2] if isinstance(value, tuple) else value).strip().casefold()
    return "unreadable"


def _unflowed(text: str, *, glue: str) -> str:
    """RFC 3676 section 4: a line that ends in a space goes on in the next.

    Quoted lines stay as they came: nobody reads them here.
    """
    lines: list[str] = []
    goes_on = False
    for line in text.splitlines():
        stuffed = line.removeprefix(" ")
        if goes_on and not line.startswith(">"):
            lines[-1] = lines[-1].removesuffix(" ") + glue + stuffed
        else:
            lines.append(stuffed)
        goes_on = line.endswith(" ") and line != "-- " and not line.startswith(">")
    return "\n".join(lines)
