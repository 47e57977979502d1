"""Working days by the Labour Code; the override file."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import HANOI, SWAP_DAYS, Calendar
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
