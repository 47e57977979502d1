"""Rules for the mail that brought the letter."""

from bot.dossier.case import Case
from bot.dossier.rules import HOLD, NOTE, RETURN, WAIT, Finding, Rule


def _from_elsewhere(case: Case) -> list[Finding]:
    if len(case.senders) == 1 and case.senders[0] in case.agency.mailboxes:
        return []
    return [Finding()]  # headers are no data: they are not even repeated


def _loose(case: Case, *, has_rows: bool) -> list[Finding]:
    if not case.loose_sheets or bool(case.application and case.application.rows) is not has_rows:
        return []
    return [Finding(detail=f"{case.loose_sheets:02}")]


MAIL_RULES: tuple[Rule[Case], ...] = (
    Rule(
        "mail.from",
        "RFC 5322 3.6.2; register of agencies",
        HOLD,
        "Thư không được gửi từ hộp thư đã đăng ký của cơ quan, tổ chức đã ký văn bản.",
        WAIT,
        _from_elsewhere,
    ),
    Rule(
        "mail.truncated",
        "House rule: limits of one mail",
        RETURN,
        "Thư có quá nhiều tệp đính kèm hoặc phần lồng nhau nên không đọc được hết.",
        "Đề nghị chỉ đính kèm văn bản đề nghị đã ký số.",
        lambda case: [Finding()] if case.truncated else [],
    ),
    Rule(
        "sheet.loose",
        "Decree 30/2020: a separate annex needs the organisation's signature",
        RETURN,
        "Thư có {detail} bảng tính đính kèm, nhưng chữ ký số của cơ quan, tổ chức không bảo vệ "
        "bảng tính cùng với văn bản, nên danh sách không được đọc.",
        "Đề nghị nhúng bảng tính vào tệp PDF trước khi ký số văn bản, hoặc ký số toàn bộ thư "
        "(S/MIME) bằng chứng thư của cơ quan, tổ chức, rồi gửi lại.",
        lambda case: _loose(case, has_rows=False),
    ),
    Rule(
        "sheet.shared",
        "House rule: no row is guessed",
        HOLD,
        "Thư có nhiều văn bản đề nghị và {detail} bảng tính đính kèm: chưa rõ bảng tính nào là "
        "danh sách của văn bản này.",
        WAIT,
        lambda case: [Finding(detail=f"{case.shared_sheets:02}")] if case.shared_sheets else [],
    ),
    Rule(
        "sheet.unread",
        "Decree 30/2020: a separate annex needs the organisation's signature",
        NOTE,
        "Thư có {detail} bảng tính đính kèm không được chữ ký số của cơ quan, tổ chức bảo vệ; "
        "hồ sơ chỉ được giải quyết theo danh sách đã ký số.",
        "Không phải làm gì, nếu danh sách đã ký số là đầy đủ.",
        lambda case: _loose(case, has_rows=True),
    ),
)
