"""Runs a page's operators, with what pdfminer passes over and what decides what is seen.

ISO 32000-2: clips (8.5.4; one that is no rectangle counts as its frame), opacity
(11.6.4.4), shadings (8.7.4.2), and forms, which are drawn in the state that they
are called in (8.10.1).
"""

from typing import cast

from pdfminer.pdfinterp import (
    PDFGraphicState,
    PDFPageInterpreter,
    PDFResourceManager,
    PDFStackT,
    PDFTextState,
)
from pdfminer.pdftypes import dict_value, list_value, resolve1, stream_value
from pdfminer.psparser import LIT, literal_name
from pdfminer.utils import apply_matrix_rect

from bot.signatures.canvas import Canvas, Look
from bot.signatures.optics import EVERYWHERE, Matrix, frame_of, overlap, rectangle
from bot.signatures.revisions import Unfit

FORMS_LIMIT = 1_000  # drawn, of a whole file
_NO_MASK = LIT("None")


class Painter(PDFPageInterpreter):
    """Paints on a `Canvas`; the methods `do_…` are operators, called by name."""

    device: Canvas

    def __init__(self, fonts: PDFResourceManager, canvas: Canvas) -> None:
        super().__init__(fonts, canvas)
        self._drawn = [0]  # forms so far, counted together with those inside of them
        self._above: tuple[PDFTextState, Look] | None = None
        self._frame = EVERYWHERE  # of the form that is drawn, in its own space

    def subinterp(self) -> "Painter":
        below = Painter(self.rsrcmgr, self.device)
        below.parent_stream_ids = self.parent_stream_ids | self.stream_ids
        below._drawn = self._drawn
        below._above = (self.textstate.copy(), self.device.look.copy())
        below._frame = self._frame
        return below

    def init_resources(self, resources: dict[object, object]) -> None:
        super().init_resources(resources)
        self._states = dict_value(resources.get("ExtGState", {}))

    def init_state(self, ctm: Matrix) -> None:
        super().init_state(ctm)
        self.textstate, look = self._above or (self.textstate, Look())
        look.clip = overlap(look.clip, apply_matrix_rect(ctm, self._frame))
        self._see(look)

    def set_current_state(self, state: tuple[Matrix, PDFTextState, PDFGraphicState]) -> None:
        super().set_current_state(state)
        self._see(self.graphicstate)

    def _see(self, look: PDFGraphicState) -> None:
        # init_state puts such a state in, and copies are of the same kind
        self.graphicstate = self.device.look = cast("Look", look)

    def do_cs(self, name: PDFStackT) -> None:
        """A new space begins with its first colour, which is black (8.6.8)."""
        super().do_cs(name)
        self.device.look.ncolor = 0

    def do_CS(self, name: PDFStackT) -> None:  # noqa: N802 - the operator's name
        super().do_CS(name)
        self.device.look.scolor = 0

    def do_gs(self, name: PDFStackT) -> None:
        state = dict_value(self._states.get(literal_name(name), {}))
        if "Font" in state:  # pdfminer would go on with another one
            raise Unfit("pdf.text_unread")
        if isinstance(opacity := resolve1(state.get("ca")), int | float):
            self.device.look.opacity = opacity
        if resolve1(state.get("SMask", _NO_MASK)) is not _NO_MASK:  # what it lets through: unknown
            self.device.look.opacity = 0.0

    def do_W(self) -> None:  # noqa: N802 - the operator's name
        look = self.device.look
        look.clip = overlap(look.clip, frame_of(self.curpath, self.ctm))

    def do_W_a(self) -> None:  # noqa: N802 - the operator's name
        self.do_W()

    def do_F(self) -> None:  # noqa: N802 - the operator's name
        self.do_f()

    def do_sh(self, name: object) -> None:
        self.device.shade()

    def do_Do(self, xobjid_arg: PDFStackT) -> None:  # noqa: N802 - the operator's name
        called = self.xobjmap.get(literal_name(xobjid_arg))
        if called is None:
            return
        self._drawn[0] += 1
        if self._drawn[0] > FORMS_LIMIT:
            raise Unfit("pdf.text_unread")
        form = stream_value(called)
        self._frame = rectangle(list_value(form["BBox"])) if "BBox" in form else EVERYWHERE
        with self.device.inside(is_optional="OC" in form):
            super().do_Do(xobjid_arg)
        self._see(self.graphicstate)
        self.device.set_ctm(self.ctm)
