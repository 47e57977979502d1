"""Form 05 through the whole bot: mail in, status out, and only then word of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest
import pytest_asyncio
from cryptography import x509

from bot.clock import HANOI, REVOCATION
from bot.dossier.form import Procedure
from bot.dossier.form05 import FORM_05
from bot.home import Home
from bot.outbox.words import in_words
from bot.register.lifecycle import AccountStatus, CertificateStatus, DossierStatus, ItemStatus
from bot.register.models import Account, Certificate, Dossier, Item, Notice, SubjectKey, Task
from bot.register.tasks import Kind
from bot.signatures.pdf import inspect
from demo import status
from demo.paper import fill
from demo.school import MAILBOX, Teacher, filled_in
from tests.dossiers.desk import Desk, Left, plain_form
from tests.house import OFFICER, OFFICIAL, PATIENCE, a_mail, drawn

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRECHECK = "kiemtra@ca.example.gov.vn"
STRANGER = "ai-do@gmail.com"
NUMBERS = count(901)  # of letters
Holders = Iterator[tuple[Teacher, Certificate]]


@pytest.fixture(scope="module")
def form05() -> bytes:
    return plain_form(drawn(Procedure.REVOKE), rows=2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def holders(standing: Desk, blank: bytes) -> Holders:
    """Teachers with certificates: one for each who asks."""
    teachers = [standing.teacher() for _ in range(6)]
    with_room = replace(standing, house=replace(standing.house, blank=blank))
    left = await standing.take(a_mail(with_room.letter(*teachers)))
    issued = Certificate.filter(item__dossier_id=left.dossiers[0].id)
    return iter(list(zip(teachers, await issued.order_by("item__position"), strict=True)))


def as_written(certificate: Certificate) -> str:
    """Its serial number as certificate viewers show it."""
    return int(certificate.serial, 16).to_bytes(20, "big").hex(":").upper()


def a_row(teacher: Teacher, serial: str, **changes: str) -> dict[str, str]:
    return {
        "full_name": teacher.full_name,
        "personal_number": teacher.personal_number,
        "issued_on": "20/06/2021",
        "issued_by": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
        "mailbox": teacher.mailbox,
        "serial": serial,
        "reason": "Mất điện thoại",
        **changes,
    }


def written(
    desk: Desk, blank: bytes, *rows: dict[str, str], number: str = "", **changes: str
) -> bytes:
    today = datetime.now(HANOI).date()
    values = filled_in(FORM_05, rows, today, number or f"{next(NUMBERS)}/THPTCVA-VP")
    return desk.house.school.sign(fill(blank, {**values, **changes}))


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for that; what waits for the published status need not wait its time."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():
            waiting = Task.filter(kind=Kind.CONFIRM, lease__isnull=True)
            await waiting.update(due_at=datetime.now(UTC))
            await asyncio.sleep(0.05)


async def completed(number: int) -> None:
    """Wait until that many dossiers are done, and everybody is told."""

    async def are() -> bool:
        done = Dossier.filter(procedure=Procedure.REVOKE, status=DossierStatus.COMPLETED)
        return await done.count() >= number

    await until(are)


async def revoked(desk: Desk, *mails: bytes) -> Left:
    """Hand the letters in, and wait until all of them are done."""
    done = await Dossier.filter(procedure=Procedure.REVOKE, status=DossierStatus.COMPLETED).count()
    before = await desk.seen()
    await asyncio.gather(*(desk.house.send(one) for one in mails))
    await completed(done + len(mails))
    return await desk.since(before)


async def test_seen_from_outside_and_then_told(
    standing: Desk, holders: Holders, form05: bytes
) -> None:
    settings = standing.house.settings
    teacher, certificate = next(holders)
    _, other = next(holders)
    assert await asyncio.to_thread(status.is_good, settings, certificate)
    left = await revoked(
        standing, written(standing, form05, a_row(teacher, as_written(certificate)))
    )
    (dossier,) = left.dossiers
    assert await asyncio.to_thread(status.is_revoked, settings, certificate)
    assert await asyncio.to_thread(status.is_good, settings, other)
    crl = x509.load_der_x509_crl(Home(settings).crl.read_bytes())
    entry = crl.get_revoked_certificate_by_serial_number(int(certificate.serial, 16))
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is (
        x509.ReasonFlags.key_compromise
    )
    assert dossier.due_at == dossier.received_at + REVOCATION
    assert left.recipients == sorted([MAILBOX, teacher.mailbox, MAILBOX])
    assert "đã bị thu hồi theo đề nghị của" in left.said(teacher.mailbox)
    assert "khóa bị lộ hoặc nghi bị lộ" in left.said(teacher.mailbox)
    standing_now = await Certificate.get(id=certificate.id)
    assert standing_now.revoked_at
    assert f"Hết hiệu lực: {in_words(standing_now.revoked_at)}" in left.said(MAILBOX)
    messages = standing.house.messages()
    assert any(dossier.number in one and "da thu hoi 1" in one for one in messages)
    account = await Account.get(subscriber_id=certificate.subscriber_id)
    assert (account.status, account.code_hash) == (AccountStatus.CLOSED, None)
    key = await SubjectKey.get(id=certificate.key_id)
    assert (key.blob, key.destroyed_at is None) == (b"", False)
    kept = await SubjectKey.get(id=other.key_id)
    assert (len(kept.blob) > 0, kept.destroyed_at) == (True, None)


async def test_nobody_is_told_while_relying_parties_do_not_see_it(
    standing: Desk, holders: Holders, form05: bytes
) -> None:
    teacher, certificate = next(holders)
    responder = Home(standing.house.settings).ocsp_certificate
    away = responder.rename(responder.with_suffix(".away"))
    before = await standing.seen()
    await standing.house.send(written(standing, form05, a_row(teacher, certificate.serial)))
    item = None

    async def is_unseen() -> bool:
        return await Task.exists(kind=Kind.CONFIRM, last_error="status.unseen")

    async def is_listed() -> bool:
        crl = x509.load_der_x509_crl(Home(standing.house.settings).crl.read_bytes())
        number = int(certificate.serial, 16)
        return crl.get_revoked_certificate_by_serial_number(number) is not None

    await until(is_listed)
    await Task.filter(kind=Kind.CONFIRM).update(last_error="")
    await until(is_unseen)
    item = await Item.get(dossier__procedure=Procedure.REVOKE, status=ItemStatus.ACCEPTED)
    assert (await Certificate.get(id=certificate.id)).status is CertificateStatus.REVOKED
    assert not await Notice.filter(dossier_id=item.dossier_id).exclude(kind="receipt").exists()
    assert (await SubjectKey.get(id=certificate.key_id)).destroyed_at is None
    away.rename(responder)

    async def is_done() -> bool:
        return await Item.exists(id=item.id, status=ItemStatus.DONE)

    await until(is_done)
    left = await standing.since(before)
    assert left.recipients == sorted([MAILBOX, teacher.mailbox, MAILBOX])


async def test_a_second_letter_is_answered_alike_and_the_subscriber_told_once(
    standing: Desk, holders: Holders, form05: bytes
) -> None:
    teacher, certificate = next(holders)
    row = a_row(teacher, as_written(certificate))
    await revoked(standing, written(standing, form05, row, number="77/THPTCVA-VP"))
    at = (await Certificate.get(id=certificate.id)).revoked_at
    assert at
    second = written(standing, form05, row, {**row, "reason": "Nghỉ hưu"}, number="77/THPTCVA-VP")
    left = await revoked(standing, second)
    assert left.codes() == {"letter.number_used"}
    assert left.recipients == [MAILBOX, MAILBOX]
    assert left.said(MAILBOX).count(f"Hết hiệu lực: {in_words(at)}") == 2
    assert (await Certificate.get(id=certificate.id)).revoked_at == at


async def test_no_trifle_stops_it_and_what_is_doubtful_does_not_hold_up_the_rest(
    standing: Desk, holders: Holders, form05: bytes
) -> None:
    teacher, certificate = next(holders)
    row = a_row(
        teacher, as_written(certificate), mailbox="khac@gmail.com", issued_on="hè 2021", reason=""
    )
    unknown = a_row(standing.teacher(), "3a91f0c2")
    changes = {"letter_count": "ba", "letter_extract": "V/v thu hồi", "receiver_mobile": "912"}
    letter = written(standing, form05, row, unknown, **changes)
    before = await standing.seen()
    await standing.house.send(letter, sender=STRANGER)

    async def is_done() -> bool:
        return await Notice.exists(recipient=teacher.mailbox, kind="revoked")

    await until(is_done)
    left = await standing.since(before)
    (dossier,) = left.dossiers
    assert (dossier.status, dossier.procedure) == (DossierStatus.ACCEPTED, Procedure.REVOKE)
    assert left.codes() == {
        "letter.count_missing", "letter.extract", "mail.from", "receiver.mobile.invalid",
    }  # fmt: skip
    done, held = await Item.filter(dossier=dossier).order_by("position")
    assert (done.status, held.status) == (ItemStatus.DONE, ItemStatus.HELD)
    assert {fault["code"] for fault in done.faults} == {
        "row.mailbox.differs", "row.issued_on.invalid", "row.reason.empty",
    }  # fmt: skip
    assert {fault["code"] for fault in held.faults} == {"row.certificate.unknown"}
    assert left.recipients == sorted([MAILBOX, OFFICER, teacher.mailbox])
    assert (await Certificate.get(id=certificate.id)).reason == "unspecified"
    due = await Task.get(kind=Kind.RESULT, subject=dossier.id)
    assert due.due_at == dossier.due_at == dossier.received_at + REVOCATION


async def test_what_is_only_tried_out_revokes_nothing_and_says_so_first(
    standing: Desk, holders: Holders, form05: bytes
) -> None:
    teacher, certificate = next(holders)
    letter = written(standing, form05, a_row(teacher, as_written(certificate)))
    left = await standing.take(a_mail(letter), to=PRECHECK)
    assert left.recipients == [MAILBOX]
    said = left.said(MAILBOX)
    assert f"CHƯA THU HỒI GÌ: để thu hồi, gửi ngay văn bản này tới {OFFICIAL}" in said
    assert (await Certificate.get(id=certificate.id)).status is CertificateStatus.VALID


@pytest.mark.parametrize(
    ("changes", "hurries"),
    [({}, True), ({"form": "01/1"}, False), ({"form": "01/1", "letter_urgency": "Khẩn"}, True)],
)
async def test_a_form_shows_that_it_goes_first(
    standing: Desk, form05: bytes, changes: dict[str, str], hurries: bool
) -> None:
    letter = written(standing, form05, a_row(standing.teacher(), "3a91f0c2"), **changes)
    assert inspect(letter).hurries is hurries
