"""Rules for what a row of form 04 wants changed: as form 01 would have it, and by whom it may be.

The new values are judged like those of form 01. What an amendment leaves as it is
must still be right, too: the certificate that it makes is a new one.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bot.dossier.amendments import Thing, amendment_of
from bot.dossier.case import Case, RowCase
from bot.dossier.field_rules import EVERYWHERE, field_rules, in_column
from bot.dossier.fields import Reading, says_title
from bot.dossier.form import Field, Kind, named
from bot.dossier.form04 import FORM_04
from bot.dossier.issue_rules import province_name
from bot.dossier.mailbox_rules import official_mailbox_rules
from bot.dossier.rows import ChangeRow
from bot.dossier.rules import HOLD, NOTE, RETURN, WAIT, Finding, Rule

OneCase = RowCase[ChangeRow]
_in = partial(in_column, FORM_04)

NEW = FORM_04.columns["new"].label
VALUES = named(
    Field(Thing.FULL_NAME, NEW, Kind.NAME),
    Field(Thing.MAILBOX, NEW, Kind.MAILBOX),
    Field(Thing.MOBILE, NEW, Kind.MOBILE),
    Field(Thing.PERSONAL_NUMBER, NEW, Kind.PERSONAL_NUMBER),
)
OF_THE_COLUMN = tuple(f".{flaw}" for flaw in EVERYWHERE)  # told of the whole column


def _new(subject: OneCase, thing: str) -> Reading[Any] | None:
    return amendment_of(subject.row).changes.get(Thing(thing))


def _field_rules() -> Iterator[Rule[OneCase]]:
    found = field_rules("new", VALUES, _new)
    return (rule for rule in found if not rule.code.endswith(OF_THE_COLUMN))


def _where(
    thing: Thing, broken: Callable[[OneCase, str], object]
) -> Callable[[OneCase], list[Finding]]:
    """A finder that shows the new value of `thing`, where there is a well written one."""

    def find(subject: OneCase) -> list[Finding]:
        value = amendment_of(subject.row).value(thing)
        return [Finding(NEW, value)] if value and broken(subject, value) else []

    return find


def _is_unclear(subject: OneCase) -> bool:
    return amendment_of(subject.row).unclear


def _mailbox_then(subject: OneCase) -> tuple[Case, str] | None:
    """The mailbox that the new certificate would bear: the new one, or the registered one."""
    amendment, held = amendment_of(subject.row), subject.own_holding
    if Thing.MAILBOX in amendment.changes:
        address = amendment.value(Thing.MAILBOX)
    else:
        address = held.mailbox.casefold() if held and amendment.is_certified else None
    return (subject.case, address) if address else None


def _is_of_agency(subject: OneCase) -> list[Finding]:
    match _mailbox_then(subject):
        case (case, address) if address in case.agency.mailboxes:
            return [Finding(NEW, address)]
    return []


def _unchanged(subject: OneCase) -> list[Finding]:
    held = subject.own_holding
    if held is None:
        return []
    standing = {
        Thing.FULL_NAME: held.full_name,
        Thing.MAILBOX: held.mailbox.casefold(),
        Thing.MOBILE: held.mobile,
        Thing.PERSONAL_NUMBER: held.personal_number,
    }
    amendment = amendment_of(subject.row)
    values = {thing: amendment.value(thing) for thing in standing}
    return [Finding(NEW, value) for thing, value in values.items() if value == standing[thing]]


def _same_place(subject: OneCase) -> bool:
    held, agency = subject.own_holding, subject.case.agency
    asks = not {Thing.WORKPLACE, Thing.PROVINCE}.isdisjoint(amendment_of(subject.row).changes)
    return asks and held is not None and held.path == agency.path


def _other_workplace(subject: OneCase, name: str) -> bool:
    return not subject.case.agency.has_place(name)


def _other_province(subject: OneCase, name: str) -> bool:
    return province_name(name) != province_name(subject.case.agency.province)


def _first_sharer(subject: OneCase) -> str:
    other = next(subject.neighbours.same_new_mailbox(subject.row), None)
    return str(other.position) if other else ""


AMENDMENT_RULES: tuple[Rule[OneCase], ...] = (
    Rule(
        "row.amend.unclear",
        "House rule: what is not understood is not guessed",
        HOLD,
        "Chưa xác định được chắc chắn thông tin nào được thay đổi thành gì; phần này không được "
        "tự động thực hiện.",
        "Cán bộ tiếp nhận sẽ kiểm tra. Để được giải quyết nhanh hơn, mỗi thông tin ghi một dòng ở "
        "cột «Thông tin cần thay đổi» và một dòng tương ứng ở cột «Thông tin mới».",
        _in("what", _is_unclear),
    ),
    *_field_rules(),
    Rule(
        "new.unchanged",
        "Register of subscribers",
        RETURN,
        "Thông tin mới trùng với thông tin đã đăng ký.",
        "Đề nghị kiểm tra; nếu không có gì thay đổi thì bỏ thông tin này.",
        _unchanged,
    ),
    *official_mailbox_rules("new", _mailbox_then),
    Rule(
        "new.mailbox.agency",
        "House rule: one's own mailbox",
        RETURN,
        "Đây là hộp thư chung của cơ quan, tổ chức.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng người này.",
        _is_of_agency,
    ),
    Rule(
        "new.mailbox.owned",
        "Register of subscribers",
        RETURN,
        "Địa chỉ thư điện tử đã được đăng ký cho một thuê bao khác.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng người này.",
        _where(Thing.MAILBOX, lambda subject, _: subject.known.mailbox_of_another),
    ),
    Rule(
        "new.mailbox.shared",
        "House rule: one's own mailbox",
        RETURN,
        "Địa chỉ thư điện tử mới trùng với của người ở dòng số {detail}.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng từng người.",
        _in("new", _first_sharer, _first_sharer),
    ),
    Rule(
        "new.mobile.owned",
        "Service guidance 2023: a number in one's own name",
        HOLD,
        "Số điện thoại di động này là của một thuê bao khác đang có {certificate} còn hiệu lực.",
        WAIT,
        _where(Thing.MOBILE, lambda subject, _: subject.known.mobile_of_another),
    ),
    Rule(
        "new.mobile.register",
        "Form 04; profile of the certificate",
        NOTE,
        "Trong {certificate} không có số điện thoại: số mới chỉ được ghi vào sổ đăng ký thuê bao.",
        "Cơ quan, tổ chức không phải làm gì.",
        _where(Thing.MOBILE, lambda *_: True),
    ),
    Rule(
        "new.workplace.unknown",
        "Register of agencies",
        HOLD,
        "Nơi công tác mới không phải là cơ quan, tổ chức đã ký văn bản hoặc đơn vị trực thuộc đã "
        "đăng ký.",
        WAIT,
        _where(Thing.WORKPLACE, _other_workplace),
    ),
    Rule(
        "new.province.differs",
        "Register of agencies",
        HOLD,
        "Tỉnh, thành phố mới khác với nơi đã đăng ký của cơ quan, tổ chức đã ký văn bản.",
        WAIT,
        _where(Thing.PROVINCE, _other_province),
    ),
    Rule(
        "new.place.unchanged",
        "Register of agencies",
        RETURN,
        "Tên cơ quan, tổ chức và tỉnh, thành phố trên {certificate} lấy theo sổ đăng ký cơ quan, "
        "hiện không khác với {certificate} này.",
        "Nếu cơ quan, tổ chức đã đổi tên hoặc nơi đăng ký, đề nghị đăng ký cập nhật trước, rồi gửi "
        "lại đề nghị này.",
        _in("new", _same_place),
    ),
    Rule(
        "new.title.excluded",
        "Service guidance 2023: subscribers; setting rules.excluded_titles",
        HOLD,
        "Chức vụ mới cho thấy có thể đây là người có thẩm quyền hoặc người thực hiện giao dịch "
        "tài chính, không thuộc đối tượng của giải pháp ký số tập trung.",
        WAIT,
        _where(
            Thing.TITLE,
            lambda subject, title: says_title(title, subject.case.rules.excluded_titles),
        ),
    ),
    Rule(
        "new.title.register",
        "Form 04; profile of the certificate",
        NOTE,
        "Trong {certificate} và sổ đăng ký thuê bao không có chức vụ: không có gì phải thay đổi.",
        "Cơ quan, tổ chức không phải làm gì.",
        _where(Thing.TITLE, lambda *_: True),
    ),
    Rule(
        "new.personal_number.changed",
        "House rule: one person, one personal number",
        HOLD,
        "Đề nghị thay đổi số định danh cá nhân của thuê bao.",
        WAIT,
        _where(Thing.PERSONAL_NUMBER, lambda *_: True),
    ),
)
