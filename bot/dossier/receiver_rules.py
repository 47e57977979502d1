"""Rules for the receiver of a form: who is told the result, and how?"""

from bot.dossier.application import Receiver, Source
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


def _receiver(case: Case) -> Receiver | None:
    """The form's; an own letter need not name one (own_letter_rules.py)."""
    asked = case.application
    return asked.receiver if asked and asked.source is Source.FORM else None


def _of_receiver(case: Case, name: str) -> Reading[object] | None:
    receiver = _receiver(case)
    return getattr(receiver, name) if receiver else None


def _mailbox_of_receiver(case: Case) -> tuple[Case, str] | None:
    receiver = _receiver(case)
    return (case, receiver.mailbox.value) if receiver and receiver.mailbox.value else None


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
