"""Forms 04 and 05 through the whole bot: read, numbered, judged, and left to an officer."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import pytest_asyncio

from bot.clock import HANOI, REVOCATION
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from bot.outbox.words import in_words
from bot.register.lifecycle import DossierStatus, ItemStatus
from bot.register.models import Certificate, Dossier, Item, Task
from bot.register.tasks import Kind
from demo.paper import fill
from demo.school import MAILBOX, Teacher, filled_in
from tests.dossiers.desk import Desk, plain_form
from tests.house import OFFICER, a_mail, drawn

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = "ai-do@gmail.com"
NUMBERS = count(901)  # of letters
CHANGE, REVOKE = Procedure.CHANGE, Procedure.REVOKE


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def holder(standing: Desk) -> tuple[Teacher, str]:
    """A teacher with a certificate, and its serial number as people write it."""
    teacher = standing.teacher()
    left = await standing.take(a_mail(standing.letter(teacher)))
    certificate = await Certificate.get(item__dossier_id=left.dossiers[0].id)
    octets = int(certificate.serial, 16).to_bytes(20, "big")
    return teacher, octets.hex(":").upper()


@pytest.fixture(scope="module")
def blanks() -> dict[Procedure, bytes]:
    return {one: plain_form(drawn(one), rows=2) for one in (CHANGE, REVOKE)}


def written(
    desk: Desk, blank: bytes, procedure: Procedure, *rows: dict[str, str], **changes: str
) -> bytes:
    today = datetime.now(HANOI).date()
    values = filled_in(FORMS[procedure], rows, today, f"{next(NUMBERS)}/THPTCVA-VP")
    return desk.house.school.sign(fill(blank, {**values, **changes}))


def renewal(teacher: Teacher, serial: str) -> dict[str, str]:
    return {
        "full_name": teacher.full_name,
        "serial": serial,
        "mailbox": teacher.mailbox,
        "renew": "on",
    }


def revocation(teacher: Teacher, serial: str) -> dict[str, str]:
    return {
        "full_name": teacher.full_name,
        "personal_number": teacher.personal_number,
        "issued_on": "20/06/2021",
        "issued_by": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
        "mailbox": teacher.mailbox,
        "serial": serial,
        "reason": "Mất điện thoại",
    }


async def due_of_result(dossier: Dossier) -> datetime:
    return (await Task.get(kind=Kind.RESULT, subject=dossier.id)).due_at


async def test_a_renewal_is_held_for_an_officer(
    standing: Desk, holder: tuple[Teacher, str], blanks: dict[Procedure, bytes]
) -> None:
    teacher, serial = holder
    letter = written(standing, blanks[CHANGE], CHANGE, renewal(teacher, serial))
    left = await standing.take(a_mail(letter))
    (dossier,) = left.dossiers
    assert (dossier.status, dossier.procedure) == (DossierStatus.HELD, CHANGE)
    assert (left.codes(), left.made, left.messages) == ({"procedure.by_officer"}, 0, [])
    assert left.recipients == sorted([MAILBOX, OFFICER])
    assert f"Đề nghị Gia hạn ({teacher.full_name})" in left.said(OFFICER)
    assert serial in left.said(OFFICER)
    item = await Item.get(dossier=dossier)
    assert (item.status, item.faults) == (ItemStatus.ASKED, [])
    assert (item.person, item.mailbox) == (teacher.personal_number, teacher.mailbox)
    assert await due_of_result(dossier) == dossier.due_at
    assert dossier.due_at - dossier.received_at > timedelta(days=2)
    half = await Task.get(kind=Kind.CLOCK, subject=dossier.id)
    assert dossier.received_at < half.due_at < dossier.due_at


async def test_a_faulty_change_comes_back_with_all_its_faults(
    standing: Desk, holder: tuple[Teacher, str], blanks: dict[Procedure, bytes]
) -> None:
    teacher, serial = holder
    wrong = {**renewal(teacher, serial), "mailbox": "khac@hanoiedu.edu.vn", "amend": "on"}
    unknown = {**renewal(teacher, "3a91"), "renew": ""}
    letter = written(standing, blanks[CHANGE], CHANGE, wrong, unknown, notify="")
    left = await standing.take(a_mail(letter))
    assert left.statuses == [DossierStatus.RETURNED]
    assert left.codes() == {"letter.notify"}
    items = await Item.filter(dossier=left.dossiers[0]).order_by("position")
    assert [{fault["code"] for fault in item.faults} for item in items] == [
        {"row.mailbox.differs", "row.what.empty", "row.new.empty"},
        {"row.certificate.unknown", "row.wish.none"},
    ]
    assert left.recipients == [MAILBOX, MAILBOX]
    assert "khác với địa chỉ đã đăng ký" in left.said(MAILBOX)


async def test_a_revocation_is_held_with_its_own_clock_whatever_trifles_are_wrong(
    standing: Desk, holder: tuple[Teacher, str], blanks: dict[Procedure, bytes]
) -> None:
    teacher, serial = holder
    row = {**revocation(teacher, serial), "mailbox": "khac@gmail.com", "issued_on": "hè 2021"}
    changes = {"letter_count": "ba", "letter_extract": "V/v thu hồi", "receiver_mobile": "912"}
    letter = written(standing, blanks[REVOKE], REVOKE, row, **changes)
    left = await standing.take(a_mail(letter, sender=STRANGER), sender=STRANGER)
    (dossier,) = left.dossiers
    assert (dossier.status, dossier.procedure) == (DossierStatus.HELD, REVOKE)
    assert left.codes() == {
        "letter.count_missing", "letter.extract", "mail.from", "procedure.by_officer",
        "receiver.mobile.invalid",
    }  # fmt: skip
    item = await Item.get(dossier=dossier)
    assert {fault["code"] for fault in item.faults} == {
        "row.mailbox.differs", "row.issued_on.invalid",
    }  # fmt: skip
    assert dossier.due_at == dossier.received_at + REVOCATION
    half = await Task.get(kind=Kind.CLOCK, subject=dossier.id)
    assert half.due_at == dossier.received_at + REVOCATION / 2
    assert await due_of_result(dossier) == dossier.due_at
    assert left.recipients == sorted([MAILBOX, OFFICER])
    due = in_words(dossier.due_at.astimezone(UTC))
    assert (
        f"thu hồi: 12 giờ kể từ khi tiếp nhận, tính cả ban đêm và ngày nghỉ, chậm nhất {due}"
        in (left.said(MAILBOX))
    )
    assert f"Thời hạn trả kết quả: chậm nhất {due}" in left.said(OFFICER)
    assert f"Đề nghị thu hồi ({teacher.full_name})" in left.said(OFFICER)
