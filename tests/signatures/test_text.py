"""What is signed is what is seen: the text layer, and every way to hide some of it."""

import io
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdfminer.pdfexceptions import PDFException
from pdfminer.psexceptions import PSException
from pikepdf import Array, Dictionary, Name, Pdf, String
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from bot.dossier.form01 import FORM_01
from bot.dossier.own_letter import read_letter
from bot.sandbox import Sandbox
from bot.sections import servers
from bot.signatures import pdf as judging
from bot.signatures.canvas import GLYPHS_LIMIT, LOOKS_LIMIT
from bot.signatures.painter import FORMS_LIMIT
from bot.signatures.revisions import Unfit
from bot.signatures.text import PAGES_LIMIT
from bot.signatures.verdict import SignedFile
from demo import own_letter, paper
from demo.foreign import ForeignPki, Signer
from demo.own_letter import OwnLetter
from demo.school import TEACHERS
from tests.signatures.builders import a_filled_form, crls_of, trust_of
from tests.signatures.pages import (
    SEEN,
    WORD,
    Change,
    a_page,
    composite,
    form,
    image,
    put,
    read,
    type3,
)

ADDRESSEE = "Trung tâm Chứng thực điện tử chuyên dùng (trình diễn)"
DAY = date(2026, 11, 20)
OVER = b"600 0 0 800 0 0 cm "
IMAGE, FORM, FONT, STATE = "/XObject", "/XObject", "/Font", "/ExtGState"

HIDDEN: dict[str, tuple[bytes, Change | None]] = {
    "neither_filled_nor_stroked": (b"3 Tr " + WORD, None),
    "as_a_clip": (b"7 Tr " + WORD, None),
    "in_white": (b"1 g " + WORD, None),
    "in_white_of_rgb": (b"1 1 1 rg " + WORD, None),
    "in_white_of_cmyk": (b"0 0 0 0 k " + WORD, None),
    "stroked_in_white": (b"1 Tr 1 G " + WORD, None),
    "in_the_colour_of_its_ground": (b"0 0 1 rg 0 500 600 200 re f " + WORD, None),
    "in_tiny_letters": (b"BT /F 2 Tf 50 600 Td (Word) Tj ET", None),
    "in_letters_made_tiny": (b".1 0 0 .1 0 0 cm BT /F 12 Tf 50 600 Td (Word) Tj ET", None),
    "beside_the_page": (b"BT /F 12 Tf 700 600 Td (Word) Tj ET", None),
    "outside_the_crop_box": (
        WORD,
        lambda pdf: setattr(pdf.pages[0], "CropBox", Array([0, 650, 600, 800])),
    ),
    "clipped_away": (b"q 0 0 10 10 re W n " + WORD + b"Q", None),
    "clipped_by_an_empty_path": (b"q W* n " + WORD + b"Q", None),
    "in_optional_content": (b"/OC /P BDC " + WORD + b"EMC", None),
    "in_a_form_of_optional_content": (b"/X Do", put(FORM, "/X", form(WORD, OC=Dictionary()))),
    "in_a_form_called_in_optional_content": (
        b"/OC /P BDC /X Do EMC",
        put(FORM, "/X", form(b"EMC " + WORD)),
    ),
    "in_a_form_called_invisibly": (b"3 Tr /X Do 0 Tr", put(FORM, "/X", form(WORD))),
    "in_a_form_called_in_white": (b"1 g /X Do", put(FORM, "/X", form(WORD))),
    "outside_a_form": (b"/X Do", put(FORM, "/X", form(WORD, BBox=Array([0, 0, 9, 9])))),
    "under_an_image": (WORD + b"q 200 0 0 200 0 500 cm /X Do Q", put(IMAGE, "/X", image())),
    "under_an_inline_image": (
        WORD + b"q 200 0 0 200 0 500 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q",
        None,
    ),
    "under_a_rectangle": (WORD + b"0 1 0 rg 0 500 600 200 re f", None),
    "under_a_rectangle_of_lines": (WORD + b"0 500 m 600 500 l 600 700 l 0 700 l h f", None),
    "under_a_shading": (WORD + b"q 0 500 600 150 re W n /X sh Q", None),
    "all_but_transparent": (
        b"/X gs " + WORD,
        put(STATE, "/X", lambda _: Dictionary(ca=0)),
    ),
    "under_a_soft_mask": (
        b"/X gs " + WORD,
        put(STATE, "/X", lambda _: Dictionary(SMask=Dictionary(S=Name.Alpha))),
    ),
    "in_a_font_that_draws_anything": (
        b"BT /X 12 Tf 50 600 Td (Wo) Tj ET",
        put(FONT, "/X", type3),
    ),
}

