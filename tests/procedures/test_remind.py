"""Certificates that end: their holders and their agencies hear of it, each once for each time."""

from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from bot.clock import HANOI, Calendar
from bot.config import Settings
from bot.outbox.delivery import Post
from bot.outbox.reminder_notices import Reminder, Reminders
from bot.procedures.remind import remind, tell_of_end
from bot.register import tasks
from bot.register.lifecycle import CertificateStatus
from bot.register.models import Agency, Certificate, Notice, Task
from bot.register.tasks import Kind, Queue
from bot.sections import authority
from tests.register.rows import a_certificate, a_key, a_subscriber, an_agency

pytestmark = pytest.mark.usefixtures("register")

END = datetime(2029, 11, 22, 9, 15, tzinfo=HANOI)
ISSUED = END - timedelta(days=3 * 365)


def morning(days: int) -> datetime:
    """So many days before the end."""
    return (END - timedelta(days=days)).replace(hour=8, minute=0)


def services(*days: int, **rules: Any) -> Post:
    """That story needs nothing but the settings."""
    nothing = cast("Any", None)
    reminders = authority.Reminders(days=days or (90, 60, 40))
    settings = Settings(reminders=reminders, rules=authority.Rules(**rules))
    return Post(settings, nothing, nothing, nothing, nothing, nothing, nothing, Calendar())


async def issued(agency: Agency, now: datetime = ISSUED, **changes: Any) -> Certificate:
    """A certificate in use, with its reminders called for."""
    subscriber = await a_subscriber(agency=agency)
    values: dict[str, Any] = {
        "key": await a_key(subscriber=subscriber),
        "subscriber_id": subscriber.id,
        "current_of": subscriber.id,
        "status": CertificateStatus.VALID,
        "not_after": END,
    }
    certificate = await a_certificate(**values | changes)
    await remind(certificate, services().settings, now)
    return certificate


async def run(now: datetime, post: Post | None = None) -> None:
    """Every reminder that is due, as the workers would."""
    await tasks.release_all()
    for handed in await tasks.lease(now, [Queue.POST], most=99):
        lease = await tasks.begin(handed, now)
        assert lease
        if lease.kind is Kind.REMIND:
            await tell_of_end(lease, post or services(), now)
        else:
            await lease.end()


async def told(kind: str) -> list[dict[str, Any]]:
    return [one.data for one in await Notice.filter(kind=kind).order_by("id")]


async def test_holder_and_agency_are_told_three_times() -> None:
    agency = await an_agency(receiver={"full_name": "Đặng Thị Hồng Ngọc", "mobile": "+84912345670"})
    certificate = await issued(agency)
    for days in (90, 60, 40):
        assert (await Task.get(kind=Kind.REMIND)).due_at == morning(days)
        await run(morning(days))
    assert not await Task.exists(kind=Kind.REMIND)
    holder = [Reminder.read(data) for data in await told("reminder")]
    assert [one.days for one in holder] == [90, 60, 40]
    assert {one.recipient for one in await Notice.filter(kind="reminder")} == {"ntha@hanoiedu.vn"}
    first, *_ = [Reminders.read(data) for data in await told("reminders")]
    assert first.receiver.full_name == "Đặng Thị Hồng Ngọc"
    assert [one.serial for one in first.ending] == [certificate.serial]
    assert first.renew_by
    assert first.renew_by.astimezone(HANOI).date() == (END - timedelta(days=30)).date()
    assert {one.recipient for one in await Notice.filter(kind="reminders")} == {agency.mailbox}


async def test_one_mail_tells_an_agency_of_all_that_end_on_a_day() -> None:
    agency, other = await an_agency(), await an_agency()
    late_that_day = END.replace(hour=23, minute=59)
    mine = [
        await issued(agency), await issued(agency, not_after=late_that_day), await issued(agency),
    ]  # fmt: skip
    await issued(agency, not_after=END + timedelta(days=1))
    await issued(other)
    await run(morning(90))
    gathered = [Reminders.read(data) for data in await told("reminders")]
    serials = sorted([sorted(one.serial for one in each.ending) for each in gathered], key=len)
    assert serials[1] == sorted(one.serial for one in mine)
    assert len(serials[0]) == 1
    assert len(await told("reminder")) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"status": CertificateStatus.REVOKED},
        {"status": CertificateStatus.BURNT},
        {"current_of": None},  # another has taken its place
    ],
)
async def test_what_is_not_in_use_any_more_reminds_nobody(changes: dict[str, Any]) -> None:
    agency = await an_agency()
    certificate = await issued(agency)
    await run(morning(90))
    await Certificate.filter(id=certificate.id).update(**changes)
    await run(morning(60))
    assert len(await told("reminder")) == len(await told("reminders")) == 1
    assert not await Task.exists(kind=Kind.REMIND)


async def test_only_what_still_lies_ahead_is_called_for() -> None:
    await issued(await an_agency(), now=morning(70))
    assert (await Task.get(kind=Kind.REMIND)).due_at == morning(60)
    await Task.all().delete()
    await issued(await an_agency(), now=morning(39))
    assert not await Task.exists(kind=Kind.REMIND)


async def test_after_a_silence_the_newest_reminder_speaks_for_those_before() -> None:
    await issued(await an_agency())
    await run(morning(55))
    assert [data["days"] for data in await told("reminder")] == [55]
    await run(morning(40))
    assert [data["days"] for data in await told("reminder")] == [55, 40]


async def test_one_that_has_ended_is_told_of_no_more() -> None:
    await issued(await an_agency())
    await run(END)
    assert await told("reminder") == []
    assert not await Task.exists(kind=Kind.REMIND)


@pytest.mark.parametrize(
    ("days", "rules", "renewals", "can"),
    [
        (31, {}, 0, True),
        (30, {}, 0, True),  # on the last day
        (29, {}, 0, False),
        (90, {}, 1, False),  # it was renewed as often as it may be
        (90, {"renewals": 2}, 1, True),
        (90, {"renewal_days": 91}, 0, False),
    ],
)
async def test_it_is_said_whether_a_renewal_can_still_be_asked_for(
    days: int, rules: dict[str, int], renewals: int, can: bool
) -> None:
    certificate = await issued(await an_agency(), renewals=renewals)
    await Task.filter(subject=certificate.id).update(due_at=morning(days), since=morning(days))
    await run(morning(days), services(days, **rules))
    for kind in ("reminder", "reminders"):
        assert [bool(data["renew_by"]) for data in await told(kind)] == [can]


async def test_who_can_renew_and_who_cannot_are_told_apart() -> None:
    agency = await an_agency()
    await issued(agency)
    await issued(agency, renewals=1)
    await run(morning(90))
    assert sorted([bool(data["renew_by"]) for data in await told("reminders")]) == [False, True]
    assert [len(data["ending"]) for data in await told("reminders")] == [1, 1]


async def test_nobody_is_reminded_where_the_setting_is_empty() -> None:
    certificate = await issued(await an_agency(), now=morning(1))
    nobody = Settings(reminders=authority.Reminders(days=()))
    await remind(certificate, nobody, ISSUED)
    assert not await Task.exists(kind=Kind.REMIND)


@pytest.mark.parametrize("days", [(40, 60), (40, 40), (0,)])
def test_days_that_make_no_sense_are_refused(days: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="fewer"):
        authority.Reminders(days=days)
