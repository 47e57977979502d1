"""Agencies' own letters with their sheets, what mends them, and what is only tried out."""

import base64
import io
from datetime import datetime
from email.message import EmailMessage

import openpyxl
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec

from bot.clock import HANOI
from bot.config import Settings
from bot.dossier.form01 import FORM_01
from bot.register.lifecycle import Capacity, DossierStatus, ItemStatus, MailStatus
from bot.register.models import Agency, Dossier, Item
from demo.foreign import Signer
from demo.own_letter import EXTRACT, OwnLetter, embed, list_of, to_issue, to_withdraw
from demo.school import CODE, MAILBOX, Teacher
from demo.smime import sealed
from tests.dossiers.desk import Desk, Left
from tests.house import OFFICER, a_mail, register_signer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRECHECK = Settings().mailboxes.precheck
XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def written(number: str, *paragraphs: str, extract: str = EXTRACT) -> bytes:
    """The school's own letter of today, not signed yet."""
    today = datetime.now(HANOI).date()
    addressee = Settings().authority.name
    return OwnLetter(addressee, today, paragraphs, number=number, extract=extract).draw()


def asking(number: str, *teachers: Teacher) -> bytes:
    return written(number, *to_issue(len(teachers)))


def rows(*teachers: Teacher) -> bytes:
    return list_of(FORM_01, [teacher.row() for teacher in teachers])


def with_sheet(letter: bytes, sheet: bytes) -> EmailMessage:
    mail = a_mail(letter)
    mail.add_attachment(sheet, maintype="application", subtype=XLSX, filename="danh-sach.xlsx")
    return mail


def within(mail: bytes) -> bytes:
    """The signed part of a mail, without the mail's own fields."""
    return mail[mail.index(b"Content-Type: multipart/signed") :]


def transferred(file: bytes) -> bytes:
    """`file` as it stands in a mail."""
    return base64.encodebytes(file).replace(b"\n", b"\r\n")


def returned_sheet(left: Left) -> openpyxl.Workbook:
    """The one sheet that came back."""
    [sheet] = [
        part.get_content()
        for mail in left.told
        for part in mail.walk()
        if (part.get_filename() or "").endswith(".xlsx")
    ]
    return openpyxl.load_workbook(io.BytesIO(sheet))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clerk(standing: Desk) -> Signer:
    signer = standing.house.pki.signer(
        "Lê Thị Văn Thư", key=ec.generate_private_key(ec.SECP256R1())
    )
    await register_signer(
        await Agency.get(code=CODE), signer, Capacity.CLERK, datetime(2026, 1, 1, tzinfo=HANOI)
    )
    return signer


async def test_a_letter_with_its_list_inside(desk: Desk) -> None:
    teachers = (desk.teacher(), desk.teacher())
    letter = desk.house.school.sign(embed(asking("101/THPTCVA-VP", *teachers), rows(*teachers)))
    left = await desk.take(a_mail(letter))
    assert left.codes() == set()
    assert left.statuses == [DossierStatus.COMPLETED]
    assert left.made == 8  # certificate, account, person and key of each
    assert {teacher.mailbox for teacher in teachers} <= set(left.recipients)


async def test_a_letter_with_its_list_beside_it_under_the_seal(desk: Desk) -> None:
    teacher = desk.teacher()
    letter = desk.house.school.sign(asking("102/THPTCVA-VP", teacher))
    mail = sealed(with_sheet(letter, rows(teacher)), desk.house.school.seal)
    left = await desk.take(mail)
    assert left.codes() == set()
    assert (left.statuses, left.made) == ([DossierStatus.COMPLETED], 4)


async def test_a_list_that_only_a_clerk_sends_is_not_read(desk: Desk, clerk: Signer) -> None:
    teacher = desk.teacher()
    letter = desk.house.school.sign(asking("103/THPTCVA-VP", teacher))
    for mail in (
        sealed(with_sheet(letter, rows(teacher)), clerk),
        with_sheet(letter, rows(teacher)),
    ):
        left = await desk.take(mail)
        assert left.statuses == [DossierStatus.RETURNED]
        assert "sheet.loose" in left.codes()
        assert (left.made, await Item.filter(dossier=left.dossiers[0]).count()) == (0, 0)