SHOWN: dict[str, tuple[bytes, Change | None]] = {
    "as_it_is": (WORD, None),
    "filled_and_stroked": (b"2 Tr " + WORD, None),
    "in_white_on_black": (b"0 g 0 500 600 150 re f 1 g " + WORD, None),
    "on_a_ground_of_its_own": (b"1 1 0 rg 0 500 600 150 re f 0 g " + WORD, None),
    "within_a_frame": (WORD + b"0 500 600 150 re 10 510 580 130 re f*", None),
    "underlined": (WORD + b"50 602 100 1 re f", None),
    "on_a_picture": (b"q 600 0 0 150 0 500 cm /X Do Q " + WORD, put(IMAGE, "/X", image())),
    "under_a_stamp_with_a_mask": (
        WORD + b"q 200 0 0 200 0 500 cm /X Do Q",
        put(IMAGE, "/X", image(SMask=Dictionary(Width=1))),
    ),
    "under_a_light_colour": (
        WORD + b"/X gs 1 1 0 rg 0 500 600 200 re f",
        put(STATE, "/X", lambda _: Dictionary(ca=0.4)),
    ),
    "where_the_clip_is": (b"q 0 500 600 150 re W n " + WORD + b"Q", None),
    "after_what_was_clipped": (b"q 0 0 1 1 re W n Q " + WORD, None),
    "after_what_was_white": (b"q 1 g 3 Tr Q " + WORD, None),
    "in_a_form": (b"/X Do", put(FORM, "/X", form(WORD))),
    "after_optional_content": (b"/OC /P BDC EMC " + WORD, None),
    "with_white_space_in_white": (b"1 g BT /F 12 Tf 50 650 Td (  ) Tj ET 0 g " + WORD, None),
}


@pytest.mark.parametrize("way", HIDDEN)
def test_text_that_nobody_sees_beside_text_that_is_seen_is_a_fault(way: str) -> None:
    content, change = HIDDEN[way]
    with pytest.raises(Unfit, match=r"pdf\.hidden_text"):
        read(a_page(SEEN + content, change))


@pytest.mark.parametrize("way", HIDDEN)
def test_a_page_of_which_nothing_is_seen_has_no_text(way: str) -> None:
    content, change = HIDDEN[way]
    assert read(a_page(content, change)) == ("",)


@pytest.mark.parametrize("way", SHOWN)
def test_text_that_is_seen_is_read(way: str) -> None:
    content, change = SHOWN[way]
    assert read(a_page(SEEN + content, change)) == ("Seen\nWord",)


def test_a_scan_with_recognised_text_behind_it_is_a_scan() -> None:
    behind = b"3 Tr " + SEEN + WORD + b"q " + OVER + b"/X Do Q"
    assert read(a_page(behind, put(IMAGE, "/X", image()))) == ("",)


def text(*strings: tuple[int, int, str]) -> bytes:
    return b"".join(
        b"BT /F 12 Tf %d %d Td (%s) Tj ET\n" % (x, y, one.encode()) for x, y, one in strings
    )


@pytest.mark.parametrize(
    ("strings", "lines"),
    [
        ([(50, 600, "below"), (50, 700, "above")], "above\nbelow"),
        ([(350, 700, "right"), (50, 700, "left")], "left\tright"),
        ([(350, 700, "right")], "\tright"),
        ([(62, 700, "b"), (50, 703, "a"), (50, 680, "c")], "a b\nc"),
        ([(50, 700, "two words")], "two words"),
        ([(50, 700, "bold"), (50.4, 700, "bold")], "bold"),
    ],
)
def test_lines_are_made_of_where_words_stand(
    strings: Sequence[tuple[int, int, str]], lines: str
) -> None:
    assert read(a_page(text(*strings))) == (lines,)


@pytest.mark.parametrize(
    ("rotate", "matrix"),
    [(90, b"0 1 -1 0 600 0"), (180, b"-1 0 0 -1 600 800"), (270, b"0 -1 1 0 0 800")],
)
def test_a_page_that_is_shown_turned_is_read_upright(rotate: int, matrix: bytes) -> None:
    def turn(pdf: Pdf) -> None:
        pdf.pages[0].Rotate = rotate

    upright = b"BT /F 12 Tf 1 0 0 1 50 500 Tm (Seen) Tj ET "
    assert read(a_page(matrix + b" cm " + upright, turn)) == ("Seen",)
    assert read(a_page(matrix + b" cm " + upright)) == ("",)


def annotated(**entries: pikepdf.Object) -> Change:
    def change(pdf: Pdf) -> None:
        look = {"/Type": Name.Annot, "/Rect": Array([0, 0, 99, 99])}
        one = Dictionary(look | {f"/{name}": entry for name, entry in entries.items()})
        put_on = pdf.make_indirect(one)
        pdf.pages[0].Annots = Array([put_on])
        if entries["Subtype"] == Name.Widget:
            pdf.Root.AcroForm = Dictionary(Fields=Array([put_on]))

    return change


