"""From glyphs to lines, as a person reads them: by where they stand, not by when they were painted.

A row of the page is a line of text; where a gap splits it, as the two columns of
an official letter's head do, its parts are divided by a tab, and a row that
begins in the right half of the page begins with one.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from bot.signatures.canvas import Glyph

COLUMN = "\t"
_SAME_ROW = 0.35  # of the em: base lines that differ by less are one row
_SPACE = 0.2  # of the em: a gap from which words are two
_GAP = 1.3  # of the em: a gap that no justified line has
_OVERPRINT = 0.15  # of the em: one letter painted twice, to look bold


def lines(glyphs: Iterable[Glyph], middle: float) -> str:
    """The text of a page whose middle is at `middle`, in NFC; one row a line."""
    written = (_line(row, middle) for row in _rows([one for one in glyphs if one.upright]))
    return "\n".join(unicodedata.normalize("NFC", line) for line in written if line.strip())


def _rows(glyphs: list[Glyph]) -> Iterator[list[Glyph]]:
    """From the top down. A row is measured by its first glyphs, not by the one before."""
    row: list[Glyph] = []
    for glyph in sorted(glyphs, key=lambda one: -one.y):
        if row and row[0].y - glyph.y > _SAME_ROW * max(row[0].size, glyph.size):
            yield row
            row = []
        row.append(glyph)
    if row:
        yield row


def _line(row: list[Glyph], middle: float) -> str:
    """White space comes of gaps; a blank that is painted tells only that there is one."""
    written = ""
    before: Glyph | None = None
    blank = False
    for glyph in sorted(row, key=lambda one: one.x):
        if glyph.is_blank:
            blank = True
        elif before is None:
            written = COLUMN + glyph.text if glyph.x > middle else glyph.text
            before, blank = glyph, False
        elif not _is_painted_twice(before, glyph):
            gap = (glyph.x - before.end) / max(glyph.size, before.size)
            written += COLUMN if gap > _GAP else " " if blank or gap > _SPACE else ""
            written += glyph.text
            before, blank = glyph, False
    return written


def _is_painted_twice(before: Glyph, glyph: Glyph) -> bool:
    return glyph.text == before.text and glyph.x - before.x < _OVERPRINT * glyph.size
