"""What may exist once, what may not disappear, and migrations that say what the models say."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.exceptions import IntegrityError
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.models import Model
from tortoise.transactions import in_transaction

from bot.register import audit, connection, tasks
from bot.register.counter import Counter
from bot.register.models import Agency, Dossier, Item, Mail, Task
from bot.register.place import Place, config
from tests.register import rows
from tests.registers import everything

Builder = Callable[..., Awaitable[Model]]


async def a_task(key: str) -> Task:
    return await Task.create(key=key, kind="issue", subject=1, since=rows.NOW, due_at=rows.NOW)


ONCE: list[tuple[Builder, dict[str, Any]]] = [
    (rows.an_agency, {"code": "CVA"}),
    (rows.an_officer, {"mailbox": "canbo@ca.example.gov.vn"}),
    (rows.a_mail, {"digest": "d" * 64}),
    (rows.a_dossier, {"number": "HS-2026-000001"}),
    (rows.a_dossier, {"place": "7/1"}),
    (rows.a_dossier, {"letter_key": "1/2026/05/THPTCVA-VP"}),
    (rows.an_item, {"place": "7/1"}),
    (rows.a_subscriber, {"personal_number": "001190000001"}),
    (rows.a_key, {"fingerprint": "f" * 64}),
    (rows.a_certificate, {"serial": "5e" * 20}),
    (rows.a_certificate, {"for_item": 7}),
    (rows.a_certificate, {"current_of": 7}),
    (rows.an_account, {"login": "ntha@hanoiedu.vn"}),
    (rows.a_notice, {"key": "receipt:7"}),
    (rows.an_attempt, {"message_id": "<7@ca.example.gov.vn>"}),
    (a_task, {"key": "issue:7"}),
]


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize(
    ("build", "column"), ONCE, ids=[f"{b.__name__}-{'-'.join(c)}" for b, c in ONCE]
)
async def test_exists_once(build: Builder, column: dict[str, Any]) -> None:
    first = await build(**column)
    with pytest.raises(IntegrityError):
        await build(**column)
    assert await type(first).filter(**column).count() == 1


@pytest.mark.usefixtures("register")
async def test_one_account_a_subscriber() -> None:
    subscriber = await rows.a_subscriber()
    await rows.an_account(subscriber=subscriber)
    with pytest.raises(IntegrityError):
        await rows.an_account(subscriber=subscriber)


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize("column", ["for_item", "current_of"])
async def test_many_burnt_certificates_free_their_place(column: str) -> None:
    for _ in range(3):
        await rows.a_certificate(**{column: None})


async def test_foreign_keys_restrict_in_models_and_in_the_database(sqlite_register: Path) -> None:
    keys = [
        field
        for model in Tortoise.apps["register"].values()
        for field in model._meta.fields_map.values()
        if isinstance(field, ForeignKeyFieldInstance)
    ]
    assert {str(field.on_delete) for field in keys} == {"RESTRICT"}
    with closing(sqlite3.connect(sqlite_register)) as file:
        tables = [
            name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        actions = [
            key[6] for table in tables for key in file.execute(f"PRAGMA foreign_key_list({table})")
        ]
    assert actions == ["RESTRICT"] * len(keys)


@pytest.mark.usefixtures("register")
async def test_nothing_disappears_under_something_else() -> None:
    await rows.a_certificate()
    await rows.an_account()
    await rows.an_attempt()
    for model in (Agency, Mail, Dossier, Item):
        count = await model.all().count()
        with pytest.raises(IntegrityError):
            await model.all().delete()
        assert await model.all().count() == count


@pytest.mark.usefixtures("register")
async def test_a_row_cannot_hang_on_nothing() -> None:
    with pytest.raises(IntegrityError):
        await rows.an_item(dossier=None, dossier_id=404)


async def test_migrations_say_what_the_models_say(register: Place) -> None:
    apps = Tortoise.apps
    assert apps is not None
    changes = await MigrationAutodetector(apps, config(register)["apps"]).changes()
    assert [change.operations for change in changes] == []


async def test_a_populated_register_survives_being_opened_again(
    place: Place, now: datetime
) -> None:
    async with connection.opened(place):
        for build in rows.EVERYTHING:
            await build()
        async with in_transaction():
            await tasks.call(tasks.Kind.ISSUE, 1, due=now)
            await audit.append(audit.SYSTEM, "x", because="x", now=now, details={"n": 1})
            await Counter.next("dossier")
    before = dump(place)
    assert sum(line.startswith("INSERT") for line in before) > len(rows.EVERYTHING)
    async with connection.opened(place):
        assert await Counter.get(name="dossier") is not None
    assert dump(place) == before


def dump(place: Place) -> list[str]:
    if isinstance(place, str):
        lines = everything(place).decode().splitlines()
        return [line for line in lines if not line.startswith("\\")]  # a key of pg_dump's own
    with closing(sqlite3.connect(place)) as file:
        return list(file.iterdump())
