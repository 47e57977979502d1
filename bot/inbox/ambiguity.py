"""What programs may take a signed mail apart by in two ways; pure.

Only what stands around the signature is looked at: what is inside was said by
the signer. A mail is the one thing that everybody sees in it, or nobody's.
"""

import re

from bot.inbox.entity import Entity, boundary, header_block

_ONCE = re.compile(rb"(?:\A|[\r\n])(content-type|content-transfer-encoding)[ \t]*:", re.IGNORECASE)
_BOUNDARIES = re.compile(r"(?:\A|;)\s*boundary\s*(?:\*[^=]*)?=", re.IGNORECASE)
_OF_MULTIPARTS = {"", "7bit", "8bit", "binary"}  # RFC 2045 section 6.4


def is_ambiguous(mail: Entity) -> bool:
    """Whether a mail that is signed as a whole says twice, or in a bent way, what it is made of."""
    named = [name.lower() for name in _ONCE.findall(header_block(mail.source))]
    if len(named) != len(set(named)):
        return True
    return mail.is_clear_signed and (
        mail.encoding not in _OF_MULTIPARTS
        or len(_BOUNDARIES.findall(str(mail.headers["Content-Type"]))) > 1
        or _looks_divided(mail)
    )


def _looks_divided(mail: Entity) -> bool:
    """Whether there is anything like a delimiter around what is signed that is none for us."""
    delimiter = b"--" + boundary(mail.headers)
    signed, last = mail.children[0], mail.children[-1]
    before = mail.source[mail.body_start : signed.start]
    behind = mail.source[signed.end : mail.end]
    is_closed = last.end < mail.end
    own = len(mail.children) - 1 + is_closed
    return (before.count(delimiter), behind.count(delimiter)) != (1, own)
