"""What somebody orders, or asks, in the first line of a text that they signed.

    DUYỆT HS-2026-000123 K7Q2-9XWM                    TRA CỨU HS-2026-000123
    DUYỆT HS-2026-000123 K7Q2-9XWM dòng 1, 3-5
    TRẢ LẠI HS-2026-000123 K7Q2-9XWM dòng 2: lý do
    GIỮ HS-2026-000123 K7Q2-9XWM: lý do
    DUYỆT DX-2026-000001 K7Q2-9XWM
    TRẢ LẠI DX-2026-000001 K7Q2-9XWM: lý do
    ĐỀ NGHỊ agency                                    (its JSON stands below)

Whoever signs may type without accents, in any case, with spaces as they like; what
is meant must be there to the letter. Nothing below that line is read here: it is
quoted, or a mail program put it there.
"""

import re
import unicodedata
from dataclasses import dataclass

from bot.register.lifecycle import Act, Verb
from bot.sms.text import unaccent

ROWS_LIMIT = 2_000  # as many as a list may have
LISTED_LIMIT = 10_000  # characters of such a list
REASON_LIMIT = 1_000  # characters
_QUOTED = (">", "|")
_UNSEEN = "\ufeff\u200b"  # what some programs begin a text with

_VERBS = {"duyet": Verb.ACCEPT, "tra lai": Verb.RETURN, "giu": Verb.HOLD, "de nghi": Verb.PROPOSE}
_INQUIRY = "tra cuu"
_PLACE_OF_REASON = "lý do"  # as the notice has it, where one is to be written
_NUMBER = re.compile(r"(?:hs|dx)-[0-9]{4}-[0-9]{6,8}")
_CODE = re.compile(r"[0-9a-z]{4}[ -]?[0-9a-z]{4}")
_RANGE = r"[0-9]{1,4}(?: ?- ?[0-9]{1,4})?"
_ROWS = re.compile(rf"(?:so )?({_RANGE}(?: ?[,;] ?{_RANGE})*)")


@dataclass(frozen=True, slots=True)
class OrderText:
    """An order as written. `about` is the number of a dossier or proposal; of a proposal, its act.

    `code` is in upper case, without its hyphen. `rows` are positions, in order, each
    once; none: all that wait.
    """

    verb: Verb
    about: str
    code: str = ""
    rows: tuple[int, ...] = ()
    reason: str = ""

    @property
    def is_of_proposal(self) -> bool:
        return self.about.startswith("DX-")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Where does this dossier stand? `number` is empty where none could be read."""

    number: str


@dataclass(frozen=True, slots=True)
class Misread:
    """It begins like an order, and is none. `why` is a code: what cannot be read."""

    why: str


def read_order(text: str) -> OrderText | Inquiry | Misread | None:
    """What the first line of `text` that is not blank says; None: nothing that is read here."""
    line = _first_line(text)
    if line.startswith(_QUOTED):
        return None
    head, _, reason = line.partition(":")
    said = unaccent(head).casefold().strip(" .,;")
    if said == _INQUIRY or said.startswith(f"{_INQUIRY} "):
        asked = said.removeprefix(_INQUIRY).strip()
        is_read = asked.startswith("hs-") and _NUMBER.fullmatch(asked)
        return Inquiry(asked.upper() if is_read else "")
    for words, verb in _VERBS.items():
        if said == words or said.startswith(f"{words} "):
            return _order(verb, said.removeprefix(words).strip(), reason.strip())
    return None


def below(text: str) -> str:
    """What stands below the first line that is not blank."""
    return _divided(text)[1]


def _first_line(text: str) -> str:
    """In NFC, with single spaces."""
    return unicodedata.normalize("NFC", " ".join(_divided(text)[0]))


def _divided(text: str) -> tuple[list[str], str]:
    """The words of the first line that has any, and all below it."""
    lines = re.split(r"\r\n|\r|\n", text)
    for number, line in enumerate(lines, 1):
        if words := line.strip(_UNSEEN).split():
            return words, "\n".join(lines[number:])
    return [], ""


def _order(verb: Verb, said: str, reason: str) -> OrderText | Misread:
    if verb is Verb.PROPOSE:
        return OrderText(verb, said) if said in set(Act) else Misread("order.act")
    number, _, rest = said.partition(" ")
    about = number.upper()
    if not _NUMBER.fullmatch(number) or (verb is Verb.HOLD and about.startswith("DX-")):
        return Misread("order.number")
    code, named, rows = (part.strip() for part in rest.partition("dong"))
    if not _CODE.fullmatch(code):
        return Misread("order.code")
    positions = _positions(rows)
    if named and (not positions or about.startswith("DX-")):
        return Misread("order.rows")
    is_missing = verb is not Verb.ACCEPT and reason.casefold().strip(" .") in ("", _PLACE_OF_REASON)
    if is_missing or len(reason) > REASON_LIMIT or not _is_plain(reason):
        return Misread("order.reason")
    return OrderText(verb, about, re.sub("[ -]", "", code).upper(), positions, reason)


def _positions(written: str) -> tuple[int, ...]:
    """The positions of «1, 3-5»; none where something else stands there."""
    listed = _ROWS.fullmatch(written) if len(written) <= LISTED_LIMIT else None
    found: set[int] = set()
    for part in re.split("[,;]", listed[1]) if listed else ():
        first, _, last = (number.strip() for number in part.partition("-"))
        span = range(int(first), int(last or first) + 1)
        if not span or span[0] < 1 or span[-1] > ROWS_LIMIT:
            return ()
        found.update(span)
    return tuple(sorted(found))


def _is_plain(reason: str) -> bool:
    """Whether it has none of the characters that hide, or turn round, what stands beside them."""
    return not any(unicodedata.category(one).startswith("C") for one in reason)
