"""A child has nothing, may die in any way, and never takes the bot with it."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.sandbox import (
    ANSWER_LIMIT,
    WALL_CLOCK,
    BadAnswer,
    Crashed,
    OutOfMemory,
    OutOfTime,
    Sandbox,
)
from bot.sections import servers
from tests.sandbox import probes

LIMITS = servers.Sandbox(seconds=1, memory=256 * 1024 * 1024, children=2)


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    monkeypatch.setenv("BOT_SECRET", "pin")
    made = Sandbox(LIMITS, [probes.__name__])
    yield made
    await made.close()


async def is_well(sandbox: Sandbox) -> bool:
    return await sandbox.call(probes.echo, "Đỗ Thị Ánh", answer=str) == "Đỗ Thị Ánh"


def children_of(pid: int) -> str:
    listed = subprocess.run(
        ["ps", "--no-headers", "-o", "pid,stat", "--ppid", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return listed.stdout


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_child_can_open_nothing_at_all(sandbox: Sandbox) -> None:
    stopped = await sandbox.call(probes.attempts, answer=dict[str, str])
    assert set(stopped) == {
        "read a file",
        "close and open",
        "tcp",
        "udp",
        "unix",
        "pipe",
        "fork",
        "run",
        "raise the limit",
    }


async def test_a_child_inherits_no_secret_and_no_library_of_the_bot(sandbox: Sandbox) -> None:
    found = await sandbox.call(probes.surroundings, answer=dict[str, list[str]])
    assert found["environment"] == ["LC_ALL"]
    for library in ("pkcs11", "tortoise", "dramatiq", "httpx", "bot.register", "bot.hsm"):
        assert library not in found["modules"]
    assert found["user"] != ["0"]


async def test_a_long_argument_arrives_whole(sandbox: Sandbox) -> None:
    long = "ạ" * 3_000_000
    assert await sandbox.call(probes.echo, long, answer=str) == long


@pytest.mark.parametrize(
    ("probe", "error", "code"),
    [
        (probes.spin, OutOfTime, "sandbox.time"),
        (probes.spin_in_c, OutOfTime, "sandbox.time"),
        (probes.eat, OutOfMemory, "sandbox.memory"),
        (probes.die, Crashed, "sandbox.crash"),
        (probes.fail, Crashed, "sandbox.crash"),
        (probes.process, BadAnswer, "sandbox.answer"),
    ],
)
async def test_each_death_has_its_code_and_the_next_call_is_well(
    sandbox: Sandbox, probe: object, error: type[Exception], code: str
) -> None:
    assert await is_well(sandbox)
    with pytest.raises(error) as raised:
        await sandbox.call(probe, answer=str)  # type: ignore[arg-type]  # any probe
    assert str(raised.value) == code
    assert raised.value.__cause__ is None
    assert await is_well(sandbox)


async def test_only_its_own_work_counts_against_a_child(sandbox: Sandbox) -> None:
    assert await sandbox.call(probes.nap, LIMITS.seconds * 1.5, answer=float)


async def test_a_child_that_sleeps_for_ever_is_ended(sandbox: Sandbox) -> None:
    with pytest.raises(OutOfTime):
        await sandbox.call(probes.nap, 2 * WALL_CLOCK * LIMITS.seconds, answer=float)
    assert await is_well(sandbox)


async def test_an_endless_answer_is_cut_off(sandbox: Sandbox) -> None:
    with pytest.raises(BadAnswer):
        await sandbox.call(probes.shout, ANSWER_LIMIT, answer=str)


async def test_the_warm_process_may_die_at_any_moment(sandbox: Sandbox) -> None:
    assert await is_well(sandbox)
    first = sandbox._warm._process.pid
    sandbox._warm._process.kill()
    assert await is_well(sandbox)
    assert sandbox._warm._process.pid != first


async def test_children_die_with_the_warm_process(sandbox: Sandbox) -> None:
    napping = asyncio.create_task(sandbox.call(probes.nap, 0.9, answer=float))
    await until(lambda: children_of(sandbox._warm._process.pid))
    sandbox._warm._process.kill()
    with pytest.raises(Crashed):
        await napping
    assert await is_well(sandbox)


async def test_no_more_than_so_many_at_once_and_the_loop_goes_on(sandbox: Sandbox) -> None:
    assert await is_well(sandbox)
    began = time.monotonic()
    naps = asyncio.gather(*(sandbox.call(probes.nap, 0.2, answer=float) for _ in range(4)))
    ticks = 0
    while not naps.done():
        ticks += 1
        await asyncio.sleep(0.01)
    ends = sorted(await naps)
    assert ticks > 1
    assert ends[2] - began >= 0.4


async def test_a_group_that_is_told_to_stop_still_finishes(sandbox: Sandbox) -> None:
    assert await is_well(sandbox)
    warm = sandbox._warm._process.pid
    call = asyncio.create_task(sandbox.call(probes.spin, answer=str))
    await until(lambda: children_of(warm))
    os.killpg(warm, signal.SIGTERM)  # it leads a session of its own
    with pytest.raises(OutOfTime):
        await call
    assert await is_well(sandbox)
    assert sandbox._warm._process.pid == warm


async def test_a_cancelled_call_kills_its_child_and_leaves_nothing(sandbox: Sandbox) -> None:
    assert await is_well(sandbox)
    warm = sandbox._warm._process.pid
    call = asyncio.create_task(sandbox.call(probes.spin, answer=str))
    await until(lambda: children_of(warm))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: not children_of(warm))


async def test_nothing_is_left_open_and_no_zombie_stays(sandbox: Sandbox) -> None:
    assert await is_well(sandbox)
    before = open_files()
    for _ in range(20):
        assert await is_well(sandbox)
    with pytest.raises(Crashed):
        await sandbox.call(probes.die, answer=str)
    assert open_files() == before
    assert "Z" not in children_of(sandbox._warm._process.pid)
    await sandbox.close()
    assert str(sandbox._warm._process.pid) not in children_of(os.getpid())


async def test_what_is_warmed_up_is_warm_in_every_child(sandbox: Sandbox) -> None:
    first, second = [await sandbox.call(probes.warmed_up_in, answer=list[int]) for _ in range(2)]
    assert len(first) == 1
    assert first == second
