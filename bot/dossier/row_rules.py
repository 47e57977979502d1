"""Rules for one row: may this person be given a certificate, and is the row right?"""

from collections.abc import Callable

from bot.dossier import form01
from bot.dossier.application import Row, same_person
from bot.dossier.case import Case, RowCase
from bot.dossier.characters import is_strange
from bot.dossier.field_rules import STRANGE, field_rules
from bot.dossier.fields import Reading, begins_with_title, birth_year, plain, says_title
from bot.dossier.mailbox_rules import official_mailbox_rules
from bot.dossier.rules import HOLD, NOTE, RETURN, WAIT, Finding, Rule

REQUIRED = {
    name: field for name, field in form01.COLUMNS.items() if name not in ("old_serial", "sim_pki")
}
ADULT = 18  # years


def _in(
    column: str,
    broken: Callable[[RowCase], object],
    detail: Callable[[RowCase], str] = lambda _: "",
) -> Callable[[RowCase], list[Finding]]:
    """A finder that shows the row's `column` as typed."""
    label = form01.COLUMNS[column].label

    def find(subject: RowCase) -> list[Finding]:
        if not broken(subject):
            return []
        value = getattr(subject.row, column)
        typed = value.typed if isinstance(value, Reading) else ""
        return [Finding(label, typed, detail=detail(subject))]

    return find


def _of_row(subject: RowCase, name: str) -> Reading[object] | None:
    reading: Reading[object] = getattr(subject.row, name)
    return reading


def _mailbox(subject: RowCase) -> tuple[Case, str] | None:
    address = subject.row.mailbox.value
    return (subject.case, address) if address else None


def _born_otherwise(subject: RowCase) -> bool:
    number, day = subject.row.personal_number.value, subject.row.birth_date.value
    return bool(number and day and birth_year(number) != day.year)


def _is_minor(subject: RowCase) -> bool:
    day, today = subject.row.birth_date.value, subject.case.today
    if day is None:
        return False
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day)) < ADULT


def _issued_in_future(subject: RowCase) -> bool:
    day = subject.row.issued_on.value
    return day is not None and day > subject.case.today


def _is_title(subject: RowCase) -> bool:
    workplace = subject.row.workplace.value or ""
    return begins_with_title(workplace) and not subject.case.agency.has_place(workplace)


def _is_elsewhere(subject: RowCase) -> bool:
    workplace = subject.row.workplace.value
    if workplace is None or _is_title(subject):
        return False
    return not subject.case.agency.has_place(workplace)


def _other_province(subject: RowCase) -> bool:
    province = subject.row.province.value
    return province is not None and _bare(province) != _bare(subject.case.agency.province)


def _bare(province: str) -> str:
    words = plain(province)
    for kind in ("thanh pho ", "tinh ", "tp. ", "tp.", "tp "):
        words = words.removeprefix(kind)
    return words


def _excluded(subject: RowCase) -> str:
    return says_title(subject.row.title.typed, subject.case.rules.excluded_titles)


def _sharing(subject: RowCase, column: str) -> list[Row]:
    """Rows of other persons with the same value in `column`."""
    mine = getattr(subject.row, column).value
    return [
        other
        for other in subject.others
        if mine and getattr(other, column).value == mine and not same_person(other, subject.row)
    ]


def _row_above(subject: RowCase) -> Row | None:
    above = [other for other in subject.others if other.position < subject.row.position]
    return max(above, key=lambda row: row.position, default=None)


def _mailbox_of_above(subject: RowCase) -> bool:
    above = _row_above(subject)
    return above is not None and above in _sharing(subject, "mailbox")


def _mailbox_shared(subject: RowCase) -> bool:
    return bool(_sharing(subject, "mailbox")) and not _mailbox_of_above(subject)


def _first_sharing(column: str) -> Callable[[RowCase], str]:
    return lambda subject: str(_sharing(subject, column)[0].position)


def _copies(subject: RowCase) -> list[Row]:
    return [other for other in subject.others if same_person(other, subject.row)]


def _is_copy(subject: RowCase) -> bool:
    """The first of equal rows stands; where rows of one person differ, none does."""
    return any(
        other.position < subject.row.position or _content(other) != _content(subject.row)
        for other in _copies(subject)
    )


def _content(row: Row) -> list[object]:
    values = (getattr(row, name) for name in form01.COLUMNS)
    return [one.typed if isinstance(one, Reading) else one for one in values]


def _other_name(subject: RowCase) -> bool:
    known, name = subject.known.full_name, subject.row.full_name.value
    return bool(known and name and plain(known) != plain(name))


