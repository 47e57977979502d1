"""When the machine is in the way: nothing is reserved in vain, and somebody hears of it."""

from datetime import UTC, datetime, timedelta
from email.policy import SMTP

import pytest
from cryptography import x509

from bot.errors import Unavailable
from bot.home import Home
from bot.procedures.escalate import resume
from bot.procedures.services import CRL_FILE
from bot.register import audit, tasks
from bot.register.lifecycle import CertificateStatus, ItemStatus, NoticeStatus
from bot.register.models import Certificate, Item, Notice, Officer, Task
from bot.register.tasks import PARKED_AFTER, Kind, Queue
from demo.school import MAILBOX
from tests.dossiers.desk import Desk
from tests.house import OFFICER, a_mail

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Away(Unavailable):
    code = "hsm.away"


def away(*_: object) -> None:
    raise Away


async def retry(desk: Desk, kind: Kind) -> None:
    await Task.filter(kind=kind).update(due_at=datetime.now(UTC))
    await desk.house.quiet()


async def test_a_ca_token_that_is_away_burns_nothing_and_is_told_in_time(desk: Desk) -> None:
    issuer = desk.house.running.tools[Queue.CA].issuer
    there = issuer.require_key
    object.__setattr__(issuer, "require_key", away)
    before = await Certificate.all().count()
    left = await desk.take(a_mail(desk.letter()))
    for _ in range(PARKED_AFTER + 2):
        await retry(desk, Kind.ISSUE)
    assert await Certificate.all().count() == before
    assert OFFICER not in left.recipients
    await Task.filter(kind=Kind.ISSUE).update(since=datetime.now(UTC) - timedelta(hours=2))
    seen = await desk.seen()
    await retry(desk, Kind.ISSUE)
    await retry(desk, Kind.ISSUE)
    told = await desk.since(seen)
    assert told.recipients == [OFFICER]
    assert "hsm.away" in told.said(OFFICER)
    object.__setattr__(issuer, "require_key", there)
    await retry(desk, Kind.ISSUE)
    assert (await Item.get(dossier=left.dossiers[0])).status is ItemStatus.DONE


async def test_what_a_parked_row_had_reserved_is_listed_as_revoked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("bot.procedures.certify.sign", fails)
    left = await desk.take(a_mail(desk.letter()))
    (item,) = await Item.filter(dossier=left.dossiers[0])
    parked = Task.filter(kind=Kind.ISSUE, subject=item.id)
    await parked.update(parked_at=datetime.now(UTC) - timedelta(minutes=5))
    before = await desk.seen()
    await resume(await parked.get(), datetime.now(UTC))
    again = await desk.since(before)
    monkeypatch.undo()
    assert (left.recipients.count(OFFICER), again.recipients) == (1, [OFFICER])
    item = await Item.get(id=item.id)
    assert item.status is ItemStatus.PARKED
    reserved = await Certificate.filter(item=item)
    assert {one.status for one in reserved} == {CertificateStatus.BURNT}
    crl = x509.load_der_x509_crl((Home(desk.house.settings).published / CRL_FILE).read_bytes())
    listed = {f"{one.serial_number:x}" for one in crl}
    assert {one.serial for one in reserved} <= listed
    assert not await Task.filter(kind=Kind.PUBLISH).exclude(subject=0).exists()
    await resume(await Task.get(kind=Kind.ISSUE, subject=item.id), datetime.now(UTC))
    await desk.settle()
    assert (await Item.get(id=item.id)).status is ItemStatus.DONE
    valid = await Certificate.filter(item=item, status=CertificateStatus.VALID)
    assert [one.key_id for one in valid] == [reserved[0].key_id]


async def test_a_notice_that_nobody_can_get_is_told_to_officers(desk: Desk) -> None:
    left = await desk.take(a_mail(desk.letter()))
    notice = await Notice.filter(dossier=left.dossiers[0], kind="result").first()
    assert notice
    await Notice.filter(id=notice.id).update(
        status=NoticeStatus.INTENDED, recipient="nobody at all", channel="email"
    )
    seen = await desk.seen()
    await tasks.call(Kind.NOTICE, notice.id, due=datetime.now(UTC))
    told = await desk.since(seen)
    assert (await Notice.get(id=notice.id)).status is NoticeStatus.FAILED
    assert OFFICER in told.recipients
    await Notice.filter(id=notice.id).update(recipient=MAILBOX)
    await resume(await Task.get(kind=Kind.NOTICE, subject=notice.id), datetime.now(UTC))
    await desk.settle()
    assert (await Notice.get(id=notice.id)).status is NoticeStatus.SENT


async def test_a_clock_that_was_set_back_lets_nothing_be_signed(desk: Desk) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    await audit.append(audit.SYSTEM, "test.ahead", because="test", now=ahead)
    seen = await desk.seen()
    await desk.house.submit(a_mail(desk.letter()).as_bytes(policy=SMTP), MAILBOX)
    await desk.house.quiet()
    assert (await desk.seen())[2:] == seen[2:]
    assert await Task.filter(last_error="clock.behind").exists()
    await audit.Event.filter(code="test.ahead").delete()
    await Task.filter(last_error="clock.behind").update(due_at=datetime.now(UTC))
    await desk.settle()


async def test_an_officers_mailbox_that_is_none_makes_no_storm(desk: Desk) -> None:
    await Officer.create(name="Sai", mailbox="khong phai", since=datetime.now(UTC))
    left = await desk.take(a_mail(desk.letter(desk.teacher(title="Hiệu trưởng"))))
    await Officer.filter(mailbox="khong phai").delete()
    failed = await Notice.filter(status=NoticeStatus.FAILED, recipient="khong phai").count()
    assert (failed, left.recipients.count(OFFICER)) == (1, 1)
