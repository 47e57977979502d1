"""What people may write to us: text in, command out."""

import re
import unicodedata
from dataclasses import dataclass

from bot.sms.text import unaccent


@dataclass(frozen=True)
class Track:
    """TRACUU: where does this dossier stand?"""

    number: str  # as the register writes it


@dataclass(frozen=True)
class Stop:
    """Send nothing more to this phone."""


@dataclass(frozen=True)
class Start:
    """Send again."""


Command = Track | Stop | Start

GAP = r"[\W_]{0,4}"  # spaces, hyphens, colons, or nothing
TRACK = re.compile(
    rf"TRA ?CUU{GAP}(?:HO ?SO)?{GAP}(?:HS)?{GAP}([0-9]{{4}}){GAP}([0-9]{{1,9}}){GAP}"
)
# what Twilio itself obeys by default, «TC» and «từ chối» (Decree 91/2020)
STOP = frozenset(
    {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "TC", "TU CHOI"}
)
START = frozenset({"START", "UNSTOP", "YES", "DONG Y"})


def read(text: str) -> Command | None:
    """The command that `text` is, whatever its case, accents, spaces and hyphens; else None."""
    typed = _folded(text)
    if found := TRACK.fullmatch(typed):
        year, count = found.groups()
        return Track(f"HS-{year}-{int(count):06}")
    word = typed.strip(" .!\"'")
    if word in STOP:
        return Stop()
    return Start() if word in START else None


def _folded(text: str) -> str:
    """Upper case, without accents, hidden characters and more than one space between words."""
    plain = unaccent(unicodedata.normalize("NFKC", text)).upper()
    seen = (c for c in plain if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join("".join(seen).split())
