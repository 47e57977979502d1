"""Tasks: called for once, begun by one hand, ended with their result, never lost."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tortoise.transactions import in_transaction

from bot.clock import HANOI
from bot.register import audit, tasks
from bot.register.audit import Event
from bot.register.counter import Counter
from bot.register.models import Pause, Task
from bot.register.tasks import (
    HAND_OVER,
    LEASE,
    MISSED,
    PARKED_AFTER,
    Kind,
    Lease,
    LeaseLost,
    Queue,
    StillKept,
)

pytestmark = pytest.mark.usefixtures("register")
SECOND = timedelta(seconds=1)


async def call(now: datetime, subjects: Iterable[int] = (1,), kind: Kind = Kind.ISSUE) -> None:
    async with in_transaction():
        for subject in subjects:
            await tasks.call(kind, subject, due=now)


async def begun(now: datetime, queues: Iterable[Queue] = Queue, *, most: int = 1) -> list[Lease]:
    """What relay and workers take up between them."""
    handed = await tasks.lease(now, queues, most=most)
    return [lease for one in handed if (lease := await tasks.begin(one, now))]


async def take(now: datetime) -> Lease:
    [lease] = await begun(now)
    return lease


async def test_called_twice_it_is_one(now: datetime) -> None:
    await call(now)
    await call(now + SECOND)
    task = await Task.get()
    assert (task.key, task.kind, task.subject) == ("issue:1", Kind.ISSUE, 1)
    assert (task.since, task.due_at, task.attempts, task.lease) == (now, now, 0, None)


async def test_called_by_many_at_once_it_is_one(now: datetime) -> None:
    await asyncio.gather(*(call(now) for _ in range(10)))
    assert await Task.all().count() == 1


async def test_called_in_a_transaction_that_rolls_back_it_does_not_exist(now: datetime) -> None:
    async def undone() -> None:
        async with in_transaction():
            await tasks.call(Kind.ISSUE, 1, due=now)
            assert await Task.all().count() == 1
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await undone()
    assert await Task.all().count() == 0


async def test_it_is_not_leased_before_it_is_due(now: datetime) -> None:
    async with in_transaction():
        await tasks.call(Kind.RESULT, 1, due=now)
    assert await tasks.lease(now - SECOND, Queue, most=10) == []
    assert len(await tasks.lease(now, Queue, most=10)) == 1


async def test_a_lease_says_what_it_is_for(now: datetime) -> None:
    await call(now, [7])
    lease, task = await take(now + SECOND), await Task.get()
    assert lease == Lease(task.id, str(task.lease), Kind.ISSUE, 7, 1, now)
    assert (task.begun_at, task.leased_until) == (now + SECOND, now + SECOND + LEASE)
    await lease.check()


async def test_a_message_is_begun_once(now: datetime) -> None:
    await call(now)
    [handed] = await tasks.lease(now, Queue, most=1)
    assert await tasks.begin(replace(handed, token="0" * 32), now) is None
    one, other = await asyncio.gather(*(tasks.begin(handed, now) for _ in range(2)))
    assert (one is None) != (other is None)
    assert (await Task.get()).attempts == 1


async def test_what_waits_on_the_way_has_not_been_tried(now: datetime) -> None:
    await call(now)
    for times in range(PARKED_AFTER + 1):
        at = now + times * (HAND_OVER + SECOND)
        assert len(await tasks.lease(at, Queue, most=1)) == 1  # and the broker loses it
    assert (await Task.get()).attempts == 0


async def test_a_message_that_comes_late_gives_nothing(now: datetime) -> None:
    await call(now)
    [lost] = await tasks.lease(now, Queue, most=1)
    [newer] = await tasks.lease(now + HAND_OVER + SECOND, Queue, most=1)
    assert await tasks.begin(lost, now + HAND_OVER + SECOND) is None
    assert await tasks.begin(newer, now + HAND_OVER + SECOND)


async def test_a_message_given_back_by_a_dead_hand_is_taken_over(now: datetime) -> None:
    await call(now)
    [handed] = await tasks.lease(now, Queue, most=1)
    dead = await tasks.begin(handed, now)
    with pytest.raises(StillKept):  # it may only have lost its connection to the broker
        await tasks.begin(handed, now + MISSED - SECOND, again=True)
    alive = await tasks.begin(handed, now + MISSED, again=True)
    assert dead
    assert alive
    assert (dead.attempt, alive.attempt) == (1, 2)
    with pytest.raises(LeaseLost):  # it was not so dead: what it writes is taken back
        await dead.end()
    await alive.end()


async def test_a_message_that_kills_each_hand_is_parked(now: datetime) -> None:
    await call(now)
    [handed] = await tasks.lease(now, Queue, most=1)
    for times in range(PARKED_AFTER):
        assert await tasks.begin(handed, now + times * MISSED, again=True)
    after = now + PARKED_AFTER * MISSED
    assert await tasks.begin(handed, after, again=True) is None
    assert (await Task.get(key="issue:1")).parked_at == after


async def test_kept_alive_it_is_not_given_away(now: datetime) -> None:
    await call(now)
    lease = await take(now)
    await lease.extend(now + LEASE)
    assert await tasks.lease(now + 2 * LEASE, Queue, most=1) == []
    await take(now + 2 * LEASE + SECOND)
    with pytest.raises(LeaseLost):
        await lease.extend(now + 2 * LEASE + SECOND)


async def test_of_eight_hands_each_task_goes_to_one(now: datetime) -> None:
    await call(now, range(100))

    async def hand() -> list[Lease]:
        mine = []
        while some := await begun(now, most=3):
            mine += some
        return mine

    hands = await asyncio.gather(*(hand() for _ in range(8)))
    leased = [lease for hand in hands for lease in hand]
    assert sorted(lease.subject for lease in leased) == list(range(100))
    assert len({lease.token for lease in leased}) == 100
    assert await tasks.on_the_way(now, Queue) == 0


async def test_no_more_are_leased_than_asked_for_and_the_oldest_first(now: datetime) -> None:
    for days in (2, 3, 1):
        await call(now - timedelta(days=days), [days])
    assert [lease.subject for lease in await begun(now, most=2)] == [3, 2]


async def test_each_queue_is_asked_for_its_own(now: datetime) -> None:
    await call(now - timedelta(days=1), range(20))
    async with in_transaction():
        await tasks.call(Kind.PUBLISH, 0, due=now)
    [handed] = await tasks.lease(now, [Queue.URGENT], most=9)
    assert await tasks.on_the_way(now, [Queue.URGENT]) == 1
    assert await tasks.on_the_way(now, set(Queue) - {Queue.URGENT}) == 0
    lease = await tasks.begin(handed, now)
    assert lease
    assert lease.kind is Kind.PUBLISH
    assert await tasks.on_the_way(now, Queue) == 0


async def test_it_ends_with_its_result(now: datetime) -> None:
    await call(now)
    lease = await take(now)
    async with in_transaction():
        await Counter.create(name="result")
        await lease.end()
    assert await Task.all().count() == 0
    assert await tasks.lease(now + timedelta(days=1), Queue, most=1) == []


@pytest.mark.parametrize("how", ["given to another", "ended", "postponed", "parked", "released"])
async def test_a_lost_lease_ends_nothing_and_takes_its_result_back(how: str, now: datetime) -> None:
    await call(now)
    lost = await take(now)
    match how:
        case "given to another":
            await take(now + LEASE + SECOND)
        case "ended":
            await lost.end()
        case "postponed":
            await lost.postpone("x", now, counted=True)
        case "parked":
            await Task.all().update(attempts=PARKED_AFTER)
            assert await begun(now + LEASE + SECOND) == []
        case "released":
            await tasks.release_all()
    before = await Task.all().order_by("id").values()

    async def result() -> None:
        async with in_transaction():
            await Counter.create(name="result")
            await lost.end()

    with pytest.raises(LeaseLost):
        await result()
    with pytest.raises(LeaseLost):
        await lost.check()
    await lost.postpone("late", now + LEASE, counted=False)  # quietly nothing
    assert not await Counter.exists(name="result")
    assert await Task.all().order_by("id").values() == before


async def test_a_result_that_cannot_be_written_keeps_the_task(now: datetime) -> None:
    await call(now)
    lease = await take(now)

    async def result() -> None:
        async with in_transaction():
            await lease.end()
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await result()
    await lease.check()


async def test_an_expired_lease_is_leased_again_and_not_a_moment_before(now: datetime) -> None:
    await call(now)
    first = await take(now)
    assert await tasks.lease(now + LEASE, Queue, most=1) == []
    second = await take(now + LEASE + SECOND)
    assert (second.attempt, second.token != first.token) == (2, True)


async def test_an_expired_lease_that_nobody_took_still_ends_its_task(now: datetime) -> None:
    await call(now)
    lease = await take(now)
    await lease.end()
    assert await Task.all().count() == 0


async def test_release_all_frees_what_a_dead_process_held(now: datetime) -> None:
    await call(now, range(3))
    assert len(await begun(now, most=2)) == 2
    await tasks.release_all()
    assert sorted(lease.attempt for lease in await begun(now, most=9)) == [1, 2, 2]


@pytest.mark.parametrize(("counted", "attempts"), [(True, 1), (False, 0)])
async def test_postponed_it_waits_and_counts_or_not(
    counted: bool, attempts: int, now: datetime
) -> None:
    await call(now)
    lease = await take(now)
    await lease.postpone("unavailable", now, counted=counted)
    task = await Task.get()
    assert (task.attempts, task.last_error, task.lease) == (attempts, "unavailable", None)
    assert await tasks.lease(now + tasks.FIRST_RETRY - SECOND, Queue, most=1) == []
    assert (await take(now + tasks.FIRST_RETRY)).attempt == attempts + 1


@pytest.mark.parametrize(
    ("waited", "pause"),
    [
        (timedelta(days=-1), tasks.FIRST_RETRY),  # the clock was set back
        (timedelta(0), tasks.FIRST_RETRY),
        (timedelta(minutes=1), timedelta(minutes=1)),
        (timedelta(days=30), tasks.LONGEST_RETRY),
    ],
)
async def test_a_pause_is_as_long_as_the_wait_within_bounds(
    waited: timedelta, pause: timedelta, now: datetime
) -> None:
    await call(now)
    lease = await take(now)
    await lease.postpone("x", now + waited, counted=True)
    assert (await Task.get()).due_at == now + waited + pause


async def test_a_task_that_kills_its_worker_is_parked_and_escalated(now: datetime) -> None:
    await call(now)
    at = now
    for attempt in range(1, PARKED_AFTER + 1):
        assert (await take(at)).attempt == attempt  # and nobody is heard of again
        at += LEASE + SECOND
    assert await begun(at) == []
    parked, escalation = await Task.get(key="issue:1"), await Task.get(kind=Kind.ESCALATE)
    assert (parked.parked_at, parked.lease, parked.leased_until) == (at, None, None)
    assert (escalation.subject, escalation.due_at) == (parked.id, at)
    event = await Event.get()
    assert (event.chain, event.code, event.subject) == (audit.SYSTEM, "task.park", parked.id)
    assert event.because == "worker.died"
    assert [lease.kind for lease in await begun(at + LEASE, most=9)] == [Kind.ESCALATE]


async def test_parking_and_its_escalation_are_one_step(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise ConnectionError

    await call(now)
    await Task.all().update(attempts=PARKED_AFTER, last_error="crash.KeyError")
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "call", fails)
        with pytest.raises(ConnectionError):
            await begun(now)
    task = await Task.get()
    assert (task.parked_at, await Event.all().count()) == (None, 0)
    await begun(now + HAND_OVER + SECOND)
    assert (await Event.get()).because == "crash.KeyError"
    assert await Task.filter(kind=Kind.ESCALATE).count() == 1


@pytest.mark.parametrize("kind", Kind)
async def test_what_is_urgent_tells_of_trouble_or_comes_round_is_never_parked(
    kind: Kind, now: datetime
) -> None:
    await call(now, kind=kind)
    await Task.all().update(attempts=1_000)
    never = kind.queue is Queue.URGENT or kind in (Kind.ESCALATE, Kind.COLLECT, Kind.CLOCK)
    assert len(await begun(now)) == never
    assert await Task.filter(parked_at__isnull=False).count() == (not never)


async def test_a_time_is_due_in_whatever_zone_it_was_said(now: datetime) -> None:
    await call(now)
    await Task.all().update(due_at=(now + SECOND).astimezone(HANOI))
    assert await begun(now) == []
    assert len(await begun(now + SECOND)) == 1


async def test_a_parked_task_does_not_stop_the_next(now: datetime) -> None:
    await call(now - SECOND, [1])
    await Task.all().update(attempts=PARKED_AFTER)
    await call(now, [2])
    assert [lease.subject for lease in await begun(now, most=9)] == [2]


async def test_a_hand_that_lost_its_lease_parks_nothing(now: datetime) -> None:
    await call(now)
    [handed] = await tasks.lease(now, Queue, most=1)
    lost = await tasks.begin(handed, now)
    other = await tasks.begin(handed, now + MISSED, again=True)
    assert lost
    assert other
    with pytest.raises(LeaseLost):
        await lost.park("too.late", now + MISSED)
    assert (await Task.get()).parked_at is None
    await other.end()


class TestPaused:
    """A queue that an officer lets stand still."""

    async def test_nothing_of_it_is_handed_over_until_it_goes_on(self, now: datetime) -> None:
        await call(now)
        await call(now, kind=Kind.REVOKE)
        pause = await Pause.create(queue=Queue.CA, since=now)
        assert [one.kind for one in await begun(now, most=9)] == [Kind.REVOKE]
        await pause.delete()
        assert [one.kind for one in await begun(now, most=9)] == [Kind.ISSUE]

    async def test_what_was_handed_over_is_not_begun_and_loses_no_attempt(
        self, now: datetime
    ) -> None:
        await call(now)
        [handed] = await tasks.lease(now, Queue, most=1)
        pause = await Pause.create(queue=Queue.CA, since=now)
        assert await tasks.begin(handed, now) is None
        await pause.delete()
        assert (await take(now + HAND_OVER + SECOND)).attempt == 1

    async def test_what_was_begun_goes_on(self, now: datetime) -> None:
        await call(now)
        [handed] = await tasks.lease(now, Queue, most=1)
        lease = await tasks.begin(handed, now)
        await Pause.create(queue=Queue.CA, since=now)
        again = await tasks.begin(handed, now + MISSED + SECOND, again=True)
        assert again is not None
        assert lease is not None
        await again.end()
