"""What an adversary does to a letter: before it is signed, or behind the signatures."""

import io
import re
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

Change = Callable[[pikepdf.Pdf], None]
Writer = IncrementalPdfFileWriter
Update = Callable[[Writer], None]

# Before signing: the file is made anew.


def remade(pdf: bytes, change: Change) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        change(opened)
        opened.save(saved := io.BytesIO())
    return saved.getvalue()


def field_named(pdf: pikepdf.Pdf, name: str) -> pikepdf.Object:
    return next(one for one in pdf.Root.AcroForm.Fields if str(one.T) == name)


def with_a_twin(pdf: pikepdf.Pdf) -> None:
    """A second field of the same name with another value."""
    twin = Dictionary(FT=Name.Tx, T=String("row_01_email"), V=String("other@thptcva.edu.vn"))
    pdf.Root.AcroForm.Fields.append(pdf.make_indirect(twin))


def with_a_differing_kid(pdf: pikepdf.Pdf) -> None:
    field = field_named(pdf, "row_01_email")
    kid = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Parent=field, V=String("other@a.vn"))
    field.Kids = Array([pdf.make_indirect(kid)])


def with_an_orphaned_widget(pdf: pikepdf.Pdf) -> None:
    """A field that claims another parent than the one it hangs from."""
    other = Dictionary(FT=Name.Tx, T=String("x"), V=String("other@thptcva.edu.vn"))
    field_named(pdf, "row_01_email").Parent = pdf.make_indirect(other)


def with_a_value_that_is_no_text(pdf: pikepdf.Pdf) -> None:
    field_named(pdf, "row_01_email").V = pdf.make_stream(b"other@thptcva.edu.vn")


def with_a_value_behind_a_reference(pdf: pikepdf.Pdf) -> None:
    field = field_named(pdf, "row_01_email")
    field.V = pdf.make_indirect(field.V)


def with_radio_buttons(pdf: pikepdf.Pdf) -> None:
    """A sound group of two, the second chosen: more than one look of one field."""
    group = pdf.make_indirect(Dictionary(FT=Name.Btn, Ff=32768, T=String("sector"), V=Name.b))
    group.Kids = Array([_kid(pdf, group, AS=state) for state in (Name.Off, Name.b)])
    pdf.Root.AcroForm.Fields.append(group)


def _kid(pdf: pikepdf.Pdf, field: pikepdf.Object, **entries: object) -> pikepdf.Object:
    """A widget of `field` that stands on the page beside it."""
    look = {"/Type": Name.Annot, "/Subtype": Name.Widget, "/Rect": Array([10, 10, 200, 20])}
    own = {f"/{key}": value for key, value in entries.items()}
    kid = pdf.make_indirect(Dictionary({**look, **own, "/Parent": field}))
    pdf.pages[0].Annots.append(kid)
    return kid


def _split(pdf: pikepdf.Pdf, name: str, **entries: object) -> None:
    """Make one field of form and look a field with one kid, which shows it."""
    field = field_named(pdf, name)
    annotations = pdf.pages[0].Annots
    at = next(at for at, one in enumerate(annotations) if one.objgen == field.objgen)
    del annotations[at]
    for key in ("/Type", "/Subtype", "/Rect", "/AS", "/AP"):
        if key in field:
            del field[key]
    field.Kids = Array([_kid(pdf, field, **entries)])


def with_one_kid(pdf: pikepdf.Pdf) -> None:
    """As office software splits them; all is sound."""
    _split(pdf, "row_01_email")
    _split(pdf, "declare_sector", AS=Name.on)


def with_an_unticked_kid(pdf: pikepdf.Pdf) -> None:
    _split(pdf, "declare_sector", AS=Name.Off)


def with_a_kid_of_no_state(pdf: pikepdf.Pdf) -> None:
    _split(pdf, "declare_sector")


def with_two_kids(pdf: pikepdf.Pdf) -> None:
    _split(pdf, "row_01_email")
    field = field_named(pdf, "row_01_email")
    field.Kids.append(_kid(pdf, field))


def _flagged(flags: int) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        field_named(pdf, "row_01_email").F = flags

    return change


INVISIBLE, HIDDEN, NO_VIEW = _flagged(4 | 1), _flagged(4 | 2), _flagged(4 | 32)


def _with_rect(*corners: float) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        field_named(pdf, "row_01_email").Rect = Array(list(corners))

    return change


EMPTY_RECT, THIN_RECT = _with_rect(10, 10, 10, 10), _with_rect(10, 10, 200, 11)
OUTSIDE_RECT, HALF_OUTSIDE_RECT = _with_rect(10, -40, 200, -20), _with_rect(600, 10, 700, 20)


def with_no_rect(pdf: pikepdf.Pdf) -> None:
    del field_named(pdf, "row_01_email").Rect


