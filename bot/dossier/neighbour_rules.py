"""Rules for a row of form 01 among the others of its letter."""

from functools import partial

from bot.dossier.case import RowCase
from bot.dossier.field_rules import in_column
from bot.dossier.fields import Reading
from bot.dossier.form01 import FORM_01
from bot.dossier.rows import IssueRow, same_person
from bot.dossier.rules import RETURN, Rule

OneCase = RowCase[IssueRow]
_in = partial(in_column, FORM_01)


def _mailbox_of_above(subject: OneCase) -> bool:
    above = subject.neighbours.above(subject.row)
    return (
        isinstance(above, IssueRow)
        and above.mailbox.value is not None
        and above.mailbox.value == subject.row.mailbox.value
        and not same_person(above, subject.row)
    )


def _mailbox_shared(subject: OneCase) -> bool:
    return bool(_shares(subject, "mailbox")) and not _mailbox_of_above(subject)


def _shares(subject: OneCase, column: str) -> str:
    """The number of the first row of another person with the same value, or nothing."""
    other = subject.neighbours.sharing(subject.row, column)
    return str(other.position) if other else ""


def _first_copy(subject: OneCase) -> str:
    return str(next(subject.neighbours.same_person(subject.row)).position)


def _is_copy(subject: OneCase) -> bool:
    """The first of equal rows stands; where rows of one person differ, none does."""
    return any(
        other.position < subject.row.position or _content(other) != _content(subject.row)
        for other in subject.neighbours.same_person(subject.row)
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
        _in("mailbox", _mailbox_shared, partial(_shares, column="mailbox")),
    ),
    Rule(
        "row.mobile.shared",
        "Service guidance 2023: a number in one's own name",
        RETURN,
        "Số điện thoại di động trùng với của người ở dòng số {detail}.",
        "Đề nghị ghi số điện thoại đăng ký chính chủ của từng người.",
        _in("mobile", partial(_shares, column="mobile"), partial(_shares, column="mobile")),
    ),
    Rule(
        "row.person.duplicate",
        "House rule: one person, one row",
        RETURN,
        "Người này đã có ở dòng số {detail} của danh sách.",
        "Đề nghị ghi mỗi người một dòng, với thông tin đúng.",
        _in("personal_number", _is_copy, _first_copy),
    ),
)
