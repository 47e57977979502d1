"""When a row is doubtful, or the machine cannot: who is told what, and when."""

from datetime import UTC, datetime

import pytest

from bot.errors import Unavailable
from bot.hsm.subject_keys import WrappedKey
from bot.register.lifecycle import DossierStatus, ItemStatus
from bot.register.models import Certificate, Item, Task
from bot.register.tasks import PARKED_AFTER, Kind, Queue
from demo.school import MAILBOX, RECEIVER
from tests.dossiers.desk import Desk, Left, names_in_certificates
from tests.house import OFFICER, a_mail
from tests.registers import BOTH

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("database", BOTH, indirect=True, scope="module"),
]


class Down(Unavailable):
    code = "hsm.down"


async def at_the_due_time(desk: Desk, left: Left) -> Left:
    before = await desk.seen()
    due = Task.filter(kind=Kind.RESULT, subject=left.dossiers[0].id)
    assert await due.update(due_at=datetime.now(UTC))
    return await desk.since(before)


async def test_a_step_that_keeps_failing_is_parked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def fails(algorithm: object) -> WrappedKey:
        nonlocal tries
        tries += 1
        raise RuntimeError("device said 0x30: secret text")

    monkeypatch.setattr(desk.house.running.tools[Queue.CA].subjects, "generate", fails)
    left = await desk.take(a_mail(desk.letter()))
    monkeypatch.undo()
    (item,) = await Item.filter(dossier=left.dossiers[0])
    assert (item.status, tries) == (ItemStatus.PARKED, PARKED_AFTER)
    assert (left.statuses, left.made) == ([DossierStatus.ACCEPTED], 0)
    assert left.recipients == sorted([MAILBOX, OFFICER])  # the receipt; the officer once
    assert "crash.RuntimeError" in left.said(OFFICER)
    assert f"Số hồ sơ: {left.dossiers[0].number}, dòng số 1" in left.said(OFFICER)
    assert "secret text" not in left.said(OFFICER)
    task = await Task.get(kind=Kind.ISSUE, subject=item.id)
    assert task.parked_at is not None
    result = await at_the_due_time(desk, left)
    assert "Kết quả: đang xem xét 1" in result.said(MAILBOX)
    await task.delete()  # an officer saw to it


async def test_a_device_that_is_away_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(algorithm: object) -> WrappedKey:
        raise Down

    monkeypatch.setattr(desk.house.running.tools[Queue.CA].subjects, "generate", away)
    left = await desk.take(a_mail(desk.letter()))
    again = Task.filter(kind=Kind.ISSUE)
    for _ in range(2 * PARKED_AFTER):
        assert await again.update(due_at=datetime.now(UTC))
        await desk.settle()
    task = await again.get()
    assert (task.parked_at, task.attempts, task.last_error) == (None, 0, "hsm.down")
    assert (left.recipients, left.made) == ([MAILBOX], 0)
    before = await desk.seen()
    monkeypatch.undo()
    await again.update(due_at=datetime.now(UTC))
    back = await desk.since(before)
    assert back.made == 4
    assert OFFICER not in back.recipients


async def test_a_held_row_and_the_result_at_the_due_time(desk: Desk) -> None:
    head, one = desk.teacher(title="Hiệu trưởng"), desk.teacher()
    left = await desk.take(a_mail(desk.letter(head, one)))
    assert left.statuses == [DossierStatus.ACCEPTED]
    items = await Item.filter(dossier=left.dossiers[0]).order_by("position")
    statuses = [item.status for item in items]
    assert statuses == [ItemStatus.HELD, ItemStatus.DONE]
    assert await names_in_certificates(left.dossiers[0]) == [one.full_name]
    assert left.recipients == sorted([MAILBOX, OFFICER, one.mailbox])
    assert "[row.title.excluded]" in left.said(OFFICER)
    result = await at_the_due_time(desk, left)
    assert result.recipients == [MAILBOX]
    assert len(result.messages) == 1
    assert "Tiến độ giải quyết hồ sơ" in result.said(MAILBOX)
    assert "đã cấp 1, đang xem xét 1" in result.said(MAILBOX)
    assert "xin lỗi Quý cơ quan" in result.said(MAILBOX)


async def test_the_receiver_is_told_by_mail_when_the_letter_says_so(desk: Desk) -> None:
    one = desk.teacher()
    left = await desk.take(a_mail(desk.letter(one, notify="email")))
    assert left.statuses == [DossierStatus.COMPLETED]
    receiver = RECEIVER["mailbox"]
    assert left.recipients == sorted([MAILBOX, MAILBOX, one.mailbox, receiver])
    certificate = await Certificate.get(item__dossier=left.dossiers[0])
    assert certificate.serial.upper() in left.said(receiver)
    assert len(left.messages) == 1  # the passcode
