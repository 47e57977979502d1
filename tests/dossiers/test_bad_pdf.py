"""Letters that are not the file that was signed, or no file that can be read."""

import unicodedata
import zlib
from collections.abc import Callable
from functools import cache

import pikepdf
import pytest
from cryptography import x509
from pyhanko.pdf_utils.generic import pdf_string

from bot import sandbox
from bot.dossier.application import row_from_json
from bot.dossier.rows import Row
from bot.register.lifecycle import DossierStatus, MailStatus
from bot.register.models import Certificate, Item
from bot.register.tasks import Queue
from bot.sections.servers import Sandbox
from bot.signatures.examine import PRELOAD
from demo.paper import sign
from demo.school import MAILBOX, School
from tests.dossiers.desk import Desk, Left, names_in_certificates
from tests.house import OFFICER, a_mail
from tests.signatures import hostile
from tests.signatures.hostile import Change, Writer

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = "ai-do@gmail.com"
FIELD = "row_01_mailbox"


def changing(change: Change) -> Callable[[School, bytes], bytes]:
    """Signed by both after `change` to the filled form."""
    return lambda school, filled: school.sign(hostile.remade(filled, change))


def assert_each_returned(left: Left, codes: set[str]) -> None:
    assert set(left.statuses) == {DossierStatus.RETURNED}
    assert left.codes() == codes
    assert (set(left.recipients), left.made, left.messages) == ({MAILBOX}, 0, [])
    assert len(left.told) == 2 * len(left.dossiers)  # a receipt and a return each


def change_the_mailbox(writer: Writer) -> None:
    fields = writer.root["/AcroForm"]["/Fields"]
    field = next(one for at in range(len(fields)) if (one := fields[at])["/T"] == FIELD)
    field["/V"] = pdf_string("ke-gian@hanoiedu.edu.vn")
    writer.update_container(field)


async def test_a_field_changed_after_signing(desk: Desk) -> None:
    left = await desk.take(
        *(
            a_mail(hostile.updated(desk.letter(), change))
            for change in (change_the_mailbox, hostile.repaint_the_page, hostile.add_a_field)
        )
    )
    assert len(left.dossiers) == 3
    assert_each_returned(left, {"form.divergent", "pdf.uncovered", "pdf.changed"})
    assert "Tệp PDF đã bị thay đổi sau khi ký số" in left.said(MAILBOX)
    assert "Nội dung ô này khác nhau giữa các lần ký số" in left.said(MAILBOX)
    assert "ke-gian" not in left.said(MAILBOX)


async def test_a_value_changed_between_the_two_signatures(desk: Desk) -> None:
    def between(school: School, filled: bytes) -> bytes:
        changed = hostile.updated(sign(filled, school.leader, "leader"), change_the_mailbox)
        return sign(changed, school.seal, "seal")

    left = await desk.take(a_mail(desk.house.letter(desk.teacher(), sign=between)))
    assert_each_returned(left, {"form.divergent"})
    assert "Địa chỉ thư điện tử công vụ" in left.said(MAILBOX)
    assert "đề nghị không sửa biểu mẫu sau chữ ký số thứ nhất" in left.said(MAILBOX).casefold()


async def test_a_second_value_smuggled_in(desk: Desk) -> None:
    def twin(pdf: pikepdf.Pdf) -> None:
        other = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=FIELD, V="ke-gian@hanoiedu.edu.vn")
        pdf.Root.AcroForm.Fields.append(pdf.make_indirect(other))

    def kid(pdf: pikepdf.Pdf) -> None:
        field = hostile.field_named(pdf, FIELD)
        other = pikepdf.Dictionary(Parent=field, V="ke-gian@hanoiedu.edu.vn")
        field.Kids = pikepdf.Array([pdf.make_indirect(other)])

    before = [
        a_mail(desk.house.letter(desk.teacher(), sign=changing(change))) for change in (twin, kid)
    ]
    after = a_mail(hostile.updated(desk.letter(), hostile.add_a_second_form))
    left = await desk.take(*before, after)
    assert len(left.dossiers) == 3
    assert set(left.statuses) == {DossierStatus.RETURNED}
    assert (set(left.recipients), left.made) == ({MAILBOX}, 0)
    assert "ke-gian" not in left.said(MAILBOX)


