"""Which lines below a heading are people, and which may be."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.dossier.columns import NUMBER, Headings, find_headings
from bot.dossier.fields import normal, plain
from bot.inbox.workbook import Line

PERSONAL = {"full_name", "birth_date", "personal_number", "mailbox", "mobile", "serial"}
BELOW = re.compile(  # what stands below a list, in the letters of `plain`
    r"^(tong cong|tong so|cong|an dinh)\b|\b(nguoi lap|lap bieu|thu truong|ky ten|ky ghi ro|"
    r"dong dau|noi nhan|xac nhan|ngay \S+ thang|hieu truong|giam doc|chu tich|truong phong)\b"
)
TELLING = re.compile(r"[0-9]{9,12}|\S@\S")  # a number or an address, such as people have


@dataclass
class Lines:
    """The lines of a list, in order, sorted.

    `strays` may be people and stand where nobody looks for them, or lack what people have;
    `others` are titles, sums and signatures, `hidden` are not seen at all: line numbers.
    """

    people: list[Line] = field(default_factory=list)
    strays: list[Line] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)


def sort_lines(lines: Iterable[Line], headings: Headings) -> Lines:
    """Every line in one of the four; a repeated heading and a mere number are passed over."""
    sorted_lines = Lines()
    meanings = {column: name for name, column in headings.places.items()}
    is_below = False
    for line in _seen(lines, headings, sorted_lines):
        filled = {meanings.get(at, "") for at, text in enumerate(line.cells) if text.strip()}
        number = text_in(line, headings.places[NUMBER]) if NUMBER in meanings.values() else ""
        personal = filled & PERSONAL
        if len(personal) > 1 or (personal and number.isdecimal()):
            sorted_lines.people.append(line)
            if is_below:
                sorted_lines.strays.append(line)
        elif BELOW.search(plain(text_of(line))):
            is_below = True
            sorted_lines.others.append(line.number)
        elif TELLING.search(text_of(line)) if is_below else personal:
            sorted_lines.strays.append(line)
        elif filled - {NUMBER} or not number.isdecimal():
            sorted_lines.others.append(line.number)
    return sorted_lines


def text_in(line: Line, column: int) -> str:
    return line.cells[column].strip() if column < len(line.cells) else ""


def text_of(line: Line) -> str:
    """All that the line says."""
    return " · ".join(filter(None, map(normal, line.cells)))


def _seen(lines: Iterable[Line], headings: Headings, sorted_lines: Lines) -> Iterator[Line]:
    for line in lines:
        if line.hidden:
            sorted_lines.hidden.append(line.number)
        elif not _is_heading(line, headings):
            yield line


def _is_heading(line: Line, headings: Headings) -> bool:
    """Whether the heading is repeated, as on each printed page."""
    again = find_headings([line.cells])
    return again is not None and 2 * len(again.columns) > len(headings.columns)
