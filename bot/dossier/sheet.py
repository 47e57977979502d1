"""The list of people, read: `row_01_…` to `row_10_…` of the form."""

from collections.abc import Mapping

from bot.dossier import fields, form01
from bot.dossier.application import Row


def read_rows(values: Mapping[str, str]) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """The filled rows, and the numbers of the empty ones between them."""
    filled = [
        position
        for position in range(1, form01.ROWS + 1)
        if any(values.get(form01.row_field(position, name), "").strip() for name in form01.COLUMNS)
    ]
    gaps = set(range(1, max(filled, default=0))) - set(filled)
    return tuple(_row(position, values) for position in filled), tuple(sorted(gaps))


def _row(position: int, values: Mapping[str, str]) -> Row:
    def typed(column: str) -> str:
        return values.get(form01.row_field(position, column), "")

    return Row(
        position=position,
        full_name=fields.read_name(typed("full_name")),
        birth_date=fields.read_date(typed("birth_date")),
        personal_number=fields.read_personal_number(typed("personal_number")),
        issued_on=fields.read_date(typed("issued_on")),
        issued_by=fields.read_text(typed("issued_by")),
        mailbox=fields.read_mailbox(typed("mailbox")),
        workplace=fields.read_text(typed("workplace")),
        province=fields.read_text(typed("province")),
        title=fields.read_text(typed("title")),
        mobile=fields.read_mobile(typed("mobile")),
        old_serial=fields.words(typed("old_serial")),
        sim_pki=bool(typed("sim_pki")),
    )
