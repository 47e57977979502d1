"""Several processes, one register: nothing twice, nothing lost, no number missing."""

import asyncio
import sys
from pathlib import Path

import pytest
from tortoise.transactions import in_transaction

from bot.register import audit, connection, tasks
from bot.register.audit import Event
from bot.register.counter import Counter
from bot.register.models import Task
from bot.register.place import Place
from demo.peers.postgres import Postgres
from tests.register.rows import NOW

HANDS = 4
TASKS = 120


async def hand(what: str, place: Place) -> str:
    """What one process said, having ended well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "tests.register.hand", what, str(place),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complaint = await process.communicate()
    assert (process.returncode, complaint.decode()) == (0, "")
    return said.decode()


async def test_four_processes_share_tasks_numbers_and_a_chain(register: Place) -> None:
    async with in_transaction():
        for subject in range(TASKS):
            await tasks.call(tasks.Kind.ISSUE, subject, due=NOW)
    said = await asyncio.gather(*(hand("work", register) for _ in range(HANDS)))
    done = [tuple(map(int, line.split())) for hand in said for line in hand.splitlines()]
    assert sorted(subject for subject, _ in done) == list(range(TASKS))
    assert sorted(number for _, number in done) == list(range(1, TASKS + 1))
    assert await Task.all().count() == 0
    assert (await Counter.get(name="done")).value == await Event.all().count() == TASKS
    assert [link async for link in audit.broken(audit.SYSTEM)] == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_processes_that_open_a_new_register_at_once_all_can(
    kind: str, tmp_path: Path, server: Postgres
) -> None:
    place: Place = tmp_path / "new" / "register.sqlite3"
    if kind == "postgresql":
        place = server.create(tmp_path.name)
    await asyncio.gather(*(hand("open", place) for _ in range(HANDS)))
    async with connection.opened(place):
        assert await Task.all().count() == 0


async def test_numbers_have_no_gaps_though_a_third_is_undone(register: Place) -> None:
    async def step(number: int) -> int:
        async with in_transaction():
            mine = await Counter.next("dossier/2026")
            if number % 3 == 0:
                raise ConnectionError
            return mine

    ends = await asyncio.gather(*(step(number) for number in range(90)), return_exceptions=True)
    numbers = [end for end in ends if isinstance(end, int)]
    assert sorted(numbers) == list(range(1, 61))


async def test_counters_are_apart(register: Place) -> None:
    async with in_transaction():
        assert [await Counter.next(name) for name in ("a", "b", "a")] == [1, 1, 2]
