"""One mail, one row, one task, one event: together or not at all."""

import asyncio
import hashlib
import logging
import os
from datetime import datetime
from pathlib import Path

import pytest
from tortoise.transactions import in_transaction

from bot.inbox import intake
from bot.inbox.archive import Archive
from bot.inbox.intake import Arrival
from bot.register import audit
from bot.register.audit import Event
from bot.register.lifecycle import MailStatus
from bot.register.models import Mail, Task
from bot.register.place import Place
from bot.register.tasks import Kind
from tests.inbox.door import MAIL, MAILBOX, OTHER, SENDER, House

DIGEST = hashlib.sha256(MAIL).hexdigest()


@pytest.fixture
def house(register: Place, tmp_path: Path, now: datetime) -> House:
    """With a register of each kind."""
    return House(Archive(tmp_path / "archive"), now)


async def mails_tasks_events() -> tuple[int, int, int]:
    return await Mail.all().count(), await Task.all().count(), await Event.all().count()


async def test_a_mail_is_a_file_a_row_a_task_and_an_event(house: House) -> None:
    mail = await intake.store(
        house.archive, MAIL, mailbox=MAILBOX, envelope_from=SENDER, now=house.now
    )
    assert house.archive.get(mail.digest) == MAIL
    assert await Mail.get(digest=DIGEST) == mail
    assert mail.status is MailStatus.STORED
    task, event = await Task.get(), await Event.get()
    assert (task.kind, task.subject, task.due_at) == (Kind.IDENTIFY, mail.id, house.now)
    assert (event.chain, event.code, event.subject) == (audit.SYSTEM, "mail.store", mail.id)
    assert event.details == {"sha256": DIGEST}  # of the people, nothing


async def test_the_same_bytes_later_are_the_same_mail(house: House) -> None:
    first = await house.store(MAIL, MAILBOX, SENDER)
    await Task.all().delete()  # it was worked on
    again = await house.store(MAIL, OTHER, "")
    assert again == first
    assert (await Mail.get()).mailbox == MAILBOX
    assert await Task.all().count() == 0
    assert await Event.all().count() == 1


async def test_many_hands_store_the_same_mail_once(house: House) -> None:
    doors = [house.intake() for _ in range(3)]  # each with groups of its own
    mails = await asyncio.gather(*(doors[n % 3].store(MAIL, MAILBOX, SENDER) for n in range(12)))
    assert len({mail.id for mail in mails}) == 1
    assert await mails_tasks_events() == (1, 1, 1)


async def test_many_mails_at_once_are_all_kept(house: House) -> None:
    raws = [MAIL + b"%d\r\n" % number for number in range(20)]
    intake = house.intake()
    mails = await asyncio.gather(*(intake.store(raw, MAILBOX, SENDER) for raw in raws))
    assert [house.archive.get(mail.digest) for mail in mails] == raws
    assert await mails_tasks_events() == (20, 20, 20)
    assert [link async for link in audit.broken(audit.SYSTEM)] == []
    events = {event.subject: event.details["sha256"] async for event in Event.all()}
    assert events == {mail.id: mail.digest for mail in mails}


async def test_doors_that_take_in_the_same_mails_in_any_order_neither_lose_double_nor_wait(
    house: House,
) -> None:
    raws = [MAIL + b"%d\r\n" % number for number in range(12)]
    doors = [house.intake() for _ in range(4)]
    orders = [raws, raws[::-1], raws[6:] + raws[:6], raws[::2] + raws[1::2]]
    each = zip(doors, orders, strict=True)
    every = [door.store(raw, MAILBOX, SENDER) for door, order in each for raw in order]
    mails = await asyncio.gather(*every)
    assert {mail.digest for mail in mails} == {hashlib.sha256(raw).hexdigest() for raw in raws}
    assert await mails_tasks_events() == (12, 12, 12)
    assert [link async for link in audit.broken(audit.SYSTEM)] == []


async def test_fifty_mails_cost_as_many_statements_as_one(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    arrivals = [
        Arrival(hashlib.sha256(b"%d" % number).hexdigest(), 1, MAILBOX, SENDER)
        for number in range(52)
    ]
    spent = []
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        for group in (arrivals[:1], arrivals[1:2], arrivals[2:]):
            caplog.clear()
            await intake._commit(group, house.now)
            spent.append(len(caplog.records))
    assert 0 < spent[1] == spent[2] < 12
    assert await mails_tasks_events() == (52, 52, 52)


async def test_one_that_cannot_be_kept_harms_no_other_of_its_group(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, bad = intake._add, hashlib.sha256(MAIL + b"7\r\n").hexdigest()

    async def fails(arrivals: list[Arrival], now: datetime) -> object:
        await add(arrivals, now)
        if bad in {arrival.digest for arrival in arrivals}:
            raise ValueError
        return {(mail.digest, False): mail async for mail in Mail.all()}

    monkeypatch.setattr(intake, "_add", fails)
    door, raws = house.intake(), [MAIL + b"%d\r\n" % number for number in range(10)]
    results = await asyncio.gather(
        *(door.store(raw, MAILBOX, SENDER) for raw in raws), return_exceptions=True
    )
    assert [type(result) for result in results] == [Mail] * 7 + [ValueError] + [Mail] * 2
    assert await mails_tasks_events() == (9, 9, 9)
    assert [link async for link in audit.broken(audit.SYSTEM)] == []


async def test_without_its_bytes_there_is_no_row(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        await house.store(MAIL, MAILBOX, SENDER)
    assert await Mail.all().count() == await Task.all().count() == await Event.all().count() == 0


@pytest.mark.parametrize("step", ["bot.register.audit.append_all", "bot.register.tasks.call_all"])
async def test_without_its_task_and_event_there_is_no_row(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(step, fails)
        with pytest.raises(ConnectionError):
            await house.store(MAIL, MAILBOX, SENDER)
    assert await Mail.all().count() == await Task.all().count() == await Event.all().count() == 0
    await house.store(MAIL, MAILBOX, SENDER)
    assert await Mail.all().count() == await Task.all().count() == await Event.all().count() == 1


async def test_a_callers_transaction_takes_all_of_it_back(house: House) -> None:
    async def undone() -> None:
        async with in_transaction():
            await house.store(MAIL, MAILBOX, SENDER)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await undone()
    assert await Mail.all().count() == await Task.all().count() == await Event.all().count() == 0


@pytest.mark.parametrize(
    ("sender", "kept"),
    [("\udcff\udcfe@x.vn", "??@x.vn"), ("a\0b@x.vn", "a\ufffdb@x.vn"), ("é" * 600, "é" * 512)],
)
async def test_any_envelope_sender_can_be_stored(house: House, sender: str, kept: str) -> None:
    await house.store(MAIL, MAILBOX, sender)
    assert (await Mail.get()).envelope_from == kept
