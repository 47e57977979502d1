"""Rules for a row of form 01 among the others of its letter."""

from collections.abc import Callable
from functools import partial

from bot.dossier.case import RowCase
from bot.dossier.field_rules import in_column
from bot.dossier.fields import Reading
from bot.dossier.form01 import FORM_01
from bot.dossier.rows import IssueRow, same_person
from bot.dossier.rules import RETURN, Rule

OneCase = RowCase[IssueRow]
_in = partial(in_column, FORM_01)


def _sharing(subject: OneCase, column: str) -> list[IssueRow]:
    """Rows of other persons with the same value in `column`."""
    mine = getattr(subject.row, column).value
    return [
        other
        for other in subject.others
        if mine and getattr(other, column).value == mine and not same_person(other, subject.row)
    ]


def _row_above(subject: OneCase) -> IssueRow | None:
    above = [other for other in subject.others if other.position < subject.row.position]
    return max(above, key=lambda row: row.position, default=None)


def _mailbox_of_above(subject: OneCase) -> bool:
    above = _row_above(subject)
    return above is not None and above in _sharing(subject, "mailbox")


def _mailbox_shared(subject: OneCase) -> bool:
    return bool(_sharing(subject, "mailbox")) and not _mailbox_of_above(subject)


def _first_sharing(column: str) -> Callable[[OneCase], str]:
    return lambda subject: str(_sharing(subject, column)[0].position)


def _copies(subject: OneCase) -> list[IssueRow]:
    return [other for other in subject.others if same_person(other, subject.row)]


def _is_copy(subject: OneCase) -> bool:
    """The first of equal rows stands; where rows of one person differ, none does."""
    return any(
        other.position < subject.row.position or _content(other) != _content(subject.row)
        for other in _copies(subject)
    )


def _content(row: IssueRow) -> list[object]:
    values = (getattr(row, name) for name in FORM_01.columns)
    return [one.typed if isinstance(one, Reading) else one for one in values]


NEIGHBOUR_RULES: tuple[Rule[OneCase], ...] = (
    Rule(
        "row.mailbox.above",
        "House rule: credentials go to one's own mailbox",
        RETURN,
        "Địa chỉ thư điện tử trùng với của người ở dòng ngay phía trên.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng người này.",
        _in("mailbox", _mailbox_of_above),
    ),
    Rule(
        "row.mailbox.shared",
        "House rule: credentials go to one's own mailbox",
        RETURN,
        "Địa chỉ thư điện tử trùng với của người ở dòng số {detail}.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng từng người.",
        _in("mailbox", _mailbox_shared, _first_sharing("mailbox")),
    ),
    Rule(
        "row.mobile.shared",
        "Service guidance 2023: a number in one's own name",
        RETURN,
        "Số điện thoại di động trùng với của người ở dòng số {detail}.",
        "Đề nghị ghi số điện thoại đăng ký chính chủ của từng người.",
        _in("mobile", lambda subject: _sharing(subject, "mobile"), _first_sharing("mobile")),
    ),
    Rule(
        "row.person.duplicate",
        "House rule: one person, one row",
        RETURN,
        "Người này đã có ở dòng số {detail} của danh sách.",
        "Đề nghị ghi mỗi người một dòng, với thông tin đúng.",
        _in("personal_number", _is_copy, lambda subject: str(_copies(subject)[0].position)),
    ),
)
