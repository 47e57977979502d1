"""What a number looks like in its cell (ECMA-376 part 1, 18.8.30): a date, or digits."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from bot.inbox.tables import Unfit

# 18.8.30: the formats that every program knows by number, as far as they show dates or times.
BUILT_IN = {
    **dict.fromkeys((14, *range(27, 32), 36, *range(50, 55), 57, 58), "dd/mm/yyyy"),
    **dict.fromkeys((15,), "d-mmm-yy"),
    **dict.fromkeys((16,), "d-mmm"),
    **dict.fromkeys((17,), "mmm-yy"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56), "hh:mm"),
    **dict.fromkeys((22,), "dd/mm/yyyy hh:mm"),
}
GENERAL = ""

_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 -- a sheet's dates have no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_DAYS_LIMIT = 2_958_466  # the first day of the year 10000
DIGITS_LIMIT = 40


def looks(number: str, look: str, *, is_1904: bool = False) -> str:
    """`number` as its cell shows it under the format code `look`.

    Raises:
        Unfit: sheet.unreadable: it is no number.
    """
    try:
        value = Decimal(number.strip())
    except InvalidOperation:
        raise Unfit("sheet.unreadable") from None
    if not number.isascii() or not value.is_finite() or abs(value.adjusted()) > DIGITS_LIMIT:
        raise Unfit("sheet.unreadable")
    letters = _letters(look)
    if letters != "general" and re.search("[dmyhs]", letters) and 0 <= value < _DAYS_LIMIT:
        return _date(value, letters, is_1904=is_1904)
    shown = digits(value)
    if re.fullmatch("0{2,}", letters) and shown.isdigit():
        return shown.zfill(len(letters))
    return shown


@lru_cache(maxsize=256)
def _letters(look: str) -> str:
    """What of a format code stands for digits and dates."""
    return _LITERALS.sub("", look.split(";")[0]).casefold()


def shows_nothing(look: str) -> bool:
    """Whether a format code hides what its cell holds."""
    return look.replace(" ", "") == ";;;"


def digits(value: Decimal) -> str:
    """All its digits, without «.0» and without an exponent."""
    # Programs compute in binary: 15 digits are what they show (ECMA-376 part 1, 18.8.30).
    rounded = Decimal(f"{float(value):.15g}") if len(value.as_tuple().digits) > 15 else value
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(value: date) -> str:
    return f"{value.day:02}/{value.month:02}/{value.year:04}"


def moment(value: datetime) -> str:
    """The day, and the time of day if there is one."""
    return day(value) if value.time() == datetime.min.time() else f"{day(value)} {value:%H:%M}"


def iso_moment(text: str) -> str:
    """`moment` of a date or time as ISO 8601 has it.

    Raises:
        Unfit: sheet.unreadable.
    """
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:
        raise Unfit("sheet.unreadable") from None


def _date(serial: Decimal, letters: str, *, is_1904: bool) -> str:
    seconds = round(serial * 86_400)
    if is_1904:
        value = _EPOCH_1904 + timedelta(seconds=seconds)
    else:  # 1900 had a 29 February in the first spreadsheet program, and has had it since
        value = _EPOCH + timedelta(days=1 if serial < 60 else 0, seconds=seconds)
    days = re.sub("[^dmy]+", "", re.sub(r"h+[^a-z]*m+|m+[^a-z]*s+|a/p|am/pm", "", letters))
    if not days:
        return f"{value:%H:%M}"
    if set(days) != set("dmy"):  # it shows a month or a year: that is what was seen
        shown = {"d": f"{value.day:02}", "m": f"{value.month:02}", "y": f"{value.year:04}"}
        return "/".join(shown[one] for one in dict.fromkeys(days))
    if days.startswith("m") and "mmm" not in days and value.day <= 12:
        return value.date().isoformat()  # month first: which is which, nobody can tell
    return moment(value) if re.search("[hs]", letters) else day(value)
