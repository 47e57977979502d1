"""An agency's own letter, as its office program wrote it: the parts of Decree 30/2020, annex I.

Parts are found, never guessed: what is not there, or there twice and different,
is `unclear`, and an officer reads the letter.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile, zip_longest
from typing import TypeVar

from bot.ca.profiles import is_personal_name
from bot.dossier.form import URGENCIES, Procedure
from bot.dossier.letter_body import counts_in, declared_in, notify_in, receiver_in
from bot.dossier.letter_layout import Row, bare, is_national, rows_of
from bot.dossier.letter_number import canonical_number
from bot.dossier.letter_wish import (
    About,
    NamedLetter,
    about,
    asked,
    date_in,
    dossiers_in,
    keeps_some,
    letters_spoken_of,
)

T = TypeVar("T")

HEAD_LIMIT = 40  # rows until «Kính gửi»
EXTRACT_LIMIT = 8  # rows of an extract
FOOT_LIMIT = 30  # rows from «Nơi nhận» to the signer's name
_URGENT = {bare(word): word for word in URGENCIES.values() if word}
_BODY_BEGINS = r"(?:can cu|thuc hien|theo |de |so |truong|tram|phong|trung tam|benh vien|uy ban)"
_ORGANISED = re.compile(
    r"(?:truong|trung tam|tram|benh vien|so |phong|uy ban|ubnd|hoc vien|dai hoc|cuc|chi cuc|bo |"
    r"vien |tong )"
)
_NUMBER = re.compile(
    r"so\s*(?::\s*|(?=[0-9]))([0-9]{1,6}\s*[a-z]?\s*/\s*[^\s,;]+(?:\s*[-–]\s*[^\s,;]+)*)"
)
_TITLE = re.compile(
    r"\b(?:kt|tl|tuq|tm|q)\b|truong\b|giam doc|chu tich|\bpho\b|chanh|uy ban|ubnd|\bvien\b"
    r"|phu trach"
)
_TO = re.compile(r"kinh gui\b")
_COPIES = re.compile(r"noi nhan\s*(?::|$)")
_LIST_SIGN = re.compile(r"^[-–+•*]\s*")


@dataclass(frozen=True, slots=True)
class LetterParts:
    """What the letter says, as it says it. Empty: not said.

    `date` is as written, `day` the same as dd/mm/yyyy. `procedure` and `about` are what
    its extract asks for. `letters` are the earlier ones that it is about.
    """

    number: str = ""
    place: str = ""
    date: str = ""
    day: str = ""
    extract: str = ""
    addressees: tuple[str, ...] = ()
    urgency: str = ""
    parent: str = ""
    agency: str = ""
    signer_title: str = ""
    signer_name: str = ""
    count: str = ""
    declarations: frozenset[str] = frozenset()
    receiver: Mapping[str, str] = field(default_factory=dict)
    notify: str = ""
    procedure: Procedure | None = None
    about: About | None = None
    dossiers: tuple[str, ...] = ()
    letters: tuple[NamedLetter, ...] = ()
    unclear: tuple[str, ...] = ()


def read_letter(pages: Iterable[str]) -> LetterParts:
    """The parts of the letter on `pages` (`SignedFile.text`)."""
    rows = rows_of(pages)
    to = _first(rows[:HEAD_LIMIT], _TO)
    head = rows[:HEAD_LIMIT] if to is None else rows[:to]
    below = rows[len(head) :]
    foot = _first(below, _COPIES)
    body = "\n".join(row.text for row in below[:foot])
    found = _Found()
    number = found.one("number", map(_number, _cells(head)))
    place, date, day = found.one("date", _dates(head)) or ("", "", "")
    extract = found.one("extract", _extracts(head)) or ""
    title, name = _signer(below, foot)
    parent, agency = _heading(head)
    procedure, does = asked(extract), about(extract)
    if extract and not (procedure or does):
        found.unclear.append("extract")
    if does is About.WITHDRAWS and keeps_some(f"{extract}\n{body}"):
        found.unclear.append("rows")
    return LetterParts(
        number=number or "",
        place=place,
        date=date,
        day=day,
        extract=extract,
        addressees=found.some("addressee", _addressees(below) if to is not None else ()),
        urgency=found.one_or_none("urgency", map(_urgency, _cells(rows[: len(head) + 1]))) or "",
        parent=parent,
        agency=agency,
        signer_title=found.one("signer_title", [title]) or "",
        signer_name=name,
        count=found.one_or_none("count", counts_in(body)) or "",
        declarations=declared_in(body),
        receiver=receiver_in(body),
        notify=notify_in(body),
        procedure=procedure,
        about=does,
        dossiers=dossiers_in(f"{extract}\n{body}"),
        letters=letters_spoken_of(does, extract, body, number or "") if does else (),
        unclear=tuple(found.unclear),
    )


class _Found:
    """Keeps which parts are not there, or there twice and different."""

    def __init__(self) -> None:
        self.unclear: list[str] = []

    def one(self, part: str, candidates: Iterable[T | None]) -> T | None:
        """The one candidate."""
        return self._one(part, candidates, must=True)

    def one_or_none(self, part: str, candidates: Iterable[T | None]) -> T | None:
        """The one candidate, of a part that a letter need not have."""
        return self._one(part, candidates, must=False)

    def some(self, part: str, candidates: tuple[str, ...]) -> tuple[str, ...]:
        if not candidates:
            self.unclear.append(part)
        return candidates

    def _one(self, part: str, candidates: Iterable[T | None], *, must: bool) -> T | None:
        found = list(dict.fromkeys(one for one in candidates if one))
        if len(found) == 1:
            return found[0]
        if found or must:
            self.unclear.append(part)
        return None


def _first(rows: Sequence[Row], begin: re.Pattern[str]) -> int | None:
    """The first row of which a cell begins so."""
    begun = (any(begin.match(bare(cell)) for cell in row.cells) for row in rows)
    return next((at for at, has_begun in enumerate(begun) if has_begun), None)


def _cells(rows: Iterable[Row]) -> Iterable[str]:
    return (cell for row in rows for cell in row.cells)


def _number(cell: str) -> str:
    """«Số: 05/THPTCVA-VP»; blanks that somebody left in it are none of its characters."""
    found = _NUMBER.match(bare(cell))
    if found is None:
        return ""
    number = "".join(cell[found.start(1) : found.end(1)].split()).replace("–", "-")
    return number if canonical_number(number) else ""


def _dates(head: Sequence[Row]) -> Iterable[tuple[str, str, str] | None]:
    """Place and date, which may go on in the row below, in its own column."""
    for row, below in zip_longest(head, head[1:], fillvalue=Row("")):
        for cell, more in ((row.left, below.left), (row.right, below.right)):
            found = date_in(cell)
            yield found if found or "ngay" not in bare(cell) else date_in(f"{cell} {more}")


def _extracts(head: Sequence[Row]) -> Iterable[str]:
    """«V/v …» or «Về việc …», with the rows below it in its own column."""
    for at, row in enumerate(head):
        for column in ("left", "right"):
            begin = getattr(row, column)
            if re.match(r"v\s*/\s*v\b|ve viec\b", bare(begin)):
                rest = (getattr(one, column) for one in head[at + 1 : at + EXTRACT_LIMIT])
                more = takewhile(lambda part: not _is_of_the_head(part), filter(None, rest))
                yield " ".join((begin, *more)).rstrip(" .;")


def _is_of_the_head(part: str) -> bool:
    """Whether it is a part of its own: it does not go on with an extract."""
    begins = _NUMBER.match(bare(part)) or re.match(r"so\s*:|v\s*/\s*v\b|ve viec\b", bare(part))
    return bool(begins or is_national(part) or _urgency(part) or date_in(part))


def _urgency(cell: str) -> str:
    return _URGENT.get(bare(cell).strip(" !.*[]()"), "")


def _addressees(below: Sequence[Row]) -> tuple[str, ...]:
    """Behind «Kính gửi»: one, or a list with a sign before each."""
    begin = below[0].right if _TO.match(bare(below[0].right)) else below[0].text
    first = begin[len("Kính gửi") :].lstrip(" :")
    rest = [row.text for row in below[1:EXTRACT_LIMIT]]
    if not first and rest and not _LIST_SIGN.match(rest[0]):
        first, *rest = rest
    found = [first] if first else []
    for text in rest:
        if _LIST_SIGN.match(text) and (not first or _LIST_SIGN.match(first)):
            found.append(text)
        elif found and _goes_on(found[-1], text):
            found[-1] += f" {text}"
        else:
            break
    return tuple(_LIST_SIGN.sub("", one).rstrip(" .;,") for one in found)


def _goes_on(before: str, text: str) -> bool:
    is_open = before.endswith((",", "-", "–", " và")) or text[0].islower() or text[0] == "("
    return is_open and not re.match(_BODY_BEGINS, bare(text))


def _heading(head: Sequence[Row]) -> tuple[str, str]:
    """The parent's name and the agency's: the last that begins as organisations do."""
    names: list[str] = []
    for row in head:
        cell = bare(row.left)
        if _NUMBER.match(cell) or re.match(r"so\s*:|v\s*/\s*v\b|ve viec\b", cell):
            break
        if not row.left or is_national(row.left) or _urgency(row.left) or date_in(row.left):
            continue
        if names and not _ORGANISED.match(cell):
            names[-1] += f" {row.left}"
        else:
            names.append(row.left)
    return " ".join(names[:-1]), names[-1] if names else ""


def _signer(below: Sequence[Row], foot: int | None) -> tuple[str, str]:
    """Title and name, right of «Nơi nhận»; the title may begin a little above it."""
    if foot is None:
        return "", ""
    above = [row.right for row in below[max(foot - 3, 0) : foot] if not row.left]
    beside = [row.right for row in below[foot : foot + FOOT_LIMIT]]
    cells = [cell for cell in (*above, *beside) if cell and not cell.startswith("(")]
    title = list(takewhile(lambda cell: cell.isupper() and _TITLE.search(bare(cell)), cells))
    names = (cell for cell in cells[len(title) :] if _is_name(cell))
    return " ".join(title), next(names, "") if title else ""


def _is_name(cell: str) -> bool:
    name = re.sub(r"^(?:[\w]+\.\s*)+", "", cell)  # «ThS. BS. …»
    return 2 <= len(name.split()) <= 8 and is_personal_name(name)
