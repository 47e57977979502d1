"""Rules for what nothing sends back, but the machine does not do yet: an officer does."""

from bot.dossier.application import Application
from bot.dossier.case import Case
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from bot.dossier.form04 import FORM_04
from bot.dossier.rows import CertificateRow, ChangeRow
from bot.dossier.rules import HOLD, Finding, Rule

BY_MACHINE = {Procedure.ISSUE, Procedure.REVOKE, Procedure.WITHDRAW}


def _by_hand(case: Case) -> list[Finding]:
    """The case laid out: what each row asks for, and for which certificate."""
    asked = case.application
    if asked is None or asked.procedure in BY_MACHINE:
        return []
    return [
        Finding(
            FORMS[asked.procedure].columns["serial"].label,
            row.serial.typed,
            detail=f"{_wish(asked, row)} ({row.full_name.typed})",
            position=row.position,
        )
        for row in asked.rows
        if isinstance(row, CertificateRow)
    ]


def _wish(asked: Application, row: CertificateRow) -> str:
    if not isinstance(row, ChangeRow):
        return FORMS[asked.procedure].name
    wishes = {"renew": row.renew, "amend": row.amend}
    return ", ".join(FORM_04.columns[name].label for name, ticked in wishes.items() if ticked)


OFFICER_RULES: tuple[Rule[Case], ...] = (
    Rule(
        "procedure.by_officer",
        "House rule: what the machine does not do yet",
        HOLD,
        "Đề nghị {detail}: hệ thống chưa tự thực hiện thủ tục này. Cán bộ phải thực hiện thủ công "
        "và báo kết quả cho cơ quan, tổ chức trong thời hạn trả kết quả.",
        "Cán bộ tiếp nhận sẽ thực hiện; cơ quan, tổ chức chưa phải làm gì.",
        _by_hand,
    ),
)
