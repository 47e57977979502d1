"""Legal time: working days and hours, in Hà Nội. Pure; `now` is an argument.

Sources: Labour Code 2019 art. 111-112 (rest days and holidays, a holiday on a
rest day made good on the next working day), Civil Code art. 147 (the day of
the event does not count, the end of the last day does).
"""

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import holidays

from bot.errors import Misconfigured

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
BEGIN_OF_WORK, END_OF_WORK = time(8), time(17)
PROCESSING_DAYS = 3  # issue, renew, amend
REVOCATION = timedelta(hours=12)  # day and night

Period = tuple[datetime, datetime]  # from, to
TET = 5  # days, around the second new moon of winter

SWAP_DAYS = """\
# Swap days (hoán đổi ngày làm việc) as announced each year, where the holiday
# calendar that the bot ships with does not know them yet.
rest = [2026-01-02]
work = [2026-01-10]
"""


class Calendar:
    """Vietnam's working days: the known holidays, corrected by announced swap days."""

    def __init__(self, rest: Iterable[date] = (), work: Iterable[date] = ()) -> None:
        self._known = holidays.country_holidays("VN")
        self._rest = frozenset(rest)
        self._work = frozenset(work)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an override file: TOML with `rest` and `work`, lists of dates.

        Raises:
            Misconfigured: not such a file, or a day is in both lists.
        """
        try:
            days = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _unreadable(f"is not TOML: {error}") from None
        if unknown := days.keys() - {"rest", "work"}:
            raise _unreadable(f"has an unknown entry {min(unknown)!r}")
        for day in [*days.get("rest", []), *days.get("work", [])]:
            if type(day) is not date:
                raise _unreadable(f"has {day!r}, which is not a date like 2026-01-02")
        rest, work = set(days.get("rest", [])), set(days.get("work", []))
        if both := rest & work:
            raise _unreadable(f"lists {min(both)} both as rest and as work")
        return cls(rest, work)

    def is_working_day(self, day: date) -> bool:
        if day in self._rest or day in self._work:
            return day in self._work
        return self._known.is_working_day(day)

    def knows(self, year: int) -> bool:
        """Whether the holidays of that year are known: Tết goes by the moon, and by a table."""
        first = date(year, 1, 19)
        days = (first + timedelta(days=later) for later in range(40))
        return sum(day in self._known for day in days) >= TET

    def has_swaps(self, year: int) -> bool:
        """Whether the override file has anything for that year."""
        return any(day.year == year for day in self._rest | self._work)

    def due(self, received: datetime, days: int = PROCESSING_DAYS) -> datetime:
        """The end of the last of `days` working days; the day of receipt does not count."""
        day = received.astimezone(HANOI).date()
        while days:
            day += timedelta(days=1)
            days -= self.is_working_day(day)
        return datetime.combine(day, END_OF_WORK, HANOI)

    def share(
        self, received: datetime, due: datetime, percent: float, *, day_and_night: bool = False
    ) -> datetime:
        """When `percent` of the time between them is over, in hours that are worked.

        Args:
            day_and_night: every hour counts (a revocation's clock).
        """
        counted = self._counted(received, due, day_and_night=day_and_night)
        if percent >= 100 or not counted:
            return due
        left = sum((to - since for since, to in counted), timedelta()) * percent / 100
        for since, to in counted:
            if left <= to - since:
                return since + left
            left -= to - since
        return due

    def used(
        self, received: datetime, due: datetime, now: datetime, *, day_and_night: bool = False
    ) -> float:
        """The percentage of that time that is over: 0 to 100, and 100 from `due` on."""
        counted = self._counted(received, due, day_and_night=day_and_night)
        if now >= due or not counted:
            return 100.0 if now >= due else 0.0
        whole = sum((to - since for since, to in counted), timedelta())
        over = sum((min(to, now) - since for since, to in counted if since < now), timedelta())
        return 100 * (over / whole)

    def _counted(self, received: datetime, due: datetime, *, day_and_night: bool) -> list[Period]:
        """The hours between them that count, in order; none where the clock had run out before."""
        if day_and_night:
            return [(received, due)] if received < due else []
        clipped = (
            (max(since, received), min(to, due)) for since, to in self._worked(received, due)
        )
        return [(since, to) for since, to in clipped if since < to]

    def _worked(self, received: datetime, due: datetime) -> Iterator[Period]:
        day, last = (moment.astimezone(HANOI).date() for moment in (received, due))
        while day <= last:
            if self.is_working_day(day):
                begin, end = (
                    datetime.combine(day, at, HANOI) for at in (BEGIN_OF_WORK, END_OF_WORK)
                )
                yield begin, end
            day += timedelta(days=1)


def _unreadable(what: str) -> Misconfigured:
    return Misconfigured(f"The calendar file {what}.", "Mend it; `bot init` writes an example.")
