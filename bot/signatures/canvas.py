"""What a page paints, in order: its glyphs, and whether a person could see each of them.

Covered are the ways that take no look at pixels. Of what is filled only
rectangles count; glyphs whose font draws something else than it says cannot be
told from others.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pdfminer.pdfcolor import PDFColorSpace
from pdfminer.pdfdevice import PDFTextDevice, PDFTextSeq
from pdfminer.pdffont import PDFFont, PDFType3Font, PDFUnicodeNotDefined
from pdfminer.pdfinterp import PDFGraphicState, PDFResourceManager, PDFTextState
from pdfminer.pdftypes import PDFStream
from pdfminer.psparser import LIT, PSLiteral
from pdfminer.utils import MATRIX_IDENTITY, apply_matrix_pt, apply_matrix_rect

from bot.signatures.optics import (
    EVERYWHERE,
    WHITE,
    Colour,
    Matrix,
    Point,
    Rect,
    colour,
    frame_of,
    is_alike,
    is_within,
    overlap,
)
from bot.signatures.revisions import Unfit

GLYPHS_LIMIT = 40_000  # of a whole file
LOOKS_LIMIT = 1_500_000  # of a whole file: whether a rectangle lies over a glyph
OPTIONAL = LIT("OC")
_BANDS = 64  # of a page, one above the other: who stands in another band is not looked at
_LEAST_SIZE = 3.0  # points; what is smaller cannot be read
_LEAST_COVER = 3.0  # points; what is narrower is a line
_FAINT = 0.1  # opacity below which nothing is seen
_OPAQUE = 0.9  # opacity from which what lies beneath is not seen
_UNSEEN_IF_ANY = (("SMask",), ("Mask",), ("ImageMask", "IM"))  # of an image: it lets through


@dataclass(slots=True)
class Glyph:
    """One glyph: its Unicode text, where its base line begins and ends, its em in points."""

    text: str
    x: float
    y: float
    end: float
    size: float
    upright: bool
    hidden: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    @property
    def middle(self) -> Point:
        return (self.x + self.end) / 2, self.y + 0.3 * self.size


@dataclass(frozen=True, slots=True)
class Cover:
    """Opaque rectangles, painted at once; `colour` is None where there is none, or many."""

    frames: tuple[Rect, ...]
    colour: Colour | None
    is_even_odd: bool = False  # 8.5.3.3.3: one within another is a hole

    def hides(self, point: Point) -> bool:
        times = sum(is_within(point, frame) for frame in self.frames)
        return times % 2 == 1 if self.is_even_odd else times > 0


class Look(PDFGraphicState):
    """The graphics state, with what pdfminer leaves out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.opacity = 1.0
        self.clip = EVERYWHERE

    def copy(self) -> "Look":
        other = Look()
        other.__dict__.update(self.__dict__)
        return other


