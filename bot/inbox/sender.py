"""The one sender of a mail (RFC 5322 section 3.6.2): said plainly, or nobody; pure.

Mail programs differ in how they read what is bent. So an address is given only
where all of them read the same one; display names may hold whatever people write.
"""

import re
from contextlib import suppress
from email.header import decode_header, make_header
from itertools import islice

FROM_LIMIT = 2  # one more than is ever accepted
_LENGTH_LIMIT = 1_000  # characters of one From
NOBODY = ""

_ENVELOPE = re.compile(rb"From +[^ :]")  # as mbox files begin
_FIELD = re.compile(rb"([!-9;-~]+):(.*)", re.DOTALL)
_ADDRESS = re.compile(  # dot-atom, and a host name as DNS has it (RFC 5321 section 4.1.2)
    r"(?!.{65,}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?!.{254,})([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]",
    re.IGNORECASE | re.ASCII,
)
_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)"'
    r"|\((?P<comment>(?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*)\)"
    r'|<(?P<angle>[^<>"]*)>'
    r"|(?P<comma>,)"
    r'|(?P<text>[^()<>",]+)'
)
_MISLEADING = {  # what some program might take for another address, or for a list
    "quoted": re.compile(r"[<>]"),
    "comment": re.compile(r'[<>@"]'),
    "text": re.compile(r"[@:;\\]"),
}


def senders(headers: bytes) -> tuple[str, ...]:
    """The addresses of the first two From fields in a mail's header block, in lower case.

    A field that is bent in any way gives one empty string, nobody's; so does a
    block that programs may take apart differently. Without From there are none.
    """
    fields = _fields(headers)
    if fields is None:
        return (NOBODY,)
    own = islice((value for name, value in fields if name.lower() == b"from"), FROM_LIMIT)
    return tuple(sender for value in own for sender in _mailboxes(value))


def _fields(headers: bytes) -> list[tuple[bytes, bytes]] | None:
    """Names and unfolded values; None where a line is no field, or not everybody's line."""
    lines = [line.removesuffix(b"\r") for line in headers.removesuffix(b"\n").split(b"\n")]
    if not headers or _ENVELOPE.match(lines[0]):
        del lines[0]
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in lines:
        is_more = line[:1] in (b" ", b"\t")
        found = _FIELD.fullmatch(line)
        if b"\r" in line or b"\0" in line or not (line.strip() and (fields if is_more else found)):
            return None
        if is_more:
            fields[-1][1].append(line)
        elif found:
            fields.append((found[1], [found[2]]))
    return [(name, b"".join(value)) for name, value in fields]


def _mailboxes(value: bytes) -> list[str]:
    text = value.decode("utf-8", "replace").replace("\t", " ").strip()
    if len(text) > _LENGTH_LIMIT or re.search(r"[\x00-\x1f\x7f]", text):
        return [NOBODY]
    mailboxes: list[list[tuple[str, str]]] = [[]]
    end = 0
    for token in _TOKEN.finditer(text):
        if token.start() != end:
            break
        end = token.end()
        kind = token.lastgroup or ""
        if kind == "comma":
            mailboxes.append([])
        else:
            mailboxes[-1].append((kind, token[kind]))
    if end != len(text):
        return [NOBODY]
    addresses = [_address(tokens) for tokens in mailboxes]
    return addresses if all(addresses) else [NOBODY]


def _address(tokens: list[tuple[str, str]]) -> str:
    """`name <address>`, or `address`, with comments around; nobody's where it is neither."""
    if any(kind == "comment" and _misleads(kind, text) for kind, text in tokens):
        return NOBODY
    said = [(kind, text) for kind, text in tokens if kind != "comment" and text.strip()]
    match said:
        case [*name, ("angle", address)]:
            if any(_misleads(kind, text) for kind, text in name if text.strip() != address):
                return NOBODY
        case [("text", address)]:
            pass
        case _:
            return NOBODY
    address = address.strip()
    is_plain = _ADDRESS.fullmatch(address) and "=?" not in address
    return address.lower() if is_plain else NOBODY


def _misleads(kind: str, text: str) -> bool:
    """Also once its encoded words (RFC 2047) are decoded: some programs do that first."""
    decoded = text
    with suppress(Exception):  # what cannot be decoded is shown as it is
        decoded = str(make_header(decode_header(text)))
    return (
        kind not in _MISLEADING
        or bool(_MISLEADING[kind].search(text))
        or bool(re.search(r"[\x00-\x1f\x7f<>]", decoded))
    )
