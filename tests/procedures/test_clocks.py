"""The clock of a dossier: officers hear of it at 50, 80 and 100 %, each once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from tortoise.transactions import in_transaction

from bot.clock import HANOI, REVOCATION, Calendar
from bot.config import Settings
from bot.dossier.form import Procedure
from bot.outbox.delivery import Post
from bot.outbox.officer_notices import Clock
from bot.procedures.clocks import set_clock, tell_of_clock
from bot.procedures.standing import standing
from bot.procedures.telling import tell_officers
from bot.register import tasks
from bot.register.lifecycle import Channel, DossierStatus, ItemStatus, Role, Turn
from bot.register.models import Dossier, Notice, Pause, Task
from bot.register.tasks import Kind
from tests.outbox.examples import DUE, EXAMPLES, a_clock
from tests.outbox.world import take
from tests.register.rows import a_dossier, an_item, an_officer

pytestmark = pytest.mark.usefixtures("register")

CALENDAR = Calendar()
RECEIVED = datetime(2026, 11, 23, 9, tzinfo=HANOI)  # due on Friday: Tuesday is a holiday
HALF, MOST, END = (
    datetime(2026, 11, 26, 8, 30, tzinfo=HANOI),
    datetime(2026, 11, 27, 10, tzinfo=HANOI),
    CALENDAR.due(RECEIVED),
)
SECOND = timedelta(seconds=1)


def services() -> Post:
    """That story needs nothing but the calendar."""
    nothing = cast("Any", None)
    return Post(Settings(), nothing, nothing, nothing, nothing, nothing, nothing, CALENDAR)


async def an_open_dossier(**changes: Any) -> Dossier:
    values: dict[str, Any] = {"received_at": RECEIVED, "due_at": END}
    dossier = await a_dossier(**values | changes)
    await set_clock(dossier, CALENDAR)
    return dossier


async def run(now: datetime) -> None:
    await tell_of_clock(await take(Kind.CLOCK, now), services(), now)


async def told() -> Sequence[tuple[int, Channel]]:
    notices = await Notice.filter(kind="clock").order_by("id")
    return [(Clock.read(one.data).percent, one.channel) for one in notices]


async def test_each_officer_is_told_three_times_by_mail_and_by_phone() -> None:
    await an_officer(mobile="+84912345678")
    await an_open_dossier()
    assert (await Task.get(kind=Kind.CLOCK)).due_at == HALF
    for now, next_one in ((HALF, MOST), (MOST, END)):
        await run(now)
        assert (await Task.get(kind=Kind.CLOCK)).due_at == next_one
    await run(END)
    assert not await Task.exists(kind=Kind.CLOCK)
    both = (Channel.EMAIL, Channel.SMS)
    assert await told() == [(percent, channel) for percent in (50, 80, 100) for channel in both]


async def test_a_step_that_is_repeated_tells_nothing_twice() -> None:
    await an_officer()
    dossier = await an_open_dossier()
    await run(HALF)
    await set_clock(dossier, CALENDAR)
    await run(HALF + SECOND)
    assert await told() == [(50, Channel.EMAIL)]
    assert (await Task.get(kind=Kind.CLOCK)).due_at == MOST


async def test_after_a_silence_the_last_step_speaks_for_those_before() -> None:
    await an_officer()
    await an_open_dossier()
    await run(END + timedelta(days=3))
    assert await told() == [(100, Channel.EMAIL)]


@pytest.mark.parametrize(
    "status", [DossierStatus.RETURNED, DossierStatus.WITHDRAWN, DossierStatus.COMPLETED]
)
async def test_a_closed_dossier_has_no_clock(status: DossierStatus) -> None:
    await an_officer()
    await an_open_dossier(status=status)
    await run(HALF)
    assert await told() == []
    assert not await Task.exists(kind=Kind.CLOCK)


async def test_an_accepted_dossier_runs_until_its_last_row_is_done() -> None:
    await an_officer()
    dossier = await an_open_dossier(status=DossierStatus.ACCEPTED)
    for position, status in enumerate((ItemStatus.DONE, ItemStatus.RETURNED, ItemStatus.HELD), 1):
        await an_item(dossier=dossier, position=position, status=status)
    await run(HALF)
    content = Clock.read((await Notice.get()).data)
    assert (content.rows, content.closed, content.turn) == (3, 2, Turn.OFFICER)
    assert content.number == dossier.number
    assert content.due == END


async def test_a_hastened_clock_runs_day_and_night_from_then_on() -> None:
    await an_officer()
    saturday = datetime(2026, 11, 28, 22, tzinfo=HANOI)
    dossier = await an_open_dossier(received_at=saturday, due_at=CALENDAR.due(saturday))
    dossier.procedure, dossier.due_at = Procedure.REVOKE, saturday + REVOCATION
    async with in_transaction():
        await dossier.save(update_fields=["procedure", "due_at"])
        await set_clock(dossier, CALENDAR)
    for percent, hours in ((50, 6), (80, 9.6), (100, 12)):
        now = saturday + timedelta(hours=hours)
        assert (await Task.get(kind=Kind.CLOCK)).due_at == now
        await run(now)
        assert (await told())[-1] == (percent, Channel.EMAIL)


async def test_it_is_not_said_what_is_asked_before_it_was_read() -> None:
    await an_officer()
    await an_open_dossier()
    await run(HALF)
    content = Clock.read((await Notice.get()).data)
    assert (content.procedure, content.turn) == (None, Turn.BOT)


@pytest.mark.parametrize(
    ("status", "items", "paused", "procedure", "turn"),
    [
        ("received", [], False, "issue", Turn.BOT),
        ("held", ["asked"], False, "issue", Turn.OFFICER),
        ("accepted", ["accepted", "done"], False, "issue", Turn.CA),
        ("accepted", ["accepted"], True, "issue", Turn.PAUSED),
        ("accepted", ["accepted"], True, "revoke", Turn.CA),
        ("accepted", ["accepted", "held"], True, "issue", Turn.OFFICER),
        ("accepted", ["parked", "held"], False, "issue", Turn.PARKED),
    ],
)
async def test_whose_turn_it_is(
    status: str, items: list[str], paused: bool, procedure: str, turn: Turn
) -> None:
    if paused:
        await Pause.create(queue="ca", since=RECEIVED)
    dossier = await a_dossier(status=status, procedure=procedure)
    for position, state in enumerate(items, start=1):
        await an_item(dossier=dossier, position=position, status=state)
    assert (await standing(dossier)).turn is turn


async def test_a_letter_that_could_not_be_vetted_waits_for_an_officer() -> None:
    dossier = await a_dossier()
    await tasks.call_parked(Kind.DECIDE, dossier.id, "crash.KeyError", RECEIVED)
    assert (await standing(dossier)).turn is Turn.PARKED


async def recipients(channel: Channel) -> list[str]:
    return sorted([notice.recipient async for notice in Notice.filter(channel=channel)])


async def test_officers_are_told_by_role_and_by_phone_only_when_it_is_urgent() -> None:
    watches = await an_officer(mobile="+84912345671")
    decides = await an_officer(mobile="+84912345672", role=Role.DECIDE)
    await an_officer(role=Role.GOVERN, mobile="+84912345673", until=RECEIVED)
    await tell_officers(a_clock(), key="a", now=DUE)
    assert await recipients(Channel.SMS) == []
    assert await recipients(Channel.EMAIL) == [watches.mailbox, decides.mailbox]
    await tell_officers(a_clock(), key="b", now=DUE, roles=[Role.DECIDE], urgent=True)
    assert await recipients(Channel.SMS) == [decides.mobile]


async def test_what_does_not_fit_into_a_short_message_goes_by_mail_alone() -> None:
    await an_officer(mobile="+84912345671")
    await tell_officers(EXAMPLES["parked row"], key="a", now=DUE, urgent=True)
    assert await recipients(Channel.SMS) == []
