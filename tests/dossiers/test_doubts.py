"""Could not check is never good and never bad, and nothing doubtful vanishes beside what is not."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.inbox.mime import Part
from bot.register.lifecycle import DossierStatus, MailStatus
from bot.register.tasks import Queue
from bot.sandbox import OutOfTime
from bot.signatures.verdict import Inspection
from demo.school import MAILBOX, School
from tests.dossiers.desk import Desk
from tests.house import OFFICER, a_mail
from tests.registers import BOTH

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("database", BOTH, indirect=True, scope="module"),
]


def dying(times: int, act: Callable[..., Any]) -> Callable[..., Any]:
    """`act`, whose child dies the first `times` times."""
    left = times

    async def acting(raw: bytes, *part: Part) -> Any:
        nonlocal left
        left -= 1
        if left >= 0 and part:
            return Inspection(sha256=part[0].sha256, faults=(OutOfTime.code,))
        if left >= 0:
            raise OutOfTime
        return await act(raw, *part)

    return acting


@pytest.mark.parametrize("what", ["survey", "inspect"])
async def test_a_child_that_dies_once_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    examiner = desk.house.running.tools[Queue.VET].examiner
    monkeypatch.setattr(examiner, what, dying(2, getattr(examiner, what)))
    left = await desk.take(a_mail(desk.letter()))
    assert left.statuses == [DossierStatus.COMPLETED]
    assert OFFICER not in left.recipients


@pytest.mark.parametrize("what", ["survey", "inspect"])
@pytest.mark.parametrize("sender", [MAILBOX, "somebody@elsewhere.vn"])
async def test_a_child_that_dies_each_time_is_seen_by_an_officer_and_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str, sender: str
) -> None:
    examiner = desk.house.running.tools[Queue.VET].examiner
    monkeypatch.setattr(examiner, what, dying(99, getattr(examiner, what)))
    left = await desk.take(a_mail(desk.letter(), sender=sender), sender=sender)
    monkeypatch.undo()
    assert [mail.status for mail in left.mails] == [MailStatus.HELD]
    assert left.mails[0].because in {"sandbox", "mail.unreadable"}
    assert (left.dossiers, left.made) == ([], 0)
    assert set(left.recipients) <= {OFFICER}


async def test_a_strangers_letter_beside_a_known_one_is_not_lost(desk: Desk) -> None:
    pki = desk.house.pki
    strangers = School(pki.signer("Ngô Văn Mới"), pki.signer("Trường Mới"))
    left = await desk.take(a_mail(desk.letter(), desk.letter(by=strangers)))
    assert left.statuses == [DossierStatus.COMPLETED]
    assert [mail.status for mail in left.mails] == [MailStatus.IDENTIFIED]
    assert "signer.unregistered" in left.said(OFFICER)