async def test_a_list_that_was_exchanged_under_the_seal_is_not_read(desk: Desk) -> None:
    teacher, other = desk.teacher(), desk.teacher()
    letter = desk.house.school.sign(asking("104/THPTCVA-VP", teacher))
    listed, forged = rows(teacher), rows(other)
    raw = sealed(with_sheet(letter, listed), desk.house.school.seal)
    assert transferred(listed) in raw
    left = await desk.take(raw.replace(transferred(listed), transferred(forged)))
    assert (left.statuses, left.made) == ([DossierStatus.RETURNED], 0)
    assert "sheet.loose" in left.codes()


async def test_a_faulty_row_comes_back_in_its_own_sheet(desk: Desk) -> None:
    good, bad = desk.teacher(), desk.teacher(mailbox="@laocai.go")
    letter = desk.house.school.sign(embed(asking("105/THPTCVA-VP", good, bad), rows(good, bad)))
    left = await desk.take(a_mail(letter))
    assert left.made == 4
    page = returned_sheet(left).worksheets[0]
    assert page.cell(2, 1).value == "Đạt"
    assert "@laocai.go" in str(page.cell(3, 1).value)


async def test_what_is_mended_names_what_came_back(desk: Desk) -> None:
    teacher = desk.teacher()
    letter = desk.house.school.sign(asking("106/THPTCVA-VP", teacher))
    first = (await desk.take(a_mail(letter))).dossiers[0]
    assert first.status is DossierStatus.RETURNED
    body = (*to_issue(1), f"Văn bản này thay cho hồ sơ số {first.number} đã được trả lại.")
    mended = desk.house.school.sign(embed(written("107/THPTCVA-VP", *body), rows(teacher)))
    left = await desk.take(a_mail(mended))
    assert left.statuses == [DossierStatus.COMPLETED]
    assert left.dossiers[0].supersedes_id == first.id


async def test_what_is_not_done_yet_can_be_taken_back(desk: Desk) -> None:
    manager = desk.teacher(title="Kế toán trưởng")  # an officer looks at such a row
    held = (await desk.take(a_mail(desk.letter(manager)))).dossiers[0]
    assert await Item.filter(dossier=held, status=ItemStatus.HELD).exists()
    letter = written(
        "108/THPTCVA-VP", *to_withdraw(held.number), extract="V/v rút hồ sơ đề nghị cấp chứng thư"
    )
    left = await desk.take(a_mail(desk.house.school.sign(letter)))
    assert left.codes() == set()
    assert left.statuses == [DossierStatus.COMPLETED]
    assert (await Dossier.get(id=held.id)).status is DossierStatus.WITHDRAWN
    assert await Item.filter(dossier=held, status=ItemStatus.WITHDRAWN).count() == 1
    assert held.number in left.said(MAILBOX)


async def test_a_letter_that_recalls_another_is_an_officers(desk: Desk) -> None:
    letter = written(
        "109/THPTCVA-VP", "Trường thông báo thu hồi văn bản nêu trên.",
        extract="V/v thu hồi văn bản số 101/THPTCVA-VP",
    )  # fmt: skip
    left = await desk.take(a_mail(desk.house.school.sign(letter)))
    assert left.statuses == [DossierStatus.HELD]
    assert OFFICER in left.recipients


async def test_what_is_tried_out_becomes_nothing(desk: Desk) -> None:
    good, bad = desk.teacher(), desk.teacher(mailbox="@laocai.go")
    letter = desk.house.school.sign(embed(asking("110/THPTCVA-VP", good, bad), rows(good, bad)))
    before = await Dossier.all().count()
    mail = a_mail(letter)
    left = await desk.take(mail, to=PRECHECK)
    assert {mail.status for mail in left.mails} == {MailStatus.CHECKED}
    assert (left.dossiers, left.made, left.recipients) == ([], 0, [MAILBOX])
    assert await Dossier.all().count() == before
    assert "@laocai.go" in left.said(MAILBOX)
    assert "Đạt" in str(returned_sheet(left).worksheets[0].cell(2, 1).value)
    assert (await desk.take(mail)).made == 4  # the same bytes in earnest: nothing was used up


async def test_strangers_try_nothing_out(desk: Desk) -> None:
    stranger = desk.house.pki.signer("Người lạ", key=ec.generate_private_key(ec.SECP256R1()))
    mail = sealed(a_mail(sender="la@example.com"), stranger)
    left = await desk.take(mail, sender="la@example.com", to=PRECHECK)
    assert left.is_silent()
