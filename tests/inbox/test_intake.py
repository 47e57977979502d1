"""One mail, one row, one task, one event: together or not at all."""

import asyncio
import hashlib
import os

import pytest
from tortoise.transactions import in_transaction

from bot.inbox import intake
from bot.register import audit
from bot.register.audit import Event
from bot.register.lifecycle import MailStatus
from bot.register.models import Mail, Task
from bot.register.tasks import Kind
from tests.inbox.door import MAIL, MAILBOX, OTHER, SENDER, House

DIGEST = hashlib.sha256(MAIL).hexdigest()


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
    mails = await asyncio.gather(*(house.store(MAIL, MAILBOX, SENDER) for _ in range(12)))
    assert len({mail.id for mail in mails if isinstance(mail, Mail)}) == 1
    assert await Mail.all().count() == await Task.all().count() == await Event.all().count() == 1


async def test_many_mails_at_once_are_all_kept(house: House) -> None:
    raws = [MAIL + b"%d\r\n" % number for number in range(20)]
    await asyncio.gather(*(house.store(raw, MAILBOX, SENDER) for raw in raws))
    assert {house.archive.get(mail.digest) async for mail in Mail.all()} == set(raws)
    assert await Task.all().count() == len(raws)
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


@pytest.mark.parametrize("step", ["bot.register.audit.append", "bot.register.tasks.call"])
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
    [("\udcff\udcfe@x.vn", "??@x.vn"), ("a\0b@x.vn", "a?b@x.vn"), ("é" * 600, "é" * 512)],
)
async def test_any_envelope_sender_can_be_stored(house: House, sender: str, kept: str) -> None:
    await house.store(MAIL, MAILBOX, sender)
    assert (await Mail.get()).envelope_from == kept
