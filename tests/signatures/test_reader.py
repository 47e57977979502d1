"""Object streams: read as strictly as pyHanko reads them, and once."""

import io
import zlib

import pikepdf
import pytest
from pikepdf import Array, Dictionary, ObjectStreamMode
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures.hazards import find
from bot.signatures.reader import Reader


def packed(objects: int) -> bytes:
    """A PDF with so many objects in object streams, 100 in each."""
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.Root.Many = Array([pdf.make_indirect(Dictionary(At=at)) for at in range(objects)])
    pdf.save(saved := io.BytesIO(), object_stream_mode=ObjectStreamMode.generate)
    return saved.getvalue()


def one_stream(table: bytes, count: int, *, index: int = 0, found: bytes = b"<</At 1>>") -> bytes:
    """A PDF whose object 4 is said to be the one at `index` in the stream that begins so."""
    written = io.BytesIO(b"%PDF-1.7\n")
    written.seek(0, io.SEEK_END)
    places = []
    content = table + found
    bodies = (
        b"<</Type/Catalog/Pages 2 0 R/Many 4 0 R>>",
        b"<</Type/Pages/Kids[]/Count 0>>",
        b"<</Type/ObjStm/N %d/First %d/Length %d>>stream\n%s\nendstream"
        % (count, len(table), len(content), content),
    )
    for number, body in enumerate(bodies, 1):
        places.append(written.tell())
        written.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = written.tell()
    rows = [(0, 0, 255), *((1, place, 0) for place in places), (2, 3, index), (1, start, 0)]
    raw = zlib.compress(b"".join(bytes([k]) + at.to_bytes(3) + bytes([i]) for k, at, i in rows))
    written.write(
        b"5 0 obj\n<</Type/XRef/W[1 3 1]/Size 6/Root 1 0 R/Filter/FlateDecode/Length %d>>stream\n"
        % len(raw)
        + raw
        + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
    )
    return written.getvalue()


def test_the_same_as_pyhanko() -> None:
    pdf = packed(250)
    ours, theirs = Reader(pdf), PdfFileReader(io.BytesIO(pdf), strict=True)
    one, other = ours.root["/Many"], theirs.root["/Many"]
    assert [one[at]["/At"] for at in range(250)] == [other[at]["/At"] for at in range(250)]


def test_thousands_of_objects_in_one_stream_take_no_minutes() -> None:
    count = 4_000
    table = b"".join(b"%d 0 " % number for number in range(4, 4 + count))
    reader = Reader(one_stream(table, count))
    for at in range(count):
        reader._get_object_from_stream(4 + at, 3, at)  # as its cross-references would
    assert find(reader) == ()


def test_an_object_where_it_is_said_to_be() -> None:
    assert Reader(one_stream(b"4 0 ", 1)).root["/Many"]["/At"] == 1


@pytest.mark.parametrize(
    "pdf",
    [
        one_stream(b"7 0 ", 1),
        one_stream(b"4 0 4 0 ", 2, index=1),
        one_stream(b"4 0 ", 1, index=1),
        one_stream(b"4 0 ", 2),
        one_stream(b"4 0 ", -1),
        one_stream(b"4 -1 ", 1),
        one_stream(b"4 x ", 1),
        one_stream(b"4 9999 ", 1),
        one_stream(b"4 0 ", 1, found=b"1 0 R "),
    ],
    ids=["another", "twice", "beyond", "few", "none", "before", "no_number", "far", "reference"],
)
def test_a_stream_that_cannot_be_trusted(pdf: bytes) -> None:
    with pytest.raises(PdfReadError):
        Reader(pdf).root["/Many"]
