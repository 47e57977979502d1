"""The text layer of a letter: what a person reads on its pages, and nothing that they do not see.

Runs in the sandbox. pyHanko reads the file (translation.py), pdfminer draws it
(painter.py) on a canvas (canvas.py), and lines are made of where the glyphs stand (lines.py). What
annotations show is no text of the letter.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from pdfminer.pdffont import PDFFont
from pdfminer.pdfinterp import PDFResourceManager
from pdfminer.pdftypes import PDFStream, dict_value, list_value, resolve1
from pdfminer.psparser import LIT
from pdfminer.utils import apply_matrix_rect
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures import widgets
from bot.signatures.canvas import Canvas
from bot.signatures.drawn import drawn_from
from bot.signatures.lines import lines
from bot.signatures.objects import entry
from bot.signatures.optics import Matrix, Rect
from bot.signatures.painter import Painter
from bot.signatures.revisions import Unfit
from bot.signatures.translation import Document
from bot.signatures.widgets import Box, Branch

PAGES_LIMIT = 50  # what stands behind them is not read,
ENOUGH = 20_000  # … nor what stands behind the page with that glyph: a letter comes first
TEXT_LIMIT = 200_000  # characters: a glyph may stand for several


def read_texts(readers: Iterable[PdfFileReader]) -> set[tuple[str, ...]]:
    """The text of each of `readers`, as `read_text` has it; what is drawn alike is drawn once.

    Raises:
        Unfit: as for `read_text`.
    """
    known: dict[bytes | None, tuple[str, ...]] = {}
    found = set()
    for reader in readers:
        drawn = drawn_from(reader)
        if drawn is None or drawn not in known:
            known[drawn] = read_text(reader)
        else:
            for page in islice(widgets.pages(reader), len(known[drawn])):
                _require_bare(page.node)
        found.add(known[drawn])
    return found


def read_text(reader: PdfFileReader) -> tuple[str, ...]:
    """The text of each page, one row of the page a line, columns divided by tabs; NFC.

    A page without a glyph that can be seen has no text: that is a scan, with or
    without the invisible text of a recognition behind it.

    Raises:
        Unfit: pdf.hidden_text, pdf.annotated, pdf.text_unread.
    """
    document, canvas = Document(reader), Canvas(fonts := _Fonts())
    painter = Painter(fonts, canvas)
    texts: list[str] = []
    for page in islice(widgets.pages(reader), PAGES_LIMIT):
        texts.append(_page(page, document, canvas, painter))
        if canvas.painted > ENOUGH:
            break
    if sum(map(len, texts)) > TEXT_LIMIT:
        raise Unfit("pdf.text_unread")
    return tuple(texts)


def _page(page: Branch, document: Document, canvas: Canvas, painter: Painter) -> str:
    _require_bare(page.node)
    upright = _upright(_frame(Box.read(page.media)), page.rotate)
    view = apply_matrix_rect(upright, _frame(page.visible))
    canvas.turn_to(view)
    painter.render_contents(
        dict_value(document.translate(page.resources) or {}),
        _streams(page, document),
        ctm=upright,
    )
    written = [glyph for glyph in canvas.glyphs if not glyph.is_blank]
    if all(glyph.hidden for glyph in written):
        return ""
    if any(glyph.hidden for glyph in written):
        raise Unfit("pdf.hidden_text")
    return lines(canvas.glyphs, middle=(view[0] + view[2]) / 2)


def _streams(page: Branch, document: Document) -> list[object]:
    """A page's content: one stream, or several that follow each other (7.7.3.3)."""
    if "/Contents" not in page.node:
        return []
    content = document.translate(page.node.raw_get("/Contents"))
    several = resolve1(content)
    return several if isinstance(several, list) else [content]


def _frame(box: Box) -> Rect:
    return float(box.left), float(box.bottom), float(box.right), float(box.top)


def _upright(media: Rect, rotate: object) -> Matrix:
    """How a page is turned, clockwise, when it is shown (7.7.3.3)."""
    left, bottom, right, top = media
    match rotate if isinstance(rotate, int) else 0:
        case 90 | -270:
            return (0, -1, 1, 0, -bottom, right)
        case 180 | -180:
            return (-1, 0, 0, -1, right, top)
        case 270 | -90:
            return (0, 1, -1, 0, top, -left)
        case _:
            return (1, 0, 0, 1, -left, -bottom)


def _require_bare(page: generic.DictionaryObject) -> None:
    """Raises: Unfit: something is put on top of the page that is neither link nor signature."""
    found = entry(page, "/Annots", generic.ArrayObject())
    if not isinstance(found, generic.ArrayObject):
        raise widgets.Malformed
    if not all(_is_harmless(found[at]) for at in range(len(found))):
        raise Unfit("pdf.annotated")


def _is_harmless(annotation: object) -> bool:
    if not isinstance(annotation, generic.DictionaryObject):
        return False
    if entry(annotation, "/Subtype") != "/Widget":
        return entry(annotation, "/Subtype") in ("/Link", "/Popup")
    above = entry(annotation, "/Parent")
    inherited = entry(above, "/FT") if isinstance(above, generic.DictionaryObject) else None
    return entry(annotation, "/FT", inherited) == "/Sig"


class _Fonts(PDFResourceManager):
    """Fonts that say of themselves what their codes mean, as every office program makes them.

    pdfminer would load Adobe's tables of characters for the others, from files.
    """

    def get_font(self, objid: object, spec: Mapping[str, Any]) -> PDFFont:
        """Raises: Unfit."""
        meanings = resolve1(spec.get("ToUnicode"))
        if isinstance(meanings, PDFStream) and b"usecmap" in meanings.get_data():
            raise Unfit("pdf.text_unread")
        if spec.get("Subtype") is LIT("Type0"):
            ordering = _ordering(spec)
            if resolve1(spec.get("Encoding")) is not LIT("Identity-H") or (
                meanings is None and ordering not in (b"Identity", b"UCS")
            ):
                raise Unfit("pdf.text_unread")
        return super().get_font(objid, spec)


def _ordering(spec: Mapping[str, Any]) -> object:
    descendants = list_value(spec.get("DescendantFonts", []))
    below = dict_value(descendants[0]) if descendants else {}
    return resolve1(dict_value(below.get("CIDSystemInfo", {})).get("Ordering"))
