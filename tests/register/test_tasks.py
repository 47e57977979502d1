"""Tasks: called for once, leased to one hand, ended with their result, never lost."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from tortoise.transactions import in_transaction

from bot.register import audit, tasks
from bot.register.audit import Event
from bot.register.counter import Counter
from bot.register.models import Task
from bot.register.tasks import LEASE, PARKED_AFTER, Kind, Lease, LeaseLost, Queue

pytestmark = pytest.mark.usefixtures("register")
SECOND = timedelta(seconds=1)


async def call(now: datetime, subjects: Iterable[int] = (1,), kind: Kind = Kind.ISSUE) -> None:
    async with in_transaction():
        for subject in subjects:
            await tasks.call(kind, subject, due=now)


async def take(now: datetime) -> Lease:
    [lease] = await tasks.lease(now, Queue, most=1)
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
    assert task.leased_until == now + SECOND + LEASE
    assert await tasks.held(lease.task, lease.token) == lease
    assert await tasks.held(lease.task, "0" * 32) is None
    await lease.check()


async def test_of_eight_hands_each_task_goes_to_one(now: datetime) -> None:
    await call(now, range(100))

    async def hand() -> list[Lease]:
        mine = []
        while some := await tasks.lease(now, Queue, most=3):
            mine += some
        return mine

    hands = await asyncio.gather(*(hand() for _ in range(8)))
    leased = [lease for hand in hands for lease in hand]
    assert sorted(lease.subject for lease in leased) == list(range(100))
    assert len({lease.token for lease in leased}) == 100
    assert await tasks.leased(now, Queue) == 100


async def test_no_more_are_leased_than_asked_for_and_the_oldest_first(now: datetime) -> None:
    for days in (2, 3, 1):
        await call(now - timedelta(days=days), [days])
    assert [lease.subject for lease in await tasks.lease(now, Queue, most=2)] == [3, 2]


async def test_each_queue_is_asked_for_its_own(now: datetime) -> None:
    await call(now - timedelta(days=1), range(20))
    async with in_transaction():
        await tasks.call(Kind.PUBLISH, 0, due=now)
    [lease] = await tasks.lease(now, [Queue.URGENT], most=9)
    assert lease.kind is Kind.PUBLISH
    assert await tasks.leased(now, [Queue.URGENT]) == 1
    assert await tasks.leased(now, set(Queue) - {Queue.URGENT}) == 0


async def test_it_ends_with_its_result(now: datetime) -> None:
    await call(now)
    lease = await take(now)
    async with in_transaction():
        await Counter.create(name="result")
        await lease.end()
    assert await Task.all().count() == 0
    assert await tasks.held(lease.task, lease.token) is None
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
            await tasks.lease(now + LEASE + SECOND, Queue, most=1)
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
    assert await tasks.leased(now + LEASE, Queue) == 1
    after = now + LEASE + SECOND
    assert await tasks.leased(after, Queue) == 0
    second = await take(after)
    assert (second.attempt, second.token != first.token) == (2, True)


async def test_an_expired_lease_that_nobody_took_still_ends_its_task(now: datetime) -> None:
    await call(now)
    lease = await take(now)
    assert await tasks.leased(now + LEASE + SECOND, Queue) == 0
    await lease.end()
    assert await Task.all().count() == 0


async def test_release_all_frees_what_a_dead_process_held(now: datetime) -> None:
    await call(now, range(3))
    assert len(await tasks.lease(now, Queue, most=2)) == 2
    await tasks.release_all()
    assert await tasks.leased(now, Queue) == 0
    assert [lease.attempt for lease in await tasks.lease(now, Queue, most=9)].count(2) == 2


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
    assert await tasks.lease(at, Queue, most=1) == []
    parked, escalation = await Task.get(key="issue:1"), await Task.get(kind=Kind.ESCALATE)
    assert (parked.parked_at, parked.lease, parked.leased_until) == (at, None, None)
    assert (escalation.subject, escalation.due_at) == (parked.id, at)
    event = await Event.get()
    assert (event.chain, event.code, event.subject) == (audit.SYSTEM, "task.park", parked.id)
    assert event.because == "worker.died"
    assert [lease.kind for lease in await tasks.lease(at + LEASE, Queue, most=9)] == [Kind.ESCALATE]


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
            await tasks.lease(now, Queue, most=1)
    task = await Task.get()
    assert (task.parked_at, await Event.all().count()) == (None, 0)
    await tasks.lease(now, Queue, most=1)
    assert (await Event.get()).because == "crash.KeyError"
    assert await Task.filter(kind=Kind.ESCALATE).count() == 1


@pytest.mark.parametrize("kind", Kind)
async def test_what_is_urgent_or_tells_of_trouble_is_never_parked(
    kind: Kind, now: datetime
) -> None:
    await call(now, kind=kind)
    await Task.all().update(attempts=1_000)
    never = kind.queue is Queue.URGENT or kind is Kind.ESCALATE
    assert len(await tasks.lease(now, Queue, most=1)) == never
    assert await Task.filter(parked_at__isnull=False).count() == (not never)


async def test_a_parked_task_does_not_stop_the_next(now: datetime) -> None:
    await call(now - SECOND, [1])
    await Task.all().update(attempts=PARKED_AFTER)
    await call(now, [2])
    assert [lease.subject for lease in await tasks.lease(now, Queue, most=9)] == [2]
