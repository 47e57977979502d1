"""Revisions drawn from the same are drawn once; whatever makes a page look other is seen."""

import io

import pytest
from pikepdf import Array, Pdf
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures.drawn import drawn_from
from bot.signatures.revisions import Unfit
from bot.signatures.text import read_texts
from demo import paper
from demo.foreign import Signer
from tests.signatures import hostile
from tests.signatures.pages import SEEN, Change, a_page

PAGE = a_page(SEEN)
BARE = a_page(SEEN, lambda pdf: setattr(pdf.pages[0], "Annots", pdf.make_indirect(Array([]))))


def reader(pdf: bytes) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(pdf), strict=True)


def test_a_signature_changes_nothing_that_is_drawn(leader: Signer) -> None:
    signed = paper.sign(PAGE, leader, "leader", box=(10, 10, 90, 60))
    assert drawn_from(reader(signed)) == drawn_from(reader(PAGE))
    assert read_texts([reader(PAGE), reader(signed)]) == {("Seen",)}


def other_content(pdf: Pdf) -> None:
    pdf.pages[0].Contents.write(SEEN.replace(b"Seen", b"Been"))


def other_font(pdf: Pdf) -> None:
    pdf.pages[0].Resources.Font.F.ToUnicode = pdf.make_stream(b"begincmap endcmap")


def other_frame(pdf: Pdf) -> None:
    pdf.pages[0].CropBox = Array([0, 0, 90, 90])


def turned(pdf: Pdf) -> None:
    pdf.pages[0].Rotate = 90


def one_page_more(pdf: Pdf) -> None:
    pdf.add_blank_page()


@pytest.mark.parametrize("change", [other_content, other_font, other_frame, turned, one_page_more])
def test_what_is_drawn_otherwise(change: Change) -> None:
    assert drawn_from(reader(hostile.remade(PAGE, change))) != drawn_from(reader(PAGE))


def test_each_is_read_as_it_is() -> None:
    other = hostile.remade(PAGE, other_content)
    assert read_texts([reader(PAGE), reader(other)]) == {("Seen",), ("Been",)}


def test_what_is_put_on_top_later_is_seen() -> None:
    noted = hostile.updated(BARE, hostile.add_a_note)
    assert drawn_from(reader(noted)) == drawn_from(reader(BARE))
    with pytest.raises(Unfit, match=r"pdf\.annotated"):
        read_texts([reader(BARE), reader(noted)])
