"""What a whole dossier leaves in logs, messages, tasks and the trail: codes, never people."""

import io
import json
import logging
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import dramatiq
import pytest
import structlog
from dramatiq.brokers.stub import StubBroker
from tortoise import connections

from bot import logs
from bot.register.audit import Event
from demo.school import MAILBOX, RECEIVER, TEACHERS
from tests.dossiers.desk import plain_form
from tests.house import House, a_mail


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """The log as an operator has it, libraries included."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure(stream := io.StringIO())
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


async def keep_every_task() -> None:
    """From now on whatever is written to a task stays in `kept`."""
    db = connections.get("default")
    await db.execute_script(
        "CREATE TABLE kept AS SELECT * FROM task WHERE 0;"
        "CREATE TRIGGER kept_new AFTER INSERT ON task BEGIN"
        " INSERT INTO kept SELECT * FROM task WHERE id = NEW.id; END;"
        "CREATE TRIGGER kept_old AFTER UPDATE ON task BEGIN"
        " INSERT INTO kept SELECT * FROM task WHERE id = NEW.id; END;"
    )


def secrets_of(house: House) -> set[str]:
    """Every passcode in the SMS, and the activation code on every slip that one opens."""
    passcodes = re.findall(r": ([A-Z2-9-]{10,}) ", "\n".join(house.messages()))
    secrets = set(passcodes)
    for mail in house.mails():
        for part in mail.walk():
            if part.get_content_type() != "application/pdf":
                continue
            for passcode in passcodes:
                words = ["pdftotext", "-upw", passcode, "-", "-"]
                read = subprocess.run(words, input=part.get_content(), capture_output=True)
                secrets |= set(
                    re.findall(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b", read.stdout.decode())
                )
    return secrets


def people() -> set[str]:
    of_rows = {value for one in TEACHERS for value in one.row().values()}
    shared = {"Giáo viên", "Hà Nội", "20/06/2021"}
    numbers = {"+84987654321", "+84356789012", "+84791234567", "+84912345678", "987654321"}
    return (of_rows | set(RECEIVER.values()) | numbers | {MAILBOX, "hanoiedu"}) - shared


async def test_nobody_is_named_where_everybody_may_look(
    house: House, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[bytes] = []
    enqueue = StubBroker.enqueue

    def heard(
        broker: StubBroker, message: dramatiq.Message[None], *, delay: int | None = None
    ) -> dramatiq.Message[None]:
        messages.append(message.encode())
        return enqueue(broker, message, delay=delay)

    monkeypatch.setattr(StubBroker, "enqueue", heard)
    await keep_every_task()
    house = replace(house, blank=plain_form(house.blank, rows=len(TEACHERS)))
    await house.send(house.letter(*TEACHERS))
    await house.submit(a_mail(b"%PDF-").as_bytes().replace(b"\n", b"\r\n"))
    await house.quiet()
    secrets = secrets_of(house)
    assert len(secrets) == 4  # two passcodes, two activation codes
    tasks = await connections.get("default").execute_query_dict("SELECT * FROM kept")
    events = await Event.all().values()
    open_to_all = {
        "log": logged.getvalue(),
        "messages": b"\n".join(messages).decode("unicode_escape"),
        "tasks": json.dumps(tasks, ensure_ascii=False, default=str),
        "events": json.dumps(events, ensure_ascii=False, default=str),
    }
    for where, text in open_to_all.items():
        assert len(text) > 1_000, where
        named = [one for one in people() | secrets if one.casefold() in text.casefold()]
        assert not named, where
