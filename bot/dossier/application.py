"""What a signed letter asks, as data: every field as typed and as read.

It stands in the register as JSON (`Dossier.application`, `Item.asked`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from bot.dossier.fields import Reading
from bot.dossier.form import Procedure
from bot.dossier.letter_wish import About, NamedLetter
from bot.dossier.rows import ChangeRow, IssueRow, RevokeRow, Row
from bot.dossier.rules import Fault

R = TypeVar("R", bound=Row)

# made once: that takes milliseconds
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)

# Each kind of row has fields that no other has, so JSON tells which it is.
Rows = tuple[IssueRow, ...] | tuple[ChangeRow, ...] | tuple[RevokeRow, ...]


class Source(StrEnum):
    """What was signed."""

    FORM = "form"  # ours, filled in
    LETTER = "letter"  # the agency's own


@dataclass(frozen=True, slots=True)
class Letter:
    """The letter around the list. Empty strings are fields left empty.

    `corrects` is what a form says of the returned dossier that it takes the place of.
    """

    number: str
    date: Reading[date]
    extract: str
    addressee: str
    urgency: str
    agency: str
    signer_title: str
    signer_name: str
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told the result; not the subscriber."""

    full_name: Reading[str]
    personal_number: Reading[str]
    issued_on: Reading[date]
    issued_by: Reading[str]
    title: Reading[str]
    mobile: Reading[str]
    mailbox: Reading[str]
    address: Reading[str]


@dataclass(frozen=True, slots=True)
class Application:
    """What was signed; its rows are of the kind that `procedure` has.

    `gaps` are empty rows before the last filled one. `dossiers` are the numbers
    (`HS-…`) of earlier ones that the letter names, `letters` earlier letters that it
    is `about`. `unclear` are parts of an own letter that could not be found, or were
    found twice and different (`LetterParts.unclear`).
    """

    procedure: Procedure
    letter: Letter
    receiver: Receiver
    notify: str
    declarations: frozenset[str]
    stated_count: str
    rows: Rows
    gaps: tuple[int, ...] = ()
    dossiers: tuple[str, ...] = ()
    source: Source = Source.FORM
    about: About | None = None
    letters: tuple[NamedLetter, ...] = ()
    unclear: tuple[str, ...] = ()


def as_json(value: object) -> Any:
    """An application, a row or faults, for a JSON column."""
    return to_jsonable_python(value)


def application_from_json(stored: Any) -> Application:
    """The inverse of `as_json` for an application."""
    application: Application = _adapter(Application).validate_python(stored)
    return application


def row_from_json(stored: Any, kind: type[R]) -> R:
    """The inverse of `as_json` for a row of that kind; as a `Row`, what all kinds have."""
    row: R = _adapter(kind).validate_python(stored)
    return row


def faults_from_json(stored: Any) -> tuple[Fault, ...]:
    """The inverse of `as_json` for a list of faults."""
    faults: tuple[Fault, ...] = _adapter(tuple[Fault, ...]).validate_python(stored)
    return faults