@pytest.mark.parametrize("kind", ["FreeText", "Stamp", "StrikeOut", "Square", "Text", "Redact"])
def test_what_is_put_on_top_is_a_fault(kind: str) -> None:
    with pytest.raises(Unfit, match=r"pdf\.annotated"):
        read(a_page(SEEN, annotated(Subtype=Name(f"/{kind}"))))


def test_a_field_on_top_is_a_fault_unless_it_is_a_signature() -> None:
    with pytest.raises(Unfit, match=r"pdf\.annotated"):
        read(a_page(SEEN, annotated(Subtype=Name.Widget, FT=Name.Tx, V=String("x"))))
    assert read(a_page(SEEN, annotated(Subtype=Name.Widget, FT=Name.Sig))) == ("Seen",)
    assert read(a_page(SEEN, annotated(Subtype=Name.Link))) == ("Seen",)


@pytest.mark.parametrize(
    "font",
    [
        composite(Encoding=Name("/UniJIS-UCS2-H")),
        composite(Encoding=Name("/../../etc/passwd")),
        composite(Encoding=Name("/Identity-V")),
        lambda pdf: composite(ToUnicode=pdf.make_stream(b"/Adobe-Japan1-UCS2 usecmap"))(pdf),
    ],
)
def test_a_font_whose_codes_are_explained_elsewhere_is_not_read(font: object) -> None:
    with pytest.raises(Unfit, match=r"pdf\.text_unread"):
        read(a_page(b"BT /X 12 Tf 50 600 Td (Wo) Tj ET", put(FONT, "/X", font)))  # type: ignore[arg-type] # a builder


def test_a_letter_whose_font_does_not_say_what_it_is_is_marked() -> None:
    assert read(a_page(b"BT /X 12 Tf 50 600 Td (Wo) Tj ET", put(FONT, "/X", composite()))) == (
        "\ufffd",
    )


def bomb(pdf: Pdf) -> None:
    """Forms that draw ten others each, ten deep."""
    below = put(FORM, "/X", form(WORD))
    below(pdf)
    for _ in range(10):
        inner = pdf.pages[0].Resources.XObject.X
        own = Dictionary(XObject=Dictionary(X=pdf.make_indirect(inner)))
        put(FORM, "/X", form(b"/X Do " * 10, Resources=own))(pdf)


@pytest.mark.parametrize(
    ("content", "change"),
    [
        (b"/X Do", bomb),
        (b"/X Do " * (FORMS_LIMIT + 1), put(FORM, "/X", form(b""))),
        (b"BT /F 12 Tf 50 700 Td (" + b"x" * (GLYPHS_LIMIT + 1) + b") Tj ET", None),
        (SEEN + b"0 0 600 800 re f " * (LOOKS_LIMIT // 64), None),
        (SEEN + b"0 0 600 800 re " * (LOOKS_LIMIT // 64) + b"f", None),
    ],
    ids=["forms_in_forms", "forms", "glyphs", "covers", "covers_at_once"],
)
def test_what_would_take_too_long_is_refused(content: bytes, change: Change | None) -> None:
    with pytest.raises(Unfit, match=r"pdf\.text_unread"):
        read(a_page(content, change))


def test_a_page_full_of_framed_cells_is_read() -> None:
    """As WeasyPrint draws a table: each frame goes around its cell and leaves it out."""
    cells = [(50 * column, 10 * row) for column in range(12) for row in range(80)]
    frames = (f"{x} {y} 50 10 re {x + 1} {y + 1} 48 8 re f*" for x, y in cells)
    words = (f"BT /F 6 Tf {x + 5} {y + 3} Td (Word) Tj ET" for x, y in cells)
    content = "\n".join((*frames, *words)).encode()
    (text,) = read(a_page(content))
    assert text.count("Word") == len(cells)


def test_what_lies_under_one_of_many_covers_is_hidden() -> None:
    cells = b"".join(b"%d 0 4 800 re f " % (6 * at) for at in range(100))
    with pytest.raises(Unfit, match=r"pdf\.hidden_text"):
        read(a_page(SEEN + WORD + b"1 g " + cells.replace(b" 0 4 800", b" 590 9 20")))


def test_what_stands_behind_so_many_pages_is_not_read() -> None:
    def repeat(pdf: Pdf) -> None:
        for _ in range(PAGES_LIMIT + 5):
            pdf.pages.append(pdf.pages[0])

    assert read(a_page(SEEN, repeat)) == ("Seen",) * PAGES_LIMIT


def test_a_form_that_draws_itself_ends() -> None:
    def itself(pdf: Pdf) -> None:
        put(FORM, "/X", form(b"/X Do " + WORD))(pdf)
        inner = pdf.make_indirect(pdf.pages[0].Resources.XObject.X)
        pdf.pages[0].Resources.XObject.X = inner
        inner.Resources = Dictionary(XObject=Dictionary(X=inner), Font=pdf.pages[0].Resources.Font)

    assert read(a_page(SEEN + b"/X Do", itself)) == ("Seen\nWord",)


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*SHOWN, *HIDDEN]), min_size=1, max_size=4), st.binary(max_size=60))
def test_any_content_is_read_or_refused(ways: list[str], noise: bytes) -> None:
    content = b" ".join({**SHOWN, **HIDDEN}[way][0] for way in ways)
    half = len(content) // 2
    # what else it may raise is «not read» (`judge`); what would kill it is not among that
    with suppress(Unfit, PDFException, PSException, ArithmeticError, LookupError, TypeError):
        read(a_page(content[:half] + noise + content[half:]))


