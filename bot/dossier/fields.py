"""What people type into a field: read, never repaired.

Each reader keeps what was typed and puts beside it either the value or the
flaw, with the repair that suggests itself. A suggestion is told to the agency;
it is never used in place of what was signed.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from email_validator import EmailNotValidError, validate_email

from bot.ca.profiles import NAME_LIMIT, is_personal_name
from bot.dossier.characters import is_strange, visible

T = TypeVar("T")

FIELD_LIMIT = 400  # characters; more is no answer to any question of a form
KEPT = 300  # characters of such a field that are kept
HONORIFICS = ("bà", "chị", "cô", "thầy")
NAMES_TOO = ("ông", "anh")  # honorifics that a name may begin with


class Flaw(StrEnum):
    """Why a field has no value. Each is one rule for each column it can befall."""

    EMPTY = "empty"
    OVERLONG = "overlong"
    INVALID = "invalid"
    TOO_LONG = "too_long"
    HONORIFIC = "honorific"
    MAYBE_HONORIFIC = "maybe_honorific"  # «Ông» or «Anh» may be part of the name
    LAPSED = "lapsed"  # a 9-digit identity card number
    LOST_ZERO = "lost_zero"  # a spreadsheet took the text for a number
    SPREADSHEET = "spreadsheet"  # 912345678.0
    SEVERAL = "several"
    COMMA = "comma"
    DOUBLE_AT = "double_at"
    SPACE = "space"


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """One field: as typed (NFC, `shortened`), and its `value` or its `flaw`, or both.

    Both where somebody must look.
    """

    typed: str
    value: T | None = None
    flaw: Flaw | None = None
    suggestion: str = ""


def normal(text: str) -> str:
    """NFC, white space folded: the same words, however they were typed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def folded(text: str) -> str:
    """`normal`, and case folded: for comparing."""
    return unicodedata.normalize("NFC", normal(text).casefold())