def with_no_subtype(pdf: pikepdf.Pdf) -> None:
    del field_named(pdf, "row_01_email").Subtype


def with_an_optional_layer(pdf: pikepdf.Pdf) -> None:
    layer = Dictionary(Type=Name.OCG, Name=String("a"))
    field_named(pdf, "row_01_email").OC = pdf.make_indirect(layer)


def _off_the_page(pdf: pikepdf.Pdf) -> None:
    page = pdf.pages[0]
    email = field_named(pdf, "row_01_email").objgen
    page.Annots = Array([one for one in page.Annots if one.objgen != email])


def with_a_field_on_no_page(pdf: pikepdf.Pdf) -> None:
    _off_the_page(pdf)


def with_a_field_on_two_pages(pdf: pikepdf.Pdf) -> None:
    pdf.add_blank_page().Annots = Array([field_named(pdf, "row_01_email")])


def with_a_cropped_page(pdf: pikepdf.Pdf) -> None:
    """Only the second page of all shows what the first one holds."""
    _off_the_page(pdf)
    page = pdf.add_blank_page()
    page.Annots = Array([field_named(pdf, "row_01_email")])
    page.CropBox = Array([300, 300, 400, 400])


def with_rich_text(pdf: pikepdf.Pdf) -> None:
    field_named(pdf, "row_01_email").RV = String("<p>other@thptcva.edu.vn</p>")


def with_a_password(pdf: pikepdf.Pdf) -> None:
    field_named(pdf, "row_01_email").Ff = 1 << 13


def with_a_choice_that_shows_otherwise(pdf: pikepdf.Pdf) -> None:
    field = field_named(pdf, "row_01_email")
    field.FT, field.Ff = Name.Ch, 1 << 17
    field.Opt = Array([Array([field.V, String("other@thptcva.edu.vn")])])


def with_a_field_that_has_another_name(pdf: pikepdf.Pdf) -> None:
    """An unseen value under a name that is a whole sentence."""
    other = Dictionary(FT=Name.Tx, T=String("Goi 0987 de kich hoat"), V=String("a"))
    pdf.Root.AcroForm.Fields.append(pdf.make_indirect(other))


def with_a_field_that_has_a_long_name(pdf: pikepdf.Pdf) -> None:
    other = Dictionary(FT=Name.Tx, T=String("a" * 65), V=String("a"))
    pdf.Root.AcroForm.Fields.append(pdf.make_indirect(other))


def with_a_box_that_shows_otherwise(pdf: pikepdf.Pdf) -> None:
    field_named(pdf, "declare_sector").AS = Name.Off


def with_a_cycle_of_kids(pdf: pikepdf.Pdf) -> None:
    field = field_named(pdf, "row_01_email")
    field.Kids = Array([field])


def with_a_cycle_of_parents(pdf: pikepdf.Pdf) -> None:
    field = field_named(pdf, "row_01_email")
    del field.FT
    field.Parent = field


