"""A letter's pages as rows: the columns of its head and foot apart, its words comparable.

Decree 30/2020, annex I: agency, number and extract stand in the left column of the
head; country, place and date in the right one; «Nơi nhận» left of the signer below.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

COLUMN = "\t"
ROWS_LIMIT = 500  # a letter is no book
ROW_LIMIT = 400  # characters
SENTENCE_LIMIT = 1_000  # characters
# An office program's font may give its hyphen and its ligatures out as these.
_HYPHENS = dict.fromkeys(map(ord, "\u00ad\u2010\u2011"), "-")
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_COUNTRY = re.compile(r"(?<=\w )(?:cong hoa xa hoi|doc lap\W+tu do)")
_NATIONAL = re.compile(r"cong hoa xa hoi chu nghia|^viet nam$|doc lap\W+tu do|^[\W_]*$")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a page. `right` is all that stands behind the first gap, or in the right half."""

    left: str
    right: str = ""

    @property
    def text(self) -> str:
        return f"{self.left} {self.right}".strip()

    @property
    def cells(self) -> tuple[str, ...]:
        return tuple(cell for cell in (self.left, self.right) if cell)


def rows_of(pages: Iterable[str]) -> tuple[Row, ...]:
    """Every row that says something, in reading order; the first `ROWS_LIMIT` of them."""
    rows = (_row(line[:ROW_LIMIT]) for page in pages for line in page.splitlines())
    return tuple(islice((row for row in rows if row.text), ROWS_LIMIT))


def _row(line: str) -> Row:
    clean = unicodedata.normalize("NFC", line.translate(_HYPHENS | _LIGATURES))
    left, _, right = clean.partition(COLUMN)
    if not right and (country := _COUNTRY.search(bare(left))):  # columns that all but touch
        left, right = left[: country.start()], left[country.start() :]
    return Row(_folded(left), _folded(right))


def _folded(text: str) -> str:
    return " ".join(text.split())


def bare(text: str) -> str:
    """`text` for comparing: small letters without accents, one for one, so that places agree.

    «Hoà» and «Hòa» are one word, and so is what somebody typed with half its accents.
    """
    return "".join(map(_bare, text))


@cache
def _bare(one: str) -> str:
    if one.isspace():
        return " "
    first = unicodedata.normalize("NFD", one.casefold())[:1]
    return "d" if first == "đ" else first or one


def is_national(text: str) -> bool:
    """Whether it is of the country's name and motto, or a rule beneath them."""
    return bool(_NATIONAL.search(bare(text)))


def sentences(text: str) -> Iterator[str]:
    """By full stops, semicolons and the signs that a list's points begin with."""
    return (
        one.strip()[:SENTENCE_LIMIT]
        for one in re.split(r"[.;](?:\s|$)|\s[-–+•]\s", text)
        if one.strip()
    )