def plain(text: str) -> str:
    """`folded` without accents: «Hoà» and «Hòa» are one word."""
    letters = unicodedata.normalize("NFD", folded(text).replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def shortened(text: str) -> str:
    """`text`, or the beginning of an endless one."""
    return text if len(text) <= FIELD_LIMIT else f"{text[:KEPT]}…"


def words(text: str) -> str:
    """What stands in a field that may be empty: `normal` and `shortened`."""
    return shortened(normal(text))


def _flawed(typed: str, flaw: Flaw, suggestion: str = "") -> Reading[T]:
    return Reading(typed, flaw=flaw, suggestion=suggestion)


def _filled(read: Callable[[str], Reading[T]]) -> Callable[[str], Reading[T]]:
    """A reader that need not think of NFC, outer white space, or empty, endless, strange fields."""

    def reader(raw: str) -> Reading[T]:
        typed = unicodedata.normalize("NFC", raw).strip()
        if not typed:
            return _flawed(typed, Flaw.EMPTY)
        if len(typed) > FIELD_LIMIT:
            return _flawed(shortened(typed), Flaw.OVERLONG)
        return _flawed(typed, Flaw.INVALID) if is_strange(typed) else read(typed)

    return reader


@_filled
def read_text(typed: str) -> Reading[str]:
    """Words that need only be there."""
    return Reading(typed, normal(typed))


@_filled
def read_name(typed: str) -> Reading[str]:
    """A person's full name as a certificate bears it, without «Ông» or «Bà»."""
    name = normal(typed)
    first, _, rest = name.partition(" ")
    if both := re.match(r"ông\s*/\s*bà[\s.:/]*", name, re.IGNORECASE):
        return _flawed(typed, Flaw.HONORIFIC, name[both.end() :])
    word = first.casefold()
    bare = word.rstrip(".:")
    if bare in HONORIFICS or (bare in NAMES_TOO and bare != word):
        return _flawed(typed, Flaw.HONORIFIC, rest)
    if not is_personal_name(name):
        return _flawed(typed, Flaw.INVALID)
    if len(name) > NAME_LIMIT:
        return Reading(typed, name, Flaw.TOO_LONG)
    if word in NAMES_TOO:
        return Reading(typed, name, Flaw.MAYBE_HONORIFIC, rest)
    return Reading(typed, name)


@_filled
def read_date(typed: str) -> Reading[date]:
    """dd/mm/yyyy."""
    if not re.fullmatch(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", typed):
        return _flawed(typed, Flaw.INVALID)
    try:
        day = datetime.strptime(typed, "%d/%m/%Y").date()  # noqa: DTZ007 -- a date has no zone
    except ValueError:
        return _flawed(typed, Flaw.INVALID)
    return Reading(typed, day) if day.year >= 1900 else _flawed(typed, Flaw.INVALID)


@_filled
def read_personal_number(typed: str) -> Reading[str]:
    """12 digits: 3 province of birth, 1 century and sex, 2 birth year, 6 more.

    There is no check digit, and the fourth digit is 0 to 3 for those born from
    1900 to 2099.
    """
    digits = re.sub(r"[\s.-]", "", re.sub(r"\.0$", "", typed))
    if not re.fullmatch("[0-9]+", digits):
        return _flawed(typed, Flaw.INVALID)
    if len(digits) == 11 and digits[2] in "0123":
        return _flawed(typed, Flaw.LOST_ZERO, f"0{digits}")
    if len(digits) == 10 and digits[0] != "0" and digits[1] in "0123":  # 001 to 009 have lost two
        return _flawed(typed, Flaw.LOST_ZERO, f"00{digits}")
    if len(digits) == 9:
        return _flawed(typed, Flaw.LAPSED)
    if len(digits) != 12 or digits[3] not in "0123":
        return _flawed(typed, Flaw.INVALID)
    return Reading(typed, digits)


def birth_year(personal_number: str) -> int:
    """The year of birth that a valid personal number tells."""
    return 1900 + 100 * (int(personal_number[3]) // 2) + int(personal_number[4:6])


@_filled
def read_mobile(typed: str) -> Reading[str]:
    """0 or +84, then 3, 5, 7, 8 or 9, then 8 digits; the value is E.164."""
    number = re.sub(r"\.0$", "", typed)
    if re.search(r"[0-9]{9,}\D+\+?[0-9]{9,}|[,;/\n]", typed):
        return _flawed(typed, Flaw.SEVERAL)
    number = re.sub(r"[\s.()-]", "", number)
    if match := re.fullmatch(r"(0|\+84)([35789][0-9]{8})", number):
        if typed.endswith(".0") and len(typed) == len(number) + 2:
            return _flawed(typed, Flaw.SPREADSHEET, number)
        return Reading(typed, f"+84{match[2]}")
    if match := re.fullmatch(r"[35789][0-9]{8}", number):
        flaw = Flaw.SPREADSHEET if typed.endswith(".0") else Flaw.LOST_ZERO
        return _flawed(typed, flaw, f"0{number}")
    return _flawed(typed, Flaw.INVALID)


@_filled
def read_mailbox(typed: str) -> Reading[str]:
    """An ASCII address by RFC 5321 syntax; the value is case folded."""
    if len(re.findall(r"[^\s@,;]+@[^\s@,;]+", typed)) > 1:
        return _flawed(typed, Flaw.SEVERAL)
    for flaw, wrong, right in (
        (Flaw.SPACE, r"\s+", ""),
        (Flaw.DOUBLE_AT, r"@{2,}", "@"),
        (Flaw.COMMA, ",", "."),
    ):
        if re.search(wrong, typed):
            return _flawed(typed, flaw, _if_mailbox(re.sub(wrong, right, typed)))
    address = _if_mailbox(typed)
    return Reading(typed, address) if address else _flawed(typed, Flaw.INVALID)


@_filled
def read_serial(typed: str) -> Reading[str]:
    """A certificate's serial number in hexadecimal, however it was grouped.

    At most 20 octets (RFC 5280 4.1.2.2). The value is as the register has it:
    lower case, without leading zeros. More digits than those octets have can only
    be decimal notation, as some programs show a certificate's.
    """
    digits = re.sub(r"[\s:]", "", typed).casefold().removeprefix("0x").lstrip("0")
    if re.fullmatch("[0-9]{41,49}", digits):
        digits = f"{int(digits):x}"
    if not re.fullmatch("[0-9a-f]{1,40}", digits):
        return _flawed(typed, Flaw.INVALID)
    return Reading(typed, digits)


def _if_mailbox(text: str) -> str:
    if not text.isascii():
        return ""
    try:
        validate_email(
            text, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError:
        return ""
    return text.casefold()


def says_title(text: str, titles: tuple[str, ...]) -> str:
    """The first of `titles` that can be seen in `text` as whole words, or nothing."""
    words = " ".join(re.findall(r"\w+", plain(visible(text))))
    return next((title for title in titles if f" {plain(title)} " in f" {words} "), "")


def begins_with_title(text: str, titles: tuple[str, ...]) -> bool:
    """Whether `text` begins with the words of one of `titles`."""
    return any(f"{plain(text)} ".startswith(f"{plain(title)} ") for title in titles)
