"""What a letter asks for, by its extract, and which letters and dossiers it speaks of.

Both vocabularies (terms.py) are one here: a certificate is «chứng thư số» or
«chứng thư chữ ký số», with or without what it is meant for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.dossier.fields import normal
from bot.dossier.form import Procedure
from bot.dossier.letter_layout import bare, sentences

_PAPER = r"(?:van ban|cong van|to trinh|giay de nghi|ho so|de nghi)"
_THING = r"(?:chung thu|chu ky so)"
_DOSSIER = re.compile(r"\bhs\s*-\s*([0-9]{4})\s*-\s*([0-9]{6})\b")
_NUMBER = r"([0-9]{1,6}[a-z]?\s*/\s*[^\s,;:()«»\"]+)"
_DAY = r"ngay\s*([0-9]{1,2})\s*(?:thang|[/.-])\s*([0-9]{1,2})\s*(?:nam|[/.-])\s*([0-9]{4})"
_PLACE_AND_DATE = re.compile(rf"(?P<place>[^\W\d_][^\d,:;]{{1,40}}),\s*(?P<date>{_DAY})$")
_LETTER = re.compile(
    rf"{_PAPER}(?: de nghi)?,? (?:co )?so\s*:?\s*{_NUMBER}(?:[\s,]*(?:de|ban hanh)?\s*{_DAY})?"
)
_WISHES = {
    Procedure.ISSUE: rf"\b(?:de nghi|dang ky|viec|v/v|xin) cap (?:moi )?(?:\w+ ){{0,3}}?{_THING}",
    Procedure.CHANGE: rf"\b(?:gia han|thay doi|dieu chinh|cap nhat)\b.*{_THING}",
    Procedure.REVOKE: rf"\bthu hoi (?:\w+ ){{0,3}}?{_THING}",
}
_BUT = (
    r"\bmot phan\b|khoi (?:danh sach|ho so)|giu nguyen|khong rut|\btru (?!so)|thay cho"
    r"|\bvan (?:giu|tiep)"
)
_ANEW = r"\bcap (?:lai|doi)\b"  # «thu hồi và cấp lại»: no procedure of ours


class About(StrEnum):
    """What a letter does to an earlier one."""

    WITHDRAWS = "withdraws"  # what it asked for is not wanted any more
    REPLACES = "replaces"
    CORRECTS = "corrects"
    RECALLS = "recalls"


_VERBS = {
    About.WITHDRAWS: rf"\brut (?:lai |toan bo |mot phan )*{_PAPER}",
    About.RECALLS: rf"\bthu hoi (?:lai )?{_PAPER}",
    About.CORRECTS: r"\bdinh chinh\b",
    About.REPLACES: rf"\bthay (?:the|cho)(?: cho)? {_PAPER}",
}


@dataclass(frozen=True, slots=True)
class NamedLetter:
    """An earlier letter: its number as written, and its date as dd/mm/yyyy if that is told."""

    number: str
    date: str = ""


def asked(extract: str) -> Procedure | None:
    """The one procedure that an extract names; None where it names none, or several."""
    text = bare(normal(extract))
    found = [procedure for procedure, wish in _WISHES.items() if re.search(wish, text)]
    is_one = len(found) == 1 and not re.search(_ANEW, text)
    return found[0] if is_one else None


def about(extract: str) -> About | None:
    """What the letter does to an earlier one, if its extract says so; the first in `About`."""
    text = bare(normal(extract))
    return next((one for one in About if re.search(_VERBS[one], text)), None)


def keeps_some(text: str) -> bool:
    """Whether a withdrawal says that something of what it names is to go on."""
    return bool(re.search(_BUT, bare(normal(text))))


def dossiers_in(text: str) -> tuple[str, ...]:
    """Every dossier's number in `text`, once, in order."""
    found = (f"HS-{one[1]}-{one[2]}" for one in _DOSSIER.finditer(bare(text)))
    return tuple(dict.fromkeys(found))


def letters_in(text: str, own: str) -> tuple[NamedLetter, ...]:
    """The letters that `text` names by their numbers, but for the one with the number `own`."""
    found = {letter.number: letter for letter in _letters(text) if letter.number != own}
    return tuple(found.values())


def letters_spoken_of(about: About, extract: str, body: str, own: str) -> tuple[NamedLetter, ...]:
    """The letters that an extract names; if none, those of the sentences that say the same verb.

    Other letters that the body cites are none of its business.
    """
    if named := letters_in(extract, own):
        return named
    said = (one for one in sentences(body) if re.search(_VERBS[about], bare(one)))
    return letters_in(" ".join(said), own)


def _letters(text: str) -> Iterator[NamedLetter]:
    for one in _LETTER.finditer(bare(text)):
        number = "".join(text[one.start(1) : one.end(1)].split()).rstrip(".").replace("–", "-")
        yield NamedLetter(number, "/".join(one.group(2, 3, 4)) if one[2] else "")


def date_in(text: str) -> tuple[str, str, str] | None:
    """Place, date as written, and as dd/mm/yyyy, of «Hà Nội, ngày 05 tháng 9 năm 2026»."""
    found = _PLACE_AND_DATE.search(bare(text))
    if found is None:
        return None
    written = text[found.start("date") : found.end()]
    return text[found.start("place") : found.end("place")], written, "/".join(found.group(3, 4, 5))