def with_xfa(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm.XFA = pdf.make_stream(b"<xdp/>")


def with_a_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def with_an_unreachable_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Extensions = Dictionary(X=Dictionary(S=Name.JavaScript, JS=String("1")))


def with_a_script_behind_a_reference(pdf: pikepdf.Pdf) -> None:
    kind = pdf.make_indirect(Name.JavaScript)
    pdf.Root.OpenAction = Dictionary(S=kind)


def with_a_calculation(pdf: pikepdf.Pdf) -> None:
    action = Dictionary(S=Name.JavaScript, JS=String("1"))
    field_named(pdf, "row_01_email").AA = Dictionary(C=action)


def with_a_launch(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.Launch, F=String("cmd.exe"))


def with_a_program_inside(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["thong-bao.pdf.exe"] = b"MZ"


def encrypted(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(saved := io.BytesIO(), encryption=pikepdf.Encryption(owner="a", user="", R=6))
    return saved.getvalue()


def heavy(numbers: int) -> bytes:
    """A small true file with one endless array: slow to parse, and large when parsed."""
    body = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    objects = [body, b"2 0 obj\n[" + b"0 " * numbers + b"]\nendobj\n"]
    held = b"%PDF-1.7\n"
    table = b"xref\n0 3\n0000000000 65535 f \n"
    for one in objects:
        table += b"%010d 00000 n \n" % len(held)
        held += one
    trailer = b"trailer\n<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(held)
    return held + table + trailer


def miscounted(pdf: bytes) -> bytes:
    """Readers differ in how many pages they show."""
    return pdf.replace(b"/Count 1 ", b"/Count 0 ", 1)


def hybrid(pdf: bytes, *, twice: int | None = None) -> bytes:
    """With two kinds of cross-references (7.5.8.4), as Word writes a tagged document.

    One object is found by the stream alone. `twice`: the number of another that the
    stream finds in another place than the table.
    """
    size = int(re.findall(rb"/Size (\d+)", pdf)[-1])
    before = int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])
    places = {}
    for number in (*([twice] if twice else []), size):
        places[number] = len(pdf)
        pdf += b"%d 0 obj\n[]\nendobj\n" % number
    stream = len(pdf)
    index = b"".join(b"%d 1 " % number for number in places)
    rows = b"".join(b"\1%s\0" % place.to_bytes(4) for place in places.values())
    ends = b"/Size %d /Root 1 0 R" % (size + 2)
    pdf += b"%d 0 obj\n<</Type /XRef /W [1 4 1] /Index [%s] /Length %d %s>>\nstream\n" % (
        size + 1, index, len(rows), ends,
    )  # fmt: skip
    pdf += rows + b"\nendstream\nendobj\n"
    table = len(pdf)
    pdf += b"xref\n%d 2\n0000000000 65535 f \n%010d 00000 n \n" % (size, stream)
    pdf += b"trailer\n<<%s /Prev %d>>\n" % (ends, before)
    last = len(pdf)
    pdf += b"xref\n0 0\ntrailer\n<<%s /Prev %d /XRefStm %d>>\n" % (ends, table, stream)
    return pdf + b"startxref\n%d\n%%%%EOF\n" % last


# Behind the signatures: an incremental update.


def updated(pdf: bytes, change: Update) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    writer.write(out := io.BytesIO())
    return out.getvalue()


def _field(writer: Writer, name: str) -> generic.DictionaryObject:
    fields = writer.root["/AcroForm"]["/Fields"]
    at = next(at for at in range(len(fields)) if fields[at]["/T"] == name)
    found: generic.DictionaryObject = fields[at]
    return found


def change_a_value(writer: Writer) -> None:
    field = _field(writer, "row_01_email")
    field["/V"] = pdf_string("other@thptcva.edu.vn")
    writer.update_container(field)


def change_an_appearance(writer: Writer) -> None:
    field = _field(writer, "row_01_email")
    stream = generic.StreamObject(stream_data=b"BT (other) Tj ET")
    stream["/Type"], stream["/Subtype"] = pdf_name("/XObject"), pdf_name("/Form")
    stream["/BBox"] = generic.ArrayObject([generic.NumberObject(at) for at in (0, 0, 9, 9)])
    field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(stream)})
    writer.update_container(field)


def add_a_second_form(writer: Writer) -> None:
    """Point the catalog to another AcroForm, with the signatures and one other value."""
    old = writer.root["/AcroForm"]
    evil = generic.DictionaryObject(
        {
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/T"): pdf_string("row_01_email"),
            pdf_name("/V"): pdf_string("other@thptcva.edu.vn"),
        }
    )
    kept = [
        old["/Fields"].raw_get(at)
        for at in range(len(old["/Fields"]))
        if old["/Fields"][at].get("/T") != "row_01_email"
    ]
    fields = generic.ArrayObject([*kept, writer.add_object(evil)])
    form = generic.DictionaryObject({pdf_name("/Fields"): fields})
    writer.root["/AcroForm"] = writer.add_object(form)
    writer.update_root()


def add_a_field_named(name: str) -> Update:
    def add(writer: Writer) -> None:
        new = generic.DictionaryObject(
            {
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): pdf_string(name),
                pdf_name("/V"): pdf_string("other@thptcva.edu.vn"),
            }
        )
        fields = writer.root["/AcroForm"]["/Fields"]
        fields.append(writer.add_object(new))
        writer.update_container(fields)

    return add


add_a_field = add_a_field_named("row_02_email")


def repaint_the_page(writer: Writer) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"q Q"))
    writer.update_container(page)


def add_a_note(writer: Writer) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Contents"): pdf_string("other"),
            pdf_name("/Rect"): generic.ArrayObject(
                [generic.NumberObject(at) for at in (0, 0, 99, 99)]
            ),
        }
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])


def add_a_page(writer: Writer) -> None:
    pages = writer.root["/Pages"]
    page = generic.DictionaryObject(
        {pdf_name("/Type"): pdf_name("/Page"), pdf_name("/Parent"): writer.root.raw_get("/Pages")}
    )
    pages["/Kids"].append(writer.add_object(page))
    pages["/Count"] = generic.NumberObject(len(pages["/Kids"]))
    writer.update_container(pages)


def add_an_unreachable_object(writer: Writer) -> None:
    writer.add_object(pdf_string("smuggled"))


def in_a_million_pieces() -> bytes:
    """A CMS (BER) that holds its content an octet at a time."""
    head = "3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080 2480"
    tail = "0000 0000 0000 3102 3000 0000 0000 0000"
    return bytes.fromhex(head) + b"\x04\x01x" * 1_000_000 + bytes.fromhex(tail)