# signed


@pytest.fixture(scope="module")
def drawn() -> bytes:
    letter = OwnLetter(ADDRESSEE, DAY, own_letter.to_issue(2), urgency="Khẩn")
    sheet = own_letter.list_of(FORM_01, [teacher.row() for teacher in TEACHERS[:2]])
    return own_letter.embed(letter.draw(), sheet)


@pytest.fixture(scope="module")
def signed(drawn: bytes, leader: Signer, seal: Signer) -> bytes:
    return paper.sign(paper.sign(drawn, leader, "leader"), seal, "seal")


def judged(pdf: bytes, pki: ForeignPki) -> SignedFile:
    now = datetime.now(UTC)
    return judging.judge(pdf, "CV.pdf", trust_of(pki), crls_of(pki), (), now)


def test_a_signed_letter_says_what_it_shows(signed: bytes, pki: ForeignPki) -> None:
    file = judged(signed, pki)
    assert file.faults == ()
    assert len(file.passed) == 2
    parts = read_letter(file.text)
    assert parts.unclear == ()
    assert (parts.number, parts.count, parts.urgency) == ("05/THPTCVA-VP", "2", "Khẩn")
    assert parts.extract == own_letter.EXTRACT
    assert parts.addressees == (ADDRESSEE,)


async def test_it_is_read_where_no_file_can_be_opened(signed: bytes, pki: ForeignPki) -> None:
    sandbox = Sandbox(servers.Sandbox(), [judging.__name__])
    try:
        file = await sandbox.call(
            judging.judge_part, signed, None, "CV.pdf", trust_of(pki).to_der(), crls_of(pki), (),
            datetime.now(UTC), answer=SignedFile,
        )  # fmt: skip
    finally:
        await sandbox.close()
    assert file.text == judged(signed, pki).text


def test_nothing_is_said_where_nobody_is_believed(
    drawn: bytes, pki: ForeignPki, leader: Signer
) -> None:
    assert judged(drawn, pki).text == ()
    with ForeignPki() as other:
        stranger = paper.sign(drawn, other.signer("Người lạ", key=leader.key), "leader")
        assert judged(stranger, pki).text == ()


def test_a_form_speaks_by_its_fields(pki: ForeignPki, leader: Signer) -> None:
    assert judged(paper.sign(a_filled_form(), leader, "leader"), pki).text == ()


def encoded_as_nobody_knows(pdf: Pdf) -> None:
    pdf.pages[0].Contents.Filter = Name.Unknown


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (a_page(SEEN + b"3 Tr " + WORD), "pdf.hidden_text"),
        (a_page(SEEN, annotated(Subtype=Name.Stamp)), "pdf.annotated"),
        (a_page(SEEN, encoded_as_nobody_knows), "pdf.text_unread"),
    ],
)
def test_a_letter_that_hides_or_cannot_be_read_says_nothing(
    page: bytes, fault: str, pki: ForeignPki, leader: Signer
) -> None:
    file = judged(paper.sign(page, leader, "leader"), pki)
    assert (file.faults, file.text) == ((fault,), ())
    assert len(file.signatures) == 1


def test_a_page_that_is_changed_between_two_signatures_says_nothing(
    drawn: bytes, pki: ForeignPki, leader: Signer, seal: Signer
) -> None:
    once = paper.sign(drawn, leader, "leader")
    writer = IncrementalPdfFileWriter(io.BytesIO(once))
    content = writer.root["/Pages"]["/Kids"][0]["/Contents"]
    content._data = content.data.replace(b"Tj", b"Tj ")
    content._encoded_data = None
    writer.mark_update(writer.root["/Pages"]["/Kids"][0].raw_get("/Contents").reference)
    writer.write(changed := io.BytesIO())
    file = judged(paper.sign(changed.getvalue(), seal, "seal"), pki)
    assert (file.faults, file.text) == (("pdf.changed",), ())
    assert len(file.intact) == 2
