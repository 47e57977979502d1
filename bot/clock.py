"""Legal time: working days and hours, in Hà Nội. Pure; `now` is an argument.

Sources: Labour Code 2019 art. 111-112 (rest days and holidays, a holiday on a
rest day made good on the next working day), Civil Code art. 147 (the day of
the event does not count, the end of the last day does).
"""

import tomllib
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import holidays

from bot.errors import Misconfigured

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
END_OF_WORK = time(17)
PROCESSING_DAYS = 3  # issue, renew, amend
REVOCATION = timedelta(hours=12)  # day and night

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

    def due(self, received: datetime, days: int = PROCESSING_DAYS) -> datetime:
        """The end of the last of `days` working days; the day of receipt does not count."""
        day = received.astimezone(HANOI).date()
        while days:
            day += timedelta(days=1)
            days -= self.is_working_day(day)
        return datetime.combine(day, END_OF_WORK, HANOI)


def _unreadable(what: str) -> Misconfigured:
    return Misconfigured(f"The calendar file {what}.", "Mend it; `bot init` writes an example.")
