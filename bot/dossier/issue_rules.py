"""Rules for one row of form 01: may this person be given a certificate, and is the row right?"""

from functools import partial

from bot.dossier.case import Case, RowCase
from bot.dossier.characters import is_strange
from bot.dossier.field_rules import STRANGE, field_rules, in_column, of_row
from bot.dossier.fields import begins_with_title, birth_year, plain, says_title
from bot.dossier.form01 import FORM_01
from bot.dossier.mailbox_rules import official_mailbox_rules
from bot.dossier.rows import IssueRow
from bot.dossier.rules import HOLD, NOTE, RETURN, WAIT, Rule

OneCase = RowCase[IssueRow]
_in = partial(in_column, FORM_01)


def _mailbox(subject: OneCase) -> tuple[Case, str] | None:
    address = subject.row.mailbox.value
    return (subject.case, address) if address else None


def _born_otherwise(subject: OneCase) -> bool:
    number, day = subject.row.personal_number.value, subject.row.birth_date.value
    return bool(number and day and birth_year(number) != day.year)


def _is_minor(subject: OneCase) -> bool:
    day, today = subject.row.birth_date.value, subject.case.today
    least = subject.case.rules.least_age
    if day is None:
        return False
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day)) < least


def _issued_in_future(subject: OneCase) -> bool:
    day = subject.row.issued_on.value
    return day is not None and day > subject.case.today


def _is_title(subject: OneCase) -> bool:
    workplace = subject.row.workplace.value or ""
    titles = subject.case.rules.titles
    return begins_with_title(workplace, titles) and not subject.case.agency.has_place(workplace)


def _is_elsewhere(subject: OneCase) -> bool:
    workplace = subject.row.workplace.value
    if workplace is None or _is_title(subject):
        return False
    return not subject.case.agency.has_place(workplace)


def _other_province(subject: OneCase) -> bool:
    province = subject.row.province.value
    registered = subject.case.agency.province
    return province is not None and province_name(province) != province_name(registered)


def province_name(province: str) -> str:
    """Folded for comparing, without «tỉnh» and «thành phố»."""
    words = plain(province)
    for kind in ("thanh pho ", "tinh ", "tp. ", "tp.", "tp "):
        words = words.removeprefix(kind)
    return words


def _excluded(subject: OneCase) -> str:
    return says_title(subject.row.title.typed, subject.case.rules.excluded_titles)


ISSUE_RULES: tuple[Rule[OneCase], ...] = (
    *field_rules("row", FORM_01.columns, of_row),
    *official_mailbox_rules("row", _mailbox),
    Rule(
        "row.mailbox.agency",
        "House rule: credentials go to one's own mailbox",
        RETURN,
        "Đây là hộp thư chung của cơ quan, tổ chức.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng người này.",
        _in("mailbox", lambda subject: subject.row.mailbox.value in subject.case.agency.mailboxes),
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
        "House rule: staff of a state body; setting rules.least_age",
        HOLD,
        "Theo ngày sinh, người này chưa đủ {detail} tuổi.",
        WAIT,
        _in("birth_date", _is_minor, lambda subject: str(subject.case.rules.least_age)),
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
        "Form 01; setting rules.titles",
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
)
