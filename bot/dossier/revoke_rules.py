"""Rules for one row of form 05: nothing sends it back.

Without a serial number that names a certificate of the agency's people, or where
everything else names somebody else, an officer looks for it; what else is wrong
is only told.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from bot.dossier.case import RowCase
from bot.dossier.certificate_rules import certificate_rules
from bot.dossier.field_rules import field_rules, in_column, of_row
from bot.dossier.fields import plain
from bot.dossier.form05 import FORM_05
from bot.dossier.grounds import asks_to_suspend
from bot.dossier.rows import RevokeRow
from bot.dossier.rules import HOLD, NOTE, OVERTAKEN, WAIT, Fault, Rule, softened
from bot.dossier.terms import Words

T = TypeVar("T")
OneCase = RowCase[RevokeRow]
_in = partial(in_column, FORM_05)

DOUBTS = ("row.serial.", "row.certificate.")  # which certificate, and whose
TRIFLES = {"row.serial.duplicate", "row.certificate.ended"}
GOES_ON = "Điểm này không cản trở việc thu hồi; không phải gửi lại."


def _other_person(subject: OneCase) -> bool:
    number, held = subject.row.personal_number.value, subject.own_holding
    return bool(number and held and number != held.personal_number)


def _nobody_it_names(subject: OneCase) -> bool:
    """Name and personal number both are another's: which of the two was meant is not guessed."""
    name, held = subject.row.full_name.value, subject.own_holding
    other_name = name and held and plain(name) != plain(held.full_name)
    return bool(other_name) and _other_person(subject)


def _softened(rules: tuple[Rule[OneCase], ...]) -> Iterator[Rule[OneCase]]:
    for rule in rules:
        if rule.code.startswith(DOUBTS) and rule.code not in TRIFLES:
            yield from softened([rule], HOLD)
        else:
            yield told_only(rule)


def told_only(rule: Rule[T]) -> Rule[T]:
    """`rule`, where a fault stops nothing and nothing is to be mended."""
    is_graver = rule.consequence is not NOTE
    return replace(rule, consequence=NOTE, remedy=GOES_ON) if is_graver else rule


def overtaken(words: Words, position: int) -> Fault:
    """What is told of a row that asks something for a person whose certificate is revoked."""
    return Fault(
        OVERTAKEN,
        NOTE,
        position,
        None,
        "",
        f"Đã có đề nghị thu hồi {words.certificate} của người này, nên dòng này không được giải "
        "quyết nữa.",
        "Nếu người này vẫn có nhu cầu, đề nghị gửi Mẫu số 01 sau khi việc thu hồi hoàn thành.",
    )


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
    Rule(
        "row.certificate.other_person",
        "Register of subscribers",
        HOLD,
        "Cả tên và số định danh cá nhân ở dòng này đều khác với người có {certificate} mang số "
        "hiệu đã ghi.",
        WAIT,
        _in("serial", _nobody_it_names),
    ),
    Rule(
        "row.reason.suspends",
        "RFC 5280 5.3.1: certificateHold is not used",
        NOTE,
        "Lý do ghi là tạm dừng, nhưng {certificate} không thể tạm dừng rồi khôi phục: "
        "{certificate} bị thu hồi hẳn.",
        "Khi người này cần sử dụng trở lại, đề nghị gửi Mẫu số 01 để được cấp mới.",
        _in("reason", lambda subject: asks_to_suspend(subject.row.reason.typed)),
    ),
)
