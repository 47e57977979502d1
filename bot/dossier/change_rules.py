"""Rules for one row of form 04: is it clear what is to become of which certificate?"""

from functools import partial

from bot.dossier.case import RowCase
from bot.dossier.certificate_rules import certificate_rules
from bot.dossier.field_rules import field_rules, in_column, of_row
from bot.dossier.fields import Reading
from bot.dossier.form04 import FORM_04
from bot.dossier.rows import ChangeRow
from bot.dossier.rules import RETURN, Rule

OneCase = RowCase[ChangeRow]
_in = partial(in_column, FORM_04)

AMENDMENT = ("what", "new")  # what an amendment needs, and a renewal does not


def _needed(subject: OneCase, name: str) -> Reading[object] | None:
    reading = of_row(subject, name)
    if name not in AMENDMENT or subject.row.amend or (reading and reading.typed):
        return reading
    return None


def _says_amendment(subject: OneCase) -> bool:
    return any(getattr(subject.row, name).typed for name in AMENDMENT)


def _asks_for_nothing(subject: OneCase) -> bool:
    row = subject.row
    return not (row.renew or row.amend or _says_amendment(subject))


CHANGE_RULES: tuple[Rule[OneCase], ...] = (
    *field_rules("row", FORM_04.columns, _needed),
    Rule(
        "row.wish.none",
        "Form",
        RETURN,
        "Chưa đánh dấu «Gia hạn» hoặc «Thay đổi thông tin».",
        "Đề nghị đánh dấu một trong hai ô, hoặc cả hai.",
        _in("renew", _asks_for_nothing),
    ),
    Rule(
        "row.amend.unticked",
        "Form",
        RETURN,
        "Có ghi thông tin cần thay đổi nhưng chưa đánh dấu «Thay đổi thông tin».",
        "Đề nghị đánh dấu ô này, hoặc để trống hai cột về thông tin thay đổi.",
        _in("amend", lambda subject: not subject.row.amend and _says_amendment(subject)),
    ),
    *certificate_rules(FORM_04),
)
