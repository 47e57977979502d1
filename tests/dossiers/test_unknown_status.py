"""Revocation data that cannot be had: nothing is decided, nothing is said, nothing is lost."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import HANOI
from bot.register.lifecycle import DossierStatus, MailStatus
from bot.register.models import Dossier, Mail, Task
from bot.register.tasks import Kind
from demo.foreign import Service
from demo.paper import sign
from demo.school import MAILBOX
from tests.dossiers.desk import Desk, as_sent
from tests.dossiers.test_bad_signature import registered, signer
from tests.house import OFFICER, a_mail

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEFORE = datetime.now(UTC) - timedelta(hours=5)  # longer ago than anybody waits


async def look_again(kind: Kind, **changes: object) -> None:
    assert await Task.filter(kind=kind).update(due_at=datetime.now(UTC), **changes)


@pytest.mark.parametrize("service", [Service.DOWN, Service.STALE])
async def test_it_is_asked_again_until_it_is_known(desk: Desk, service: Service) -> None:
    pki = desk.house.pki
    new = await registered(desk, signer(pki))
    pki.ocsp_service = pki.crl_service = service
    left = await desk.take(a_mail(desk.letter(by=new, number=f"1/{service.name}")))
    assert left.statuses == [DossierStatus.RECEIVED]
    assert (left.recipients, left.messages, left.made) == ([MAILBOX], [], 0)
    assert "Đã tiếp nhận hồ sơ" in left.said(MAILBOX)
    before = await desk.seen()
    for _ in range(10):  # more often than any failing task is tried
        await look_again(Kind.DECIDE)
        await desk.settle()
    task = await Task.get(kind=Kind.DECIDE)
    assert (task.attempts, task.parked_at, task.last_error) == (0, None, "revocation.unknown")
    nothing = await desk.since(before)
    assert (nothing.told, nothing.messages, nothing.made) == ([], [], 0)
    pki.ocsp_service = pki.crl_service = Service.UP
    await look_again(Kind.DECIDE)
    known = await desk.since(before)
    assert known.made == 4
    assert await Dossier.filter(id=left.dossiers[0].id, status=DossierStatus.COMPLETED).exists()


async def test_after_patience_an_officer_decides(desk: Desk) -> None:
    pki = desk.house.pki
    new = await registered(desk, signer(pki))
    pki.ocsp_service = pki.crl_service = Service.DOWN
    dated = f"{BEFORE.astimezone(HANOI):%d/%m/%Y}"  # else after midnight it is of a day to come
    letter = desk.letter(by=new, number="1/HELD", letter_date=dated)
    left = await desk.take(a_mail(letter))
    before = await desk.seen()
    assert await Dossier.filter(id=left.dossiers[0].id).update(received_at=BEFORE)
    await look_again(Kind.DECIDE)
    held = await desk.since(before)
    assert await Dossier.filter(id=left.dossiers[0].id, status=DossierStatus.HELD).exists()
    assert (held.recipients, held.made) == ([OFFICER], 0)
    assert "[signature.unchecked]" in held.said(OFFICER)
    assert "Chưa kiểm tra được trạng thái thu hồi" in held.said(OFFICER)
    pki.ocsp_service = pki.crl_service = Service.UP


async def test_a_stranger_whose_status_is_unknown(desk: Desk) -> None:
    """Not yet known to be of the trusted PKI: it waits as well, and then an officer looks."""
    pki = desk.house.pki
    alone = signer(pki)
    pki.ocsp_service = pki.crl_service = Service.DOWN
    before = await desk.seen()
    letter = desk.house.letter(desk.teacher(), sign=lambda _, filled: sign(filled, alone, "leader"))
    await desk.house.submit(as_sent(a_mail(letter)))
    await desk.settle()
    mail = await Mail.all().order_by("-id").first()
    assert mail is not None
    assert mail.status is MailStatus.STORED
    await look_again(Kind.IDENTIFY, since=BEFORE)
    left = await desk.since(before)
    assert {mail.status for mail in left.mails} == {MailStatus.HELD}
    assert (left.recipients, left.dossiers, left.made) == ([OFFICER], [], 0)
    assert "[revocation.unknown]" in left.said(OFFICER)
    pki.ocsp_service = pki.crl_service = Service.UP
