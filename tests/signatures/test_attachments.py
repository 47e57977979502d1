"""Sheets embedded in a signed letter: found wherever they stand, the same in every revision."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures import pdf
from bot.signatures.attachments import embedded, read_workbooks
from bot.signatures.revisions import Unfit
from bot.signatures.verdict import SignedFile
from demo import paper
from demo.foreign import ForeignPki, Signer
from tests.inbox.workbooks import ODS, XLSX, packed
from tests.signatures.builders import a_filled_form, a_form, crls_of, trust_of
from tests.signatures.hostile import Change, Writer, remade, updated

SHEET = packed(XLSX)


def specification(
    opened: pikepdf.Pdf, content: bytes = SHEET, name: str = "danh sách.xlsx"
) -> pikepdf.Object:
    stream = opened.make_indirect(opened.make_stream(content, Type=Name.EmbeddedFile))
    files = Dictionary(F=stream, UF=stream)
    written = Dictionary(Type=Name.Filespec, F=String(name), UF=String(name), EF=files)
    return opened.make_indirect(written)


def in_the_tree(content: bytes = SHEET, name: str = "danh sách.xlsx") -> Change:
    def change(opened: pikepdf.Pdf) -> None:
        leaf = Dictionary(Names=Array([String(name), specification(opened, content, name)]))
        opened.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Kids=Array([leaf])))

    return change


def associated(opened: pikepdf.Pdf) -> None:
    opened.Root.AF = Array([specification(opened)])


def associated_with_the_page(opened: pikepdf.Pdf) -> None:
    opened.pages[0].AF = Array([specification(opened)])


def annotated(opened: pikepdf.Pdf) -> None:
    note = Dictionary(
        Type=Name.Annot,
        Subtype=Name.FileAttachment,
        Rect=Array([1, 1, 9, 9]),
        FS=specification(opened),
    )
    opened.pages[0].Annots.append(opened.make_indirect(note))


def everywhere(opened: pikepdf.Pdf) -> None:
    in_the_tree()(opened)
    associated(opened)
    annotated(opened)


def reader(change: Change) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(remade(a_form(), change)))


@pytest.mark.parametrize(
    "change", [in_the_tree(), associated, associated_with_the_page, annotated, everywhere]
)
def test_a_file_is_found_wherever_it_stands_and_once(change: Change) -> None:
    assert embedded(reader(change)) == [("danh sách.xlsx", SHEET)]


def test_two_faces_of_one_file_are_two_files() -> None:
    def change(opened: pikepdf.Pdf) -> None:
        in_the_tree()(opened)
        (leaf,) = opened.Root.Names.EmbeddedFiles.Kids
        leaf.Names[1].EF.UF = opened.make_stream(packed(ODS))

    assert [content for _, content in embedded(reader(change))] == [packed(ODS), SHEET]
    assert len(read_workbooks([reader(change)])) == 2


def test_what_is_no_workbook_is_left_alone() -> None:
    assert read_workbooks([reader(in_the_tree(b"%PDF-1.7 ...", "phu luc.pdf"))]) == ()


def a_cycle(opened: pikepdf.Pdf) -> None:
    tree = opened.make_indirect(Dictionary())
    tree.Kids = Array([tree, tree])
    opened.Root.Names = Dictionary(EmbeddedFiles=tree)


def a_cycle_of_pages(opened: pikepdf.Pdf) -> None:
    opened.Root.Pages.Kids = Array([opened.Root.Pages])


def packed_otherwise(opened: pikepdf.Pdf) -> None:
    associated(opened)
    opened.Root.AF[0].EF.F.write(b"\x80", filter=Name.RunLengthDecode)


def many(opened: pikepdf.Pdf) -> None:
    opened.Root.AF = Array([specification(opened, b"%d" % at) for at in range(21)])


def many_workbooks(opened: pikepdf.Pdf) -> None:
    books = [packed({**XLSX, "xl/x.xml": str(at)}) for at in range(5)]
    opened.Root.AF = Array([specification(opened, book) for book in books])


@pytest.mark.parametrize(
    "change",
    [
        in_the_tree(bytes(33_000_000)),
        a_cycle,
        a_cycle_of_pages,
        packed_otherwise,
        many,
        many_workbooks,
    ],
)
def test_bombs_and_mazes_are_refused(change: Change) -> None:
    with pytest.raises(Unfit, match=r"pdf\.too_complex"):
        read_workbooks([reader(change)])


def test_revisions_must_hold_the_same() -> None:
    with pytest.raises(Unfit, match=r"pdf\.changed"):
        read_workbooks([reader(in_the_tree()), reader(in_the_tree(packed(ODS)))])


@pytest.fixture(scope="module")
def judge(pki: ForeignPki) -> Callable[[bytes], SignedFile]:
    now = datetime.now(UTC)
    crls, trust = crls_of(pki, now), trust_of(pki)
    return lambda data: pdf.judge(data, "Công văn.pdf", trust, crls, (), now + timedelta(minutes=5))


def attach(writer: Writer) -> None:
    """Another sheet, behind a signature."""
    stream = generic.StreamObject(stream_data=packed(ODS))
    files = generic.DictionaryObject({pdf_name("/F"): writer.add_object(stream)})
    written = generic.DictionaryObject(
        {pdf_name("/F"): pdf_string("b.ods"), pdf_name("/EF"): files}
    )
    writer.root["/AF"] = generic.ArrayObject([writer.add_object(written)])
    writer.update_root()


def test_a_signed_letter_brings_its_sheet(
    judge: Callable[[bytes], SignedFile], leader: Signer, seal: Signer
) -> None:
    blank = remade(a_filled_form(), in_the_tree())
    once = paper.sign(blank, leader, "leader")
    file = judge(paper.sign(once, seal, "seal"))
    assert file.faults == ()
    (book,) = file.workbooks
    assert (book.name, book.faults) == ("danh sách.xlsx", ())
    assert book.sheets[0].lines[1].cells[0] == "Nguyễn Thị Ánh"
    assert SignedFile.model_validate_json(file.model_dump_json()) == file

    between = judge(paper.sign(updated(once, attach), seal, "seal"))
    behind = judge(updated(once, attach))
    for changed in (between, behind):
        assert (changed.workbooks, "pdf.changed" in changed.faults) == ((), True)
    assert judge(blank).workbooks == ()
