"""Rules for the earlier dossiers that a letter names: those it mends, and those it takes back."""

from collections.abc import Iterable

from bot.dossier.application import Application
from bot.dossier.case import Case, NamedDossier
from bot.dossier.form import LETTER, Procedure
from bot.dossier.rules import HOLD, NOTE, RETURN, WAIT, Finding, Rule, when


def _is_withdrawal(case: Case) -> bool:
    return case.procedure is Procedure.WITHDRAW


def _names(asked: Application | None) -> tuple[str, ...]:
    """Every number that the letter names; what a form says without one, as it says it."""
    if asked is None:
        return ()
    if asked.procedure is Procedure.WITHDRAW:
        return (*asked.dossiers, *(letter.number for letter in asked.letters))
    return asked.dossiers or tuple(filter(None, [asked.letter.corrects]))


def _known(case: Case) -> list[NamedDossier]:
    return [case.named[name] for name in _names(case.application) if name in case.named]


def _unknown(case: Case) -> Iterable[Finding]:
    if _is_withdrawal(case) and not _known(case):
        return []
    return [
        Finding(LETTER["corrects"].label if not _is_withdrawal(case) else None, name, detail=name)
        for name in _names(case.application)
        if name not in case.named
    ]


def _not_returned(case: Case) -> Iterable[Finding]:
    if _is_withdrawal(case):
        return []
    return [
        Finding(LETTER["corrects"].label, one.number, detail=one.number)
        for one in _known(case)
        if not one.has_returned
    ]


def _counts_others(case: Case) -> bool:
    """Whether a withdrawal speaks of a number of people that is not all of them."""
    asked = case.application
    if asked is None or not _is_withdrawal(case) or not asked.stated_count:
        return False
    return int(asked.stated_count) != sum(one.rows for one in _known(case))


NAMING_RULES: tuple[Rule[Case], ...] = (
    Rule(
        "named.unknown",
        "Register of dossiers",
        NOTE,
        "Không có hồ sơ hoặc văn bản {detail} của cơ quan, tổ chức trong hệ thống.",
        "Đề nghị kiểm tra lại số; nếu ghi nhầm, đề nghị báo cơ quan tiếp nhận.",
        _unknown,
    ),
    Rule(
        "named.not_returned",
        "Register of dossiers",
        NOTE,
        "Hồ sơ {detail} không bị trả lại; văn bản này được giải quyết như một hồ sơ mới.",
        "Không phải làm gì.",
        _not_returned,
    ),
    Rule(
        "withdraw.nothing",
        "Register of dossiers",
        RETURN,
        "Văn bản không nêu hồ sơ nào của cơ quan, tổ chức mà hệ thống đã tiếp nhận.",
        "Đề nghị ghi số hồ sơ cần rút, ví dụ HS-2026-000123, như trong thông báo tiếp nhận.",
        when(lambda case: _is_withdrawal(case) and not _known(case)),
    ),
    Rule(
        "withdraw.partly",
        "House rule: nothing is guessed",
        HOLD,
        "Số người nêu trong văn bản khác với số người trong hồ sơ: có thể chỉ rút một phần.",
        WAIT,
        when(_counts_others, LETTER["count"].label),
    ),
)
