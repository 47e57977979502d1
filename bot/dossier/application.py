"""What a signed letter asks, as data: every field as typed and as read.

It stands in the register as JSON (`Dossier.application`, `Item.asked`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from bot.dossier.fields import Reading, folded
from bot.dossier.rules import Fault


@dataclass(frozen=True, slots=True)
class Letter:
    """The letter around the list. Empty strings are fields left empty."""

    number: str
    date: Reading[date]
    extract: str
    addressee: str
    urgency: str
    agency: str
    signer_title: str
    signer_name: str


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
class Row:
    """One person. `position` is the row's number on the form, from 1."""

    position: int
    full_name: Reading[str]
    birth_date: Reading[date]
    personal_number: Reading[str]
    issued_on: Reading[date]
    issued_by: Reading[str]
    mailbox: Reading[str]
    workplace: Reading[str]
    province: Reading[str]
    title: Reading[str]
    mobile: Reading[str]
    old_serial: str
    sim_pki: bool


@dataclass(frozen=True, slots=True)
class Application:
    """Form 01 as signed. `gaps` are empty rows before the last filled one."""

    letter: Letter
    receiver: Receiver
    notify: str
    declarations: frozenset[str]
    stated_count: str
    rows: tuple[Row, ...]
    gaps: tuple[int, ...] = ()


def as_json(value: object) -> Any:
    """An application, a row or faults, for a JSON column."""
    return to_jsonable_python(value)


def application_from_json(stored: Any) -> Application:
    """The inverse of `as_json` for an application."""
    return TypeAdapter(Application).validate_python(stored)


def row_from_json(stored: Any) -> Row:
    """The inverse of `as_json` for a row."""
    return TypeAdapter(Row).validate_python(stored)


def faults_from_json(stored: Any) -> tuple[Fault, ...]:
    """The inverse of `as_json` for a list of faults."""
    return TypeAdapter(tuple[Fault, ...]).validate_python(stored)


def same_person(one: Row, other: Row) -> bool:
    """Whether two rows name one person: by personal number, else by name and birth date."""
    if one.personal_number.value and other.personal_number.value:
        return one.personal_number.value == other.personal_number.value
    if not one.birth_date.value or one.birth_date.value != other.birth_date.value:
        return False
    return folded(one.full_name.typed) == folded(other.full_name.typed)
