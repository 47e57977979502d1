"""Rules for the mail that brought the letter."""

from bot.dossier.case import Case
from bot.dossier.rules import HOLD, RETURN, WAIT, Finding, Rule


def _from_elsewhere(case: Case) -> list[Finding]:
    if len(case.senders) == 1 and case.senders[0] in case.agency.mailboxes:
        return []
    return [Finding()]  # headers are no data: they are not even repeated


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
)
