"""The fields of a form, read by its table; and the list, `row_01_…` to `row_10_…`."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.dossier import fields
from bot.dossier.form import ROWS, Field, Form, Kind, row_field
from bot.dossier.rows import Row

READERS: dict[Kind, Callable[[str], object]] = {
    Kind.TEXT: fields.read_text,
    Kind.NAME: fields.read_name,
    Kind.DATE: fields.read_date,
    Kind.PERSONAL_NUMBER: fields.read_personal_number,
    Kind.MOBILE: fields.read_mobile,
    Kind.MAILBOX: fields.read_mailbox,
    Kind.SERIAL: fields.read_serial,
    Kind.OPTIONAL: fields.words,
    Kind.TICK: bool,
}


def read_fields(table: Mapping[str, Field], typed: Callable[[str], str]) -> dict[str, Any]:
    """Every field of `table` by name, as its kind is read."""
    return {name: READERS[field.kind](typed(name)) for name, field in table.items()}


def read_rows(form: Form, values: Mapping[str, str]) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """The filled rows, each of the form's kind, and the numbers of the empty ones between them."""
    filled = [
        position
        for position in range(1, ROWS + 1)
        if any(values.get(row_field(position, name), "").strip() for name in form.columns)
    ]
    gaps = set(range(1, max(filled, default=0))) - set(filled)
    return tuple(_row(form, position, values) for position in filled), tuple(sorted(gaps))


def _row(form: Form, position: int, values: Mapping[str, str]) -> Row:
    def typed(column: str) -> str:
        return values.get(row_field(position, column), "")

    return form.row(position=position, **read_fields(form.columns, typed))
