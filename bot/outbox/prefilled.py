"""Form 04, filled in with what the register knows: to be checked, completed and signed."""

from collections.abc import Mapping, Sequence
from io import BytesIO

import pikepdf
from pikepdf.form import CheckboxField, Form

from bot.dossier.form import ROWS, row_field
from bot.outbox.reminder_notices import Renewable
from bot.outbox.values import Ending


def renewal_form(blank: bytes, content: Renewable) -> bytes:
    """The form for these certificates; without rows where they are too many for one.

    Fields stay as they are: everything can still be changed, and is signed by the agency.

    Args:
        blank: form 04, as `blank_form` gives it.
    """
    with pikepdf.open(BytesIO(blank)) as pdf:
        fields = Form(pdf)
        for name, value in _values(content).items():
            field = fields[name]
            if isinstance(field, CheckboxField):
                field.checked = bool(value)
            else:
                field.value = value
        pdf.save(out := BytesIO(), deterministic_id=True)
    return out.getvalue()


def fits(content: Renewable) -> bool:
    """Whether the form has room for all of them; else the sheet has."""
    return len(content.ending) <= ROWS


def row_of(certificate: Ending) -> Mapping[str, str]:
    """The columns of form 04 that ask for its renewal."""
    return {
        "full_name": certificate.full_name,
        "serial": certificate.serial.upper(),
        "mailbox": certificate.mailbox,
        "renew": "x",
    }


def _values(content: Renewable) -> dict[str, str]:
    return {
        "letter_agency": content.agency,
        "letter_count": str(len(content.ending)),
        "receiver_full_name": content.receiver.full_name,
        "receiver_mobile": content.receiver.mobile,
        "receiver_mailbox": content.receiver.mailbox,
        **_rows(content.ending if fits(content) else ()),
    }


def _rows(certificates: Sequence[Ending]) -> dict[str, str]:
    return {
        row_field(position, column): value
        for position, certificate in enumerate(certificates, start=1)
        for column, value in row_of(certificate).items()
    }
