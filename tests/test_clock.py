"""Working days by the Labour Code; the override file."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import HANOI, REVOCATION, SWAP_DAYS, Calendar
from bot.errors import Misconfigured


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-23T09:00", "2026-11-27T17:00"),  # 24 November is a holiday from 2026
        ("2026-11-23T23:59", "2026-11-27T17:00"),  # after hours counts as received when it came
        ("2026-11-20T16:00", "2026-11-26T17:00"),  # over a weekend
        ("2026-02-13T10:00", "2026-02-25T17:00"),  # over Tết
        ("2026-04-25T10:00", "2026-05-04T17:00"),  # 26 April, a Sunday, is made good on Monday
        ("2025-12-31T10:00", "2026-01-07T17:00"),  # 2 January is swapped for the 10th
        ("2026-01-08T10:00", "2026-01-12T17:00"),  # ... so that Saturday is worked
        ("2027-02-03T10:00", "2027-02-15T17:00"),  # over the next Tết, 4 to 10 February
    ],
)
def test_due_after_three_working_days(received: str, due: str) -> None:
    calendar = Calendar.parse(SWAP_DAYS)
    expected = datetime.fromisoformat(due).replace(tzinfo=HANOI)
    assert calendar.due(datetime.fromisoformat(received).replace(tzinfo=HANOI)) == expected


def test_the_day_of_receipt_is_the_day_in_hanoi() -> None:
    late_on_sunday_in_utc = datetime(2026, 11, 22, 18, tzinfo=UTC)  # Monday 01:00 in Hà Nội
    assert Calendar().due(late_on_sunday_in_utc).date() == date(2026, 11, 27)


def date_of(year: int) -> datetime:
    return datetime(year, 1, 1)  # noqa: DTZ001 - hypothesis wants it naive


@given(st.datetimes(date_of(2025), date_of(2030)), st.integers(1, 10))
def test_due_is_a_working_day_and_later_receipt_is_never_due_earlier(
    received: datetime, days: int
) -> None:
    calendar = Calendar()
    due = calendar.due(received.replace(tzinfo=UTC), days)
    assert calendar.is_working_day(due.date())
    assert calendar.due(received.replace(tzinfo=UTC) + timedelta(hours=7), days) >= due


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("rest = ", "TOML"),
        ('rest = ["2026-01-02"]', "date"),
        ("rest = [2026-01-02T00:00:00]", "date"),
        ("holiday = []", "holiday"),
        ("rest = [2026-01-02]\nwork = [2026-01-02]", "both"),
    ],
)
def test_a_wrong_calendar_file_is_refused_naming_what_is_wrong(text: str, word: str) -> None:
    with pytest.raises(Misconfigured, match=word):
        Calendar.parse(text)


MOMENTS = st.datetimes(date_of(2025), date_of(2030)).map(lambda one: one.replace(tzinfo=UTC))
PERCENTS = st.floats(0, 100)


@pytest.mark.parametrize(
    ("received", "percent", "reached"),
    [
        # 8 hours of Monday, a holiday, and 27 hours until Friday 17:00
        ("2026-11-23T09:00", 50, "2026-11-26T08:30"),
        ("2026-11-23T09:00", 80, "2026-11-27T10:00"),
        ("2026-11-23T09:00", 100, "2026-11-27T17:00"),
        # on a Saturday: the clock begins to move on Monday at 8
        ("2026-11-28T20:00", 50, "2026-12-01T12:30"),
        # over Tết: nobody is told on a holiday
        ("2027-02-03T10:00", 50, "2027-02-12T09:00"),
    ],
)
def test_shares_of_working_days_are_measured_in_hours_that_are_worked(
    received: str, percent: int, reached: str
) -> None:
    calendar = Calendar.parse(SWAP_DAYS)
    came = datetime.fromisoformat(received).replace(tzinfo=HANOI)
    expected = datetime.fromisoformat(reached).replace(tzinfo=HANOI)
    assert calendar.share(came, calendar.due(came), percent) == expected


def test_the_clock_of_a_revocation_runs_day_and_night() -> None:
    came = datetime(2027, 2, 6, 15, tzinfo=UTC)  # the night of the new year
    due = came + REVOCATION
    for percent, hours in ((50, 6), (80, 9.6), (100, 12)):
        reached = Calendar().share(came, due, percent, day_and_night=True)
        assert reached == came + timedelta(hours=hours)
        assert Calendar().used(came, due, reached, day_and_night=True) == pytest.approx(percent)


@given(MOMENTS, PERCENTS, PERCENTS, st.booleans())
def test_a_share_is_reached_between_receipt_and_due_and_a_greater_one_not_earlier(
    received: datetime, one: float, other: float, day_and_night: bool
) -> None:
    calendar = Calendar()
    due = received + REVOCATION if day_and_night else calendar.due(received)
    less, more = (
        calendar.share(received, due, percent, day_and_night=day_and_night)
        for percent in sorted((one, other))
    )
    assert received <= less <= more <= due
    assert calendar.share(received, due, 100, day_and_night=day_and_night) == due


@given(MOMENTS, st.floats(1, 99), st.booleans())
def test_what_is_used_when_a_share_is_reached_is_that_share(
    received: datetime, percent: float, day_and_night: bool
) -> None:
    calendar = Calendar()
    due = received + REVOCATION if day_and_night else calendar.due(received)
    reached = calendar.share(received, due, percent, day_and_night=day_and_night)
    used = calendar.used(received, due, reached, day_and_night=day_and_night)
    assert used == pytest.approx(percent, abs=0.001)
    assert calendar.used(received, due, received, day_and_night=day_and_night) == 0
    assert calendar.used(received, due, due, day_and_night=day_and_night) == 100


def test_a_clock_that_had_run_out_on_receipt_is_used_up() -> None:
    came = datetime(2026, 11, 23, 2, tzinfo=UTC)
    due = came - timedelta(days=1)
    for day_and_night in (False, True):
        assert Calendar().share(came, due, 50, day_and_night=day_and_night) == due
        assert Calendar().used(came, due, came, day_and_night=day_and_night) == 100


def test_it_is_known_which_years_are_known() -> None:
    calendar = Calendar.parse(SWAP_DAYS)
    assert all(calendar.knows(year) for year in range(2026, 2036))
    assert not calendar.knows(2101)
    assert [year for year in (2025, 2026, 2027) if calendar.has_swaps(year)] == [2026]
