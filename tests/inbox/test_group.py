"""Who comes while a commit is under way goes with the next; each has an answer of its own."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Unavailable
from bot.inbox.group import GroupCommit


class Committing:
    """A commit that waits to be let go, and fails with what it does not like."""

    def __init__(self, *, waits: bool = False, bad: frozenset[int] = frozenset()) -> None:
        self.groups: list[list[int]] = []
        self.go_on = asyncio.Event()
        self.bad = bad
        if not waits:
            self.go_on.set()

    async def __call__(self, things: Sequence[int]) -> list[str]:
        self.groups.append(list(things))
        await self.go_on.wait()
        if self.bad.intersection(things):
            raise ValueError
        return [f"kept {thing}" for thing in things]


async def test_a_lone_one_goes_at_once() -> None:
    commit = Committing()
    assert await GroupCommit(commit).add(1) == "kept 1"
    assert commit.groups == [[1]]


async def test_who_comes_meanwhile_goes_together_in_the_next() -> None:
    commit = Committing(waits=True)
    group = GroupCommit(commit)
    adding = [asyncio.create_task(group.add(number)) for number in range(6)]
    while not commit.groups:
        await asyncio.sleep(0)
    adding += [asyncio.create_task(group.add(number)) for number in (6, 7)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in adding)  # none before its commit
    commit.go_on.set()
    assert await asyncio.gather(*adding) == [f"kept {number}" for number in range(8)]
    assert [number for one in commit.groups for number in one] == list(range(8))
    assert len(commit.groups) == 2


@given(st.lists(st.integers(0, 30), unique=True, max_size=20), st.frozensets(st.integers(0, 30)))
def test_each_has_its_own_answer(things: list[int], bad: frozenset[int]) -> None:
    async def answers() -> list[object]:
        group = GroupCommit(Committing(bad=bad))
        return await asyncio.gather(*map(group.add, things), return_exceptions=True)

    said = [None if isinstance(one, ValueError) else one for one in asyncio.run(answers())]
    assert said == [None if thing in bad else f"kept {thing}" for thing in things]


async def test_when_the_register_is_away_nobody_waits_for_it_again() -> None:
    calls = 0

    async def away(things: Sequence[int]) -> Sequence[str]:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0)
        raise Unavailable

    group = GroupCommit(away)
    said = await asyncio.gather(*map(group.add, range(20)), return_exceptions=True)
    assert [type(one) for one in said] == [Unavailable] * 20
    assert calls <= 2
    with pytest.raises(Unavailable):
        await group.add(1)