class Canvas(PDFTextDevice):
    """Takes down what one page after the other paints. `look` is kept by who paints."""

    ctm: Matrix

    def __init__(self, fonts: PDFResourceManager) -> None:
        super().__init__(fonts)
        self.ctm = MATRIX_IDENTITY
        self.look = Look()
        self.painted = 0
        self._looks = 0
        self.turn_to(EVERYWHERE)

    def turn_to(self, view: Rect) -> None:
        """Begin a page of which `view` can be seen."""
        self.glyphs: list[Glyph] = []
        self._seen: list[list[Glyph]] = [[] for _ in range(_BANDS)]  # in each band
        self._covers: list[list[Cover]] = [[] for _ in range(_BANDS)]
        self._tags: list[bool] = []
        self._is_optional = False
        self._render = 0
        self._view = view

    @contextmanager
    def inside(self, *, is_optional: bool) -> Iterator[None]:
        """While a form is drawn: what it does not end ends with it, and it ends nothing outside."""
        tags, was_optional = self._tags, self._is_optional
        self._tags, self._is_optional = [], was_optional or any(tags) or is_optional
        yield
        self._tags, self._is_optional = tags, was_optional

    def begin_tag(self, tag: PSLiteral, props: object = None) -> None:
        self._tags.append(tag is OPTIONAL)

    def end_tag(self) -> None:
        if self._tags:
            self._tags.pop()

    def render_string(
        self,
        textstate: PDFTextState,
        seq: PDFTextSeq,
        ncs: PDFColorSpace,
        graphicstate: PDFGraphicState,
    ) -> None:
        self._render = textstate.render
        super().render_string(textstate, seq, ncs, graphicstate)

    def render_char(
        self,
        matrix: Matrix,
        font: PDFFont,
        fontsize: float,
        scaling: float,
        rise: float,
        cid: int,
        ncs: PDFColorSpace,
        graphicstate: PDFGraphicState,
    ) -> float:
        """Take down one glyph; how far it moves the pen, in text space."""
        self.painted += 1
        if self.painted > GLYPHS_LIMIT:
            raise Unfit("pdf.text_unread")
        advance = float(font.char_width(cid) * fontsize * scaling)
        (x, y), (end, _) = (apply_matrix_pt(matrix, (at, rise)) for at in (0, advance))
        a, b, c, d, _, _ = matrix
        glyph = Glyph(
            _text(font, cid), min(x, end), y, max(x, end), math.hypot(c, d) * abs(fontsize),
            upright=a * fontsize > 0 and d * fontsize > 0 and abs(b) < 0.02 * abs(a),
        )  # fmt: skip
        glyph.hidden = not glyph.is_blank and self._is_hidden(glyph, font)
        self.glyphs.append(glyph)
        if not (glyph.hidden or glyph.is_blank):
            self._seen[self._band(glyph.middle[1])].append(glyph)
        return advance

    def _is_hidden(self, glyph: Glyph, font: PDFFont) -> bool:
        at = glyph.middle
        return (
            self._render not in (0, 1, 2)  # 9.3.6: neither filled nor stroked, or a clip
            or isinstance(font, PDFType3Font)  # its glyphs are drawn by any operators
            or self._is_optional
            or any(self._tags)  # 8.11: whether it is shown depends on the viewer
            or self.look.opacity < _FAINT
            or glyph.size < _LEAST_SIZE
            or not is_within(at, self._view)
            or not is_within(at, self.look.clip)
            or self._is_lost_on_ground(at)
        )

    def _is_lost_on_ground(self, at: Point) -> bool:
        look = self.look
        ink = colour(look.scolor, look.scs) if self._render == 1 else colour(look.ncolor, look.ncs)
        covers = self._covers[self._band(at[1])]
        self._look(sum(len(cover.frames) for cover in covers))
        below = (cover.colour for cover in reversed(covers) if cover.hides(at))
        ground = next(below, WHITE)
        return ink is not None and ground is not None and is_alike(ink, ground)

    def paint_path(
        self,
        graphicstate: PDFGraphicState,
        stroke: bool,
        fill: bool,
        evenodd: bool,
        path: Sequence[Any],
    ) -> None:
        steps = "".join(step[0] for step in path)
        if not fill or steps != "mlllh" * (len(steps) // 5):
            return
        frames = [frame_of(path[at : at + 5], self.ctm) for at in range(0, len(path), 5)]
        self._cover(frames, colour(self.look.ncolor, self.look.ncs), evenodd)

    def render_image(self, name: str, stream: PDFStream) -> None:
        """An image fills the unit square (8.9.5)."""
        if not any(stream.get_any(names) for names in _UNSEEN_IF_ANY):
            self._cover([apply_matrix_rect(self.ctm, (0, 0, 1, 1))])

    def shade(self) -> None:
        """A shading fills all that is not clipped away (8.7.4.2)."""
        self._cover([self._view])

    def _cover(
        self, frames: Sequence[Rect], ink: Colour | None = None, is_even_odd: bool = False
    ) -> None:
        """Paint over what lies beneath."""
        seen = tuple(filter(_is_wide, (overlap(frame, self.look.clip) for frame in frames)))
        if self.look.opacity < _OPAQUE or not seen:
            return
        cover = Cover(seen, ink, is_even_odd)
        lowest = self._band(min(bottom for _, bottom, _, _ in seen))
        highest = self._band(max(top for _, _, _, top in seen))
        for band in range(lowest, highest + 1):
            self._look(len(seen) * (1 + len(self._seen[band])))
            self._covers[band].append(cover)
            for glyph in self._seen[band]:
                glyph.hidden |= cover.hides(glyph.middle)

    def _band(self, y: float) -> int:
        _, bottom, _, top = self._view
        share = (min(max(y, bottom), top) - bottom) / (top - bottom)
        return min(int(share * _BANDS), _BANDS - 1)

    def _look(self, times: int) -> None:
        self._looks += times
        if self._looks > LOOKS_LIMIT:
            raise Unfit("pdf.text_unread")


def _is_wide(frame: Rect) -> bool:
    left, bottom, right, top = frame
    return min(right - left, top - bottom) >= _LEAST_COVER


def _text(font: PDFFont, cid: int) -> str:
    """What a glyph stands for; U+FFFD where its font does not say."""
    try:
        return str(font.to_unichr(cid))
    except PDFUnicodeNotDefined:
        return "\ufffd"
