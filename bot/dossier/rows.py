"""One row of a form as signed: every field as typed and as read."""

from dataclasses import dataclass
from datetime import date

from bot.dossier.fields import Reading, folded


@dataclass(frozen=True, slots=True)
class Row:
    """One person's row. `position` is its number on the form, from 1."""

    position: int
    full_name: Reading[str]


@dataclass(frozen=True, slots=True)
class IssueRow(Row):
    """Form 01: a person who is to have a certificate."""

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
class CertificateRow(Row):
    """A certificate that somebody has. `serial` as the register has it: hex, lower case."""

    serial: Reading[str]
    mailbox: Reading[str]


@dataclass(frozen=True, slots=True)
class ChangeRow(CertificateRow):
    """Form 04: what is to become of it."""

    what: Reading[str]
    new: Reading[str]
    renew: bool
    amend: bool


@dataclass(frozen=True, slots=True)
class RevokeRow(CertificateRow):
    """Form 05: why it is to lose its validity, and whose it is said to be."""

    personal_number: Reading[str]
    issued_on: Reading[date]
    issued_by: Reading[str]
    tax_code: str
    device: str
    reason: Reading[str]


def same_person(one: IssueRow, other: IssueRow) -> bool:
    """Whether two rows name one person: by personal number, else by name and birth date."""
    if one.personal_number.value and other.personal_number.value:
        return one.personal_number.value == other.personal_number.value
    if not one.birth_date.value or one.birth_date.value != other.birth_date.value:
        return False
    return folded(one.full_name.typed) == folded(other.full_name.typed)
