"""Revocations and urgent letters are read before all that waits; nothing else follows from it."""

from datetime import timedelta

import pytest

from bot.inbox.mime import Part
from bot.procedures.letters import Letter
from bot.register import tasks
from bot.register.models import Task
from bot.register.place import Place
from bot.register.tasks import Kind, Queue
from bot.signatures.verdict import Inspection
from tests.register.rows import NOW


async def test_what_goes_first_is_handed_over_before_all_that_waits(register: Place) -> None:
    for subject in range(3):
        await tasks.call(Kind.DECIDE, subject, due=NOW - timedelta(hours=9))
    await tasks.call(Kind.DECIDE, 3, due=NOW, first=True)
    [handed] = await tasks.lease(NOW, [Queue.VET], most=1)
    task = await Task.get(id=handed.task)
    assert (task.subject, task.since) == (3, NOW)  # it has waited for no longer than it has


def a_letter(subject: str = "", filename: str = "", *, hurries: bool = False) -> Letter:
    part = Part(
        index=1, declared="application/pdf", filename=filename, size=1, sha256="0" * 64,
        kind="pdf",
    )  # fmt: skip
    return Letter(part, Inspection(sha256="0" * 64, hurries=hurries), None, subject)


@pytest.mark.parametrize(
    ("letter", "is_first"),
    [
        (a_letter(hurries=True), True),
        (a_letter("Đề nghị THU HỒI chứng thư"), True),
        (a_letter(filename="05-thu_hoi.pdf"), True),
        (a_letter("V/v HỎA TỐC: cấp chứng thư"), True),
        (a_letter("[Khẩn] hồ sơ"), True),
        (a_letter("Đề nghị cấp chứng thư", "05.pdf"), False),
        (a_letter("Khánh Hòa: thu nộp hồi đáp"), False),
        (Letter(None, None, None), False),
    ],
)
def test_what_hurries_can_be_seen_before_it_is_read(letter: Letter, is_first: bool) -> None:
    assert letter.hurries is is_first
