"""Rules for an agency's own letter: are its parts there, and what does it do to an earlier one?"""

from collections.abc import Callable, Iterable

from bot.dossier.application import Application, Source
from bot.dossier.case import Case
from bot.dossier.catalogue import FORMS
from bot.dossier.fields import Flaw, plain
from bot.dossier.form import LETTER, RECEIVER
from bot.dossier.letter_wish import About
from bot.dossier.rules import HOLD, NOTE, WAIT, Consequence, Finding, Rule, when

ROWS_LABEL = "Danh sách"
UNDECLARED = "eligibility.undeclared"
TOLD = ("full_name", "mobile", "mailbox")  # what it takes to tell a receiver


def own_letter(case: Case) -> Application | None:
    """What is asked, where it is asked in the agency's own words."""
    asked = case.application
    return asked if asked and asked.source is Source.LETTER else None


def _unclear(case: Case) -> Iterable[Finding]:
    for part in case.application.unclear if case.application else ():
        label = LETTER[part].label if part in LETTER else ROWS_LABEL
        yield Finding(label, detail=label)


def _other_addressee(case: Case) -> list[Finding]:
    asked = own_letter(case)
    if asked is None or not asked.letter.addressee:
        return []
    ours = set(map(plain, case.addressees))
    named = [plain(one) for one in asked.letter.addressee.split(";")]
    return (
        []
        if ours.intersection(named)
        else [Finding(LETTER["addressee"].label, asked.letter.addressee)]
    )


def _undeclared(consequence: Consequence) -> Callable[[Case], Iterable[Finding]]:
    """Every declaration that a form would ask for and the letter does not make."""

    def find(case: Case) -> Iterable[Finding]:
        asked = own_letter(case)
        if asked is None or asked.procedure not in FORMS or case.rules.undeclared != consequence:
            return
        for name, field in FORMS[asked.procedure].declarations.items():
            if name not in asked.declarations:
                yield Finding(detail=field.label)

    return find


def _unclear_receiver(case: Case) -> list[Finding]:
    """What would keep the receiver from being told, or the wrong one from being spared it."""
    asked = own_letter(case)
    if asked is None:
        return []
    said = {name: getattr(asked.receiver, name) for name in TOLD}
    flawed = [
        RECEIVER[name].label for name, one in said.items() if one.flaw not in (None, Flaw.EMPTY)
    ]
    mailbox = asked.receiver.mailbox.value
    if mailbox and not case.is_official(mailbox):
        flawed.append(RECEIVER["mailbox"].label)
    if asked.notify == "sms" and asked.receiver.mobile.flaw is Flaw.EMPTY:
        flawed.append(RECEIVER["mobile"].label)
    return [Finding(label) for label in dict.fromkeys(flawed)]


def _about(about: About) -> Callable[[Case], Iterable[Finding]]:
    def find(case: Case) -> Iterable[Finding]:
        asked = own_letter(case)
        if asked is None or asked.about is not about:
            return
        for letter in asked.letters:
            known = case.named.get(letter.number)
            where = f"hồ sơ {known.number}" if known else "chưa có trong hệ thống"
            yield Finding(detail=f"{letter.number} ({where})")
        if not asked.letters:
            yield Finding(detail="không nêu rõ số")

    return find


OWN_LETTER_RULES: tuple[Rule[Case], ...] = (
    Rule(
        "letter.no_text",
        "House rule: nothing is guessed",
        HOLD,
        "Văn bản là bản quét hoặc không có lớp chữ nên hệ thống không đọc được.",
        "Cán bộ tiếp nhận sẽ đọc; lần sau đề nghị xuất tệp PDF từ phần mềm soạn thảo rồi ký số.",
        when(lambda case: case.is_scan),
    ),
    Rule(
        "letter.part_unclear",
        "House rule: nothing is guessed; Decree 30/2020, annex I",
        HOLD,
        "Hệ thống không xác định được phần «{detail}» trong văn bản.",
        WAIT,
        _unclear,
    ),
    Rule(
        "letter.addressee_other",
        "Decree 30/2020, annex I; setting rules.addressee",
        HOLD,
        "Văn bản ghi nơi nhận khác với cơ quan tiếp nhận này.",
        WAIT,
        _other_addressee,
    ),
    *(
        Rule(
            UNDECLARED,
            "Service guidance 2023: conditions; setting rules.undeclared",
            consequence,
            "Văn bản chưa nêu cam kết: {detail}.",
            {
                "note": "Đề nghị nêu đủ các cam kết trong những văn bản sau.",
                "hold": WAIT,
                "return": "Đề nghị bổ sung cam kết này vào văn bản nếu mọi cá nhân trong danh sách "
                "đều đáp ứng, ký số và gửi lại.",
            }[consequence],
            _undeclared(consequence),
        )
        for consequence in Consequence
    ),
    Rule(
        "receiver.unclear",
        "House rule: nobody else is told",
        NOTE,
        "Thông tin người tiếp nhận trong văn bản không hợp lệ; "
        "kết quả chỉ được gửi tới hộp thư đã đăng ký của cơ quan, tổ chức.",
        "Không phải làm gì; lần sau đề nghị ghi đúng thông tin người tiếp nhận.",
        _unclear_receiver,
    ),
    *(
        Rule(
            f"letter.{about}",
            "Decree 30/2020: replaced, corrected and recalled letters",
            HOLD,
            f"Văn bản này {words} văn bản số {{detail}}.",
            WAIT,
            _about(about),
        )
        for about, words in (
            (About.REPLACES, "thay thế"),
            (About.CORRECTS, "đính chính"),
            (About.RECALLS, "thu hồi"),
        )
    ),
)