ROW_RULES: tuple[Rule[RowCase], ...] = (
    *field_rules("row", REQUIRED, _of_row),
    *official_mailbox_rules("row", _mailbox),
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
        "row.mailbox.agency",
        "House rule: credentials go to one's own mailbox",
        RETURN,
        "Đây là hộp thư chung của cơ quan, tổ chức.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng người này.",
        _in("mailbox", lambda subject: subject.row.mailbox.value in subject.case.agency.mailboxes),
    ),
    Rule(
        "row.mailbox.owned",
        "Register of subscribers",
        RETURN,
        "Địa chỉ thư điện tử đã được đăng ký cho một thuê bao khác.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng người này.",
        _in("mailbox", lambda subject: subject.known.mailbox_of_another),
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
        "row.birth_date.differs",
        "Structure of the personal identification number",
        RETURN,
        "Năm sinh không khớp với số định danh cá nhân.",
        "Đề nghị đối chiếu ngày sinh và số định danh cá nhân với căn cước.",
        _in("birth_date", _born_otherwise),
    ),
    Rule(
        "row.birth_date.minor",
        "House rule: staff of a state body",
        HOLD,
        "Theo ngày sinh, người này chưa đủ 18 tuổi.",
        WAIT,
        _in("birth_date", _is_minor),
    ),
    Rule(
        "row.issued_on.future",
        "Form 01",
        RETURN,
        "Ngày cấp căn cước muộn hơn ngày nhận văn bản.",
        "Đề nghị đối chiếu với căn cước và ghi lại.",
        _in("issued_on", _issued_in_future),
    ),
    Rule(
        "row.workplace.title",
        "Form 01",
        RETURN,
        "Cột tên cơ quan, tổ chức công tác đang ghi chức vụ.",
        "Đề nghị ghi tên cơ quan, tổ chức công tác vào cột này và chức vụ vào cột «Chức vụ».",
        _in("workplace", _is_title),
    ),
    Rule(
        "row.workplace.unknown",
        "Register of agencies",
        HOLD,
        "Nơi công tác không phải là cơ quan, tổ chức đã ký văn bản hoặc đơn vị trực thuộc "
        "đã đăng ký.",
        WAIT,
        _in("workplace", _is_elsewhere),
    ),
    Rule(
        "row.province.differs",
        "Register of agencies",
        NOTE,
        "Tỉnh, thành phố khác với nơi đã đăng ký của cơ quan, tổ chức; "
        "{certificate} ghi theo nơi đã đăng ký.",
        "Nếu cơ quan, tổ chức đã chuyển nơi đăng ký, đề nghị đăng ký cập nhật.",
        _in("province", _other_province),
    ),
    Rule(
        "row.title.excluded",
        "Service guidance 2023: subscribers; setting rules.excluded_titles",
        HOLD,
        "Chức vụ cho thấy có thể đây là người có thẩm quyền hoặc người thực hiện giao dịch "
        "tài chính, không thuộc đối tượng của giải pháp ký số tập trung.",
        WAIT,
        _in("title", _excluded),
    ),
    Rule(
        "row.old_serial.invalid",
        "Form 01",
        RETURN,
        STRANGE.text,
        STRANGE.remedy,
        _in("old_serial", lambda subject: is_strange(subject.row.old_serial)),
    ),
    Rule(
        "row.sim_pki.ticked",
        "Service guidance 2023: no SIM, no token",
        RETURN,
        "Đã đánh dấu SIM PKI: giải pháp ký số tập trung không dùng SIM PKI.",
        "Đề nghị bỏ đánh dấu; nếu cần SIM PKI, đề nghị gửi hồ sơ theo thủ tục tương ứng.",
        _in("sim_pki", lambda subject: subject.row.sim_pki),
    ),
    Rule(
        "row.person.duplicate",
        "House rule: one person, one row",
        RETURN,
        "Người này đã có ở dòng số {detail} của danh sách.",
        "Đề nghị ghi mỗi người một dòng, với thông tin đúng.",
        _in("personal_number", _is_copy, lambda subject: str(_copies(subject)[0].position)),
    ),
    Rule(
        "row.person.has_certificate",
        "House rule: one person, one current certificate",
        RETURN,
        "Người này đang có {certificate} còn hiệu lực theo giải pháp ký số tập trung.",
        "Để gia hạn, thay đổi thông tin hoặc thu hồi, đề nghị thực hiện theo hướng dẫn của cơ quan "
        "tiếp nhận hoặc trên cổng dịch vụ; khi cần, đề nghị liên hệ bộ phận hỗ trợ.",
        _in("personal_number", lambda subject: subject.known.has_certificate),
    ),
    Rule(
        "row.person.under_way",
        "House rule: one person, one current certificate",
        RETURN,
        "Một đề nghị khác cho người này đang được giải quyết.",
        "Đề nghị chờ kết quả của đề nghị đã gửi.",
        _in("personal_number", lambda subject: subject.known.under_way),
    ),
    Rule(
        "row.person.name_differs",
        "Register of subscribers",
        HOLD,
        "Số định danh cá nhân này đã đăng ký với họ và tên khác.",
        WAIT,
        _in("full_name", _other_name),
    ),
)
