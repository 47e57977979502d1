"""Rules for one row of form 05: nothing sends it back.

Without a serial number that names a certificate of the agency's people an
officer looks for it; what else is wrong is only told.
"""

from collections.abc import Iterator
from functools import partial

from bot.dossier.case import RowCase
from bot.dossier.certificate_rules import certificate_rules
from bot.dossier.field_rules import field_rules, in_column, of_row
from bot.dossier.form05 import FORM_05
from bot.dossier.rows import RevokeRow
from bot.dossier.rules import HOLD, NOTE, Rule, softened

OneCase = RowCase[RevokeRow]
_in = partial(in_column, FORM_05)

DOUBTS = ("row.serial.", "row.certificate.")  # which certificate, and whose
TRIFLES = {"row.serial.duplicate", "row.certificate.ended"}


def _other_person(subject: OneCase) -> bool:
    number, held = subject.row.personal_number.value, subject.own_holding
    return bool(number and held and number != held.personal_number)


def _softened(rules: tuple[Rule[OneCase], ...]) -> Iterator[Rule[OneCase]]:
    for rule in rules:
        is_doubt = rule.code.startswith(DOUBTS) and rule.code not in TRIFLES
        yield from softened([rule], HOLD if is_doubt else NOTE)


REVOKE_RULES: tuple[Rule[OneCase], ...] = (
    *_softened((*field_rules("row", FORM_05.columns, of_row), *certificate_rules(FORM_05))),
    Rule(
        "row.personal_number.differs",
        "Register of subscribers",
        NOTE,
        "Số định danh cá nhân khác với số đã đăng ký của người có {certificate} này.",
        "Nếu số hiệu đã ghi đúng thì không phải làm gì.",
        _in("personal_number", _other_person),
    ),
)
