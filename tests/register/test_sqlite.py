"""The SQLite engine: whatever happens to a transaction, the next one starts clean."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tortoise import Tortoise
from tortoise.transactions import in_transaction

from bot.register.counter import Counter


@contextmanager
def another_process_writes(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def write(name: str) -> None:
    async with in_transaction():
        await Counter.create(name=name)


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def names(file: Path) -> list[str]:
    """What another connection sees: committed rows only."""
    with closing(sqlite3.connect(file)) as other:
        return [name for (name,) in other.execute("SELECT name FROM counter ORDER BY name")]


async def pragma(name: str) -> object:
    """A setting of the connection that everybody in this process shares."""
    [row] = await Tortoise.get_connection("default").execute_query_dict(f"PRAGMA {name}")
    [value] = row.values()
    return value


async def test_a_begin_cancelled_while_it_waits_leaves_no_transaction(
    sqlite_register: Path,
) -> None:
    await write("before")
    with another_process_writes(sqlite_register):
        waiting = asyncio.create_task(write("never"))
        await turns()
        waiting.cancel()
        await turns()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await write("after")
    assert await names(sqlite_register) == ["after", "before"]


async def test_a_begin_cancelled_twice_leaves_no_transaction(sqlite_register: Path) -> None:
    await write("before")
    with another_process_writes(sqlite_register):
        waiting = asyncio.create_task(write("never"))
        await turns()
        for _ in range(2):
            waiting.cancel()
            await turns()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await write("after")
    assert await names(sqlite_register) == ["after", "before"]


@pytest.mark.parametrize("turn", range(12))
async def test_a_transaction_cancelled_anywhere_is_whole_or_not_there(
    sqlite_register: Path, turn: int
) -> None:
    async def both() -> None:
        async with in_transaction():
            await Counter.create(name="one")
            await Counter.create(name="two")

    working = asyncio.create_task(both())
    await turns(turn)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await write("after")
    assert await names(sqlite_register) in (["after"], ["after", "one", "two"])
    assert await pragma("foreign_keys") == 1


async def test_a_commit_that_fails_leaves_no_transaction(sqlite_register: Path) -> None:
    async def dangling() -> None:
        async with in_transaction() as db:
            await db.execute_query("PRAGMA defer_foreign_keys = ON")
            await db.execute_query(
                "INSERT INTO subscriber (personal_number, full_name, mailbox, mobile, agency_id)"
                " VALUES ('1', '', '', '', 404)"
            )

    with pytest.raises(sqlite3.IntegrityError):
        await dangling()
    await write("after")
    assert await names(sqlite_register) == ["after"]


async def test_a_failed_step_in_a_savepoint_spares_the_steps_before(sqlite_register: Path) -> None:
    async def undone() -> None:
        async with in_transaction():
            await Counter.create(name="undone")
            raise ZeroDivisionError

    async with in_transaction():
        await Counter.create(name="kept")
        with pytest.raises(ZeroDivisionError):
            await undone()
    assert await names(sqlite_register) == ["kept"]


async def test_every_transaction_reads_what_the_one_before_wrote(sqlite_register: Path) -> None:
    """Read, then write: deferred transactions lose updates here or fail."""
    await Counter.create(name="n")

    async def step() -> None:
        async with in_transaction():
            counter = await Counter.get(name="n")
            counter.value += 1
            await counter.save()

    await asyncio.gather(*(step() for _ in range(50)))
    assert (await Counter.get(name="n")).value == 50


async def test_the_register_is_durable_and_holds_its_keys(sqlite_register: Path) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    assert [await pragma(name) for name in names] == [
        "wal",
        2,  # FULL: a commit survives a power cut
        1,
        30_000,
    ]
