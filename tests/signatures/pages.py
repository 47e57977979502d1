"""Pages drawn by hand: one line of text, and whatever is done to hide it."""

import io
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures.text import read_text

SEEN = b"BT /F 12 Tf 50 700 Td (Seen) Tj ET\n"
WORD = b"BT /F 12 Tf 50 600 Td (Word) Tj ET\n"
Change = Callable[[Pdf], None]


def a_page(content: bytes, change: Change | None = None, **resources: pikepdf.Object) -> bytes:
    """A page of 600 by 800 points with Helvetica as /F, `content`, and more resources."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(600, 800))
    fonts = {"/F": _helvetica(pdf)}
    page.Resources = Dictionary({"/Font": Dictionary(fonts), **resources})
    page.Contents = pdf.make_stream(content)
    if change:
        change(pdf)
    pdf.save(saved := io.BytesIO())
    return saved.getvalue()


def _helvetica(pdf: Pdf) -> pikepdf.Object:
    kind = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    kind.Encoding = Name.WinAnsiEncoding
    return pdf.make_indirect(kind)


def read(pdf: bytes) -> tuple[str, ...]:
    return read_text(PdfFileReader(io.BytesIO(pdf), strict=True))


def put(kind: str, name: str, make: Callable[[Pdf], pikepdf.Object]) -> Change:
    """A resource of that kind and name."""

    def change(pdf: Pdf) -> None:
        resources = pdf.pages[0].Resources
        if kind not in resources:
            resources[kind] = Dictionary()
        resources[kind][name] = make(pdf)

    return change


def image(**more: pikepdf.Object) -> Callable[[Pdf], Stream]:
    def make(pdf: Pdf) -> Stream:
        return Stream(
            pdf, b"\x80", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1,
            ColorSpace=Name.DeviceGray, BitsPerComponent=8, **more,
        )  # fmt: skip

    return make


def form(content: bytes, **more: pikepdf.Object) -> Callable[[Pdf], Stream]:
    def make(pdf: Pdf) -> Stream:
        resources = pdf.pages[0].Resources
        box = Array([0, 0, 600, 800])
        whole = {"BBox": box, "Resources": resources, **more}
        return Stream(pdf, content, Type=Name.XObject, Subtype=Name.Form, **whole)

    return make


def type3(pdf: Pdf) -> pikepdf.Object:
    """A font whose letters paint nothing."""
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font, Subtype=Name.Type3, FontBBox=Array([0, 0, 1, 1]),
            FontMatrix=Array([1, 0, 0, 1, 0, 0]), FirstChar=0, LastChar=255,
            Widths=Array([1] * 256), CharProcs=Dictionary(a=pdf.make_stream(b"")),
            Encoding=Dictionary(Type=Name.Encoding, Differences=Array([87, Name.W, Name.o])),
        )
    )  # fmt: skip


def composite(**changes: pikepdf.Object) -> Callable[[Pdf], pikepdf.Object]:
    """A Type0 font that is not embedded."""

    def make(pdf: Pdf) -> pikepdf.Object:
        system = Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0)
        below = Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name.X, CIDSystemInfo=system
        )
        whole = {
            "Type": Name.Font, "Subtype": Name.Type0, "BaseFont": Name.X,
            "Encoding": Name("/Identity-H"), "DescendantFonts": Array([pdf.make_indirect(below)]),
            **changes,
        }  # fmt: skip
        return pdf.make_indirect(Dictionary({f"/{key}": one for key, one in whole.items()}))

    return make