async def test_a_truncated_pdf(desk: Desk) -> None:
    letter = desk.letter()
    end_of_the_first = letter.rindex(b"%%EOF", 0, letter.rindex(b"%%EOF")) + len(b"%%EOF\n")
    silent = await desk.take(
        *(a_mail(letter[:end], sender=STRANGER) for end in (9, len(letter) // 2, len(letter) - 99))
    )
    assert silent.is_silent()
    left = await desk.take(a_mail(letter[:end_of_the_first]))
    assert_each_returned(left, {"signature.organisation_missing"})


async def test_an_encrypted_pdf(desk: Desk) -> None:
    locked = hostile.encrypted(desk.letter())
    silent = await desk.take(a_mail(locked, sender=STRANGER))
    assert silent.is_silent()
    left = await desk.take(a_mail(locked))
    assert (left.dossiers, left.recipients, left.made) == ([], [MAILBOX], 0)
    assert "không tìm thấy trong thư chữ ký số hợp lệ nào" in left.said(MAILBOX)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (hostile.with_xfa, "pdf.xfa", "biểu mẫu XFA"),
        (hostile.with_a_script, "pdf.active", "mã lệnh"),
    ],
)
async def test_a_pdf_that_may_show_something_else(
    desk: Desk, change: Change, code: str, words: str
) -> None:
    left = await desk.take(a_mail(desk.house.letter(desk.teacher(), sign=changing(change))))
    assert_each_returned(left, {code})
    assert words in left.said(MAILBOX)


async def test_a_cyclic_pdf(desk: Desk) -> None:
    """Where its signatures cannot be made out it is as good as unsigned; else it is returned."""

    def fields(pdf: pikepdf.Pdf) -> None:
        field = hostile.field_named(pdf, FIELD)
        field.Kids = pikepdf.Array([field])

    def parents(pdf: pikepdf.Pdf) -> None:
        field = hostile.field_named(pdf, FIELD)
        del field.FT
        field.Parent = field

    cycles = (
        a_mail(
            desk.house.letter(desk.teacher(), sign=changing(change)),
            sender=STRANGER,
        )
        for change in (fields, parents)
    )
    left = await desk.take(*cycles)
    assert DossierStatus.COMPLETED not in left.statuses
    assert (set(left.recipients) - {MAILBOX, OFFICER}, left.made) == (set(), 0)


async def test_vietnamese_in_nfd(desk: Desk) -> None:
    name = "Nguyễn Thị Ở Cường"
    typed = desk.teacher(full_name=unicodedata.normalize("NFD", name))
    assert typed.full_name != name
    letter = desk.letter(
        typed, letter_agency=unicodedata.normalize("NFD", "Trường THPT Chu Văn An")
    )
    left = await desk.take(a_mail(letter))
    assert (left.statuses, left.codes()) == ([DossierStatus.COMPLETED], set())
    assert await names_in_certificates(left.dossiers[0]) == [name]
    (item,) = await Item.filter(dossier=left.dossiers[0])
    assert row_from_json(item.asked, Row).full_name.value == name
    certificate = await Certificate.get(item=item)
    subject = x509.load_der_x509_certificate(certificate.der or b"").subject.rfc4514_string()
    assert unicodedata.is_normalized("NFC", subject)
    assert name in left.said(typed.mailbox)


def spinning(pdf: bytes) -> bytes:
    """With one more object, which takes longer to read than anybody waits."""
    entry = b"9999 0 obj\n[" + b"0 " * 4_000_000 + b"]\nendobj\n"
    table = b"xref\n9999 1\n%010d 00000 n \n" % len(pdf)
    trailer = b"trailer\n<</Size 10000/Root 1 0 R/Prev %d>>\n" % start_of(pdf)
    return pdf + entry + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + len(entry))


@cache
def bomb() -> bytes:
    """Unpacks to 640 MB."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(1 << 24)) for _ in range(40)) + packer.flush()


def eating(pdf: bytes) -> bytes:
    """With one more table of contents (7.5.8), a bomb."""
    packed = bomb()
    table = (
        b"9999 0 obj\n<</Type/XRef/Size 10000/W[1 4 2]/Root 1 0 R/Prev %d/Filter/FlateDecode"
        b"/Length %d>>\nstream\n" % (start_of(pdf), len(packed))
    )
    return pdf + table + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(pdf)


def start_of(pdf: bytes) -> int:
    """Where the newest table of contents begins."""
    return int(pdf[pdf.rindex(b"startxref") :].split()[1])


async def test_a_pdf_that_spins(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Could not check is neither good nor bad: somebody looks, and is told once an hour."""
    letter = spinning(desk.letter())
    impatient = sandbox.Sandbox(Sandbox(seconds=1), PRELOAD)
    monkeypatch.setattr(desk.house.running.tools[Queue.VET].examiner, "_sandbox", impatient)
    left = await desk.take(a_mail(letter), a_mail(letter, sender=STRANGER))
    await impatient.close()
    assert {mail.status for mail in left.mails} == {MailStatus.HELD}
    assert (left.dossiers, left.recipients, left.made) == ([], [OFFICER], 0)
    assert "[sandbox]" in left.said(OFFICER)


async def test_a_pdf_that_eats_memory(desk: Desk) -> None:
    """What it unpacks to is bounded: no file that can be read, and none to look at."""
    letter = eating(desk.letter())
    assert len(letter) < 5_000_000
    silent = await desk.take(
        a_mail(letter, sender=STRANGER), a_mail(eating(desk.house.blank), sender=STRANGER)
    )
    assert silent.is_silent()
    left = await desk.take(a_mail(letter))
    assert (left.dossiers, set(left.recipients) - {MAILBOX}, left.made) == ([], set(), 0)
