"""Rules for the receiver: who is told the result, and how?"""

from bot.dossier.case import Case
from bot.dossier.field_rules import field_rules
from bot.dossier.fields import Reading
from bot.dossier.form import NOTIFY, NOTIFY_BY, RECEIVER
from bot.dossier.mailbox_rules import official_mailbox_rules
from bot.dossier.rules import RETURN, Finding, Rule


def _notified_by_nothing(case: Case) -> list[Finding]:
    if case.application is None or case.application.notify in set(NOTIFY_BY) - {""}:
        return []
    return [Finding(NOTIFY.label, case.application.notify)]


def _of_receiver(case: Case, name: str) -> Reading[object] | None:
    return getattr(case.application.receiver, name) if case.application else None


def _mailbox_of_receiver(case: Case) -> tuple[Case, str] | None:
    reading = case.application.receiver.mailbox if case.application else None
    return (case, reading.value) if reading and reading.value else None


RECEIVER_RULES: tuple[Rule[Case], ...] = (
    Rule(
        "letter.notify",
        "Form",
        RETURN,
        "Chưa chọn hình thức thông báo kết quả.",
        "Đề nghị chọn thư điện tử công vụ hoặc tin nhắn SMS.",
        _notified_by_nothing,
    ),
    *field_rules("receiver", RECEIVER, _of_receiver),
    *official_mailbox_rules("receiver", _mailbox_of_receiver),
)
