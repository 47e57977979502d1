"""Rules for the letter: what it says around its list."""

from collections.abc import Callable
from datetime import timedelta

from bot.dossier.application import Application, Source
from bot.dossier.case import Case
from bot.dossier.catalogue import FORMS
from bot.dossier.characters import is_strange
from bot.dossier.field_rules import RETYPE, STRANGE
from bot.dossier.fields import Flaw, Reading, folded, plain
from bot.dossier.form import DECLARATIONS, LETTER, URGENCIES, Procedure
from bot.dossier.letter_number import canonical_number
from bot.dossier.rules import HOLD, NOTE, RETURN, WAIT, Finding, Rule
from bot.dossier.terms import CENTRALISED, SOLUTION, WORDS

TEXTS = (
    "number", "agency", "extract", "addressee", "urgency", "count", "signer_title", "signer_name",
)  # fmt: skip


def _in_letter(
    name: str, broken: Callable[[Application, Case], object]
) -> Callable[[Case], list[Finding]]:
    """A finder that shows the letter's field `name`; silent where no form was read."""
    label = LETTER[name].label

    def find(case: Case) -> list[Finding]:
        if case.application is None or not broken(case.application, case):
            return []
        return [Finding(label, _typed(case.application, name), detail=case.letter_used_in or "")]

    return find


def _in_form(
    name: str, broken: Callable[[Application, Case], object]
) -> Callable[[Case], list[Finding]]:
    """`_in_letter`, silent where the letter is the agency's own."""
    return _in_letter(name, lambda asked, case: is_form(asked) and broken(asked, case))


def is_form(asked: Application) -> bool:
    return asked.source is Source.FORM


def _typed(application: Application, name: str) -> str:
    if name == "count":
        return application.stated_count
    value = getattr(application.letter, name)
    return value.typed if isinstance(value, Reading) else str(value)


def _asks_for_token(application: Application, case: Case) -> bool:
    if application.procedure is not Procedure.ISSUE:
        return False
    if not is_form(application):  # its words are the agency's, and so are its accents
        return plain(SOLUTION) not in plain(application.letter.extract)
    extract = folded(application.letter.extract)
    return "đề nghị cấp chứng thư" in extract and CENTRALISED not in extract


def _other_extract(application: Application, case: Case) -> bool:
    extract = folded(application.letter.extract).rstrip(" .;")
    form = FORMS[application.procedure]
    accepted = {folded(form.extract_in(words)) for words in WORDS.values()}
    accepted |= {one.removeprefix("v/v ") for one in accepted}
    return extract not in accepted and not _asks_for_token(application, case)


def _other_addressee(application: Application, case: Case) -> bool:
    addressee = folded(application.letter.addressee).removeprefix("kính gửi").strip(" :.;")
    return addressee not in map(folded, case.addressees)


def _no_urgency(application: Application, case: Case) -> bool:
    return plain(application.letter.urgency) not in map(plain, URGENCIES)


def _other_agency(application: Application, case: Case) -> bool:
    """An own letter whose head could not be read says nothing of it."""
    name = plain(application.letter.agency)
    return name != plain(case.agency.name) and (bool(name) or is_form(application))


def _no_date(application: Application, case: Case) -> bool:
    return application.letter.date.flaw not in (None, Flaw.EMPTY)


def _date_in_future(application: Application, case: Case) -> bool:
    day = application.letter.date.value
    return day is not None and day > case.today


def _date_long_ago(application: Application, case: Case) -> bool:
    day = application.letter.date.value
    return day is not None and day < case.today - timedelta(days=case.rules.freshness_days)


def _count(application: Application) -> int | None:
    stated = application.stated_count
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 5 else None


def _other_count(application: Application, case: Case) -> bool:
    stated = _count(application)
    return bool(application.rows) and stated is not None and stated != len(application.rows)


def _strange(case: Case) -> list[Finding]:
    if case.application is None:
        return []
    typed = {name: _typed(case.application, name) for name in TEXTS}
    return [Finding(LETTER[name].label, text) for name, text in typed.items() if is_strange(text)]


def _undeclared(name: str, label: str) -> Callable[[Case], list[Finding]]:
    def find(case: Case) -> list[Finding]:
        asked = case.application
        if asked is None or not is_form(asked):
            return []
        if name not in FORMS[asked.procedure].declarations:
            return []
        return [] if name in asked.declarations else [Finding(label)]

    return find


def _no_rows(case: Case) -> list[Finding]:
    """Of a list that came as a workbook its own rules speak."""
    asked = case.application
    if asked is None or asked.procedure not in FORMS:
        return []
    return [] if asked.rows or case.sheet else [Finding()]


def _gaps(case: Case) -> list[Finding]:
    gaps = case.application.gaps if case.application else ()
    return [Finding(detail=str(position)) for position in gaps]


LETTER_RULES: tuple[Rule[Case], ...] = (
    Rule(
        "letter.number_missing",
        "Decree 30/2020, annex I",
        RETURN,
        "Văn bản chưa có số, ký hiệu hợp lệ.",
        "Đề nghị ghi số, ký hiệu theo sổ văn bản đi, ví dụ 05/THPTCVA-VP.",
        _in_form("number", lambda asked, _: not canonical_number(asked.letter.number)),
    ),
    Rule(
        "letter.number_used",
        "Decree 30/2020: one number, one letter",
        RETURN,
        "Số, ký hiệu này đã được dùng cho văn bản trong hồ sơ {detail}.",
        "Nếu đây là văn bản gửi lại thì không phải làm gì; nếu là văn bản mới, "
        "đề nghị ghi số, ký hiệu mới, ký số và gửi lại.",
        _in_letter("number", lambda _, case: case.letter_used_in),
    ),
    Rule(
        "letter.date_missing",
        "Decree 30/2020, annex I",
        RETURN,
        "Văn bản chưa ghi ngày ban hành.",
        "Đề nghị ghi ngày theo dạng ngày/tháng/năm, ví dụ 05/09/2026.",
        _in_form("date", lambda asked, _: asked.letter.date.flaw is Flaw.EMPTY),
    ),
    Rule(
        "letter.date_invalid",
        "Decree 30/2020, annex I",
        RETURN,
        "Ngày ban hành văn bản không hợp lệ.",
        f"Đề nghị ghi ngày theo dạng ngày/tháng/năm, ví dụ 05/09/2026. {RETYPE}",
        _in_letter("date", _no_date),
    ),
    Rule(
        "letter.date_future",
        "Decree 30/2020, annex I",
        RETURN,
        "Ngày ban hành văn bản muộn hơn ngày nhận.",
        "Đề nghị ghi đúng ngày ban hành, ký số và gửi lại.",
        _in_letter("date", _date_in_future),
    ),
    Rule(
        "letter.date_old",
        "Setting rules.freshness_days",
        HOLD,
        "Ngày ban hành văn bản đã quá thời hạn cho phép trước ngày nhận.",
        WAIT,
        _in_letter("date", _date_long_ago),
    ),
    Rule(
        "letter.extract_token",
        "Service guidance 2023",
        RETURN,
        "Trích yếu không ghi «sử dụng giải pháp ký số tập trung»: đây là đề nghị cấp "
        "{certificate} trên thiết bị USB token, không thuộc dịch vụ này.",
        "Nếu đề nghị theo giải pháp ký số tập trung, đề nghị giữ nguyên trích yếu ghi sẵn trong "
        "biểu mẫu; nếu cần USB token, đề nghị gửi hồ sơ theo thủ tục tương ứng.",
        _in_letter("extract", _asks_for_token),
    ),
    Rule(
        "letter.extract",
        "Service guidance 2023",
        RETURN,
        "Trích yếu không phải là trích yếu của thủ tục trong biểu mẫu.",
        "Đề nghị giữ nguyên trích yếu ghi sẵn trong biểu mẫu.",
        _in_form("extract", _other_extract),
    ),
    Rule(
        "letter.addressee",
        "Decree 30/2020, annex I; setting rules.addressee",
        RETURN,
        "Văn bản không gửi cho cơ quan tiếp nhận này.",
        "Đề nghị giữ nguyên nơi «Kính gửi» ghi sẵn trong biểu mẫu.",
        _in_form("addressee", _other_addressee),
    ),
    Rule(
        "letter.urgency",
        "Decree 30/2020, article 8",
        NOTE,
        f"Độ khẩn của văn bản không phải là {', '.join(filter(None, URGENCIES))}; hồ sơ được giải "
        "quyết theo thứ tự nhận.",
        "Không phải làm gì; lần sau đề nghị chọn độ khẩn ghi sẵn trong biểu mẫu.",
        _in_letter("urgency", _no_urgency),
    ),
    Rule(
        "letter.characters",
        "House rule: what is signed is what is read",
        RETURN,
        STRANGE.text,
        STRANGE.remedy,
        _strange,
    ),
    Rule(
        "letter.agency_differs",
        "Register of agencies",
        NOTE,
        "Tên cơ quan, tổ chức trên văn bản khác với tên đã đăng ký; "
        "hồ sơ được giải quyết theo tên đã đăng ký.",
        "Nếu tên đã thay đổi, đề nghị đăng ký cập nhật.",
        _in_letter("agency", _other_agency),
    ),
    Rule(
        "letter.count_missing",
        "Form",
        RETURN,
        "Chưa ghi số người đề nghị bằng chữ số.",
        "Đề nghị ghi số người, bằng số dòng đã điền trong danh sách.",
        _in_form("count", lambda asked, _: _count(asked) is None),
    ),
    Rule(
        "letter.count_differs",
        "House rule: no row may be lost",
        HOLD,
        "Số người ghi trong văn bản khác với số dòng trong danh sách.",
        WAIT,
        _in_letter("count", _other_count),
    ),
    Rule(
        "letter.no_rows",
        "Form",
        RETURN,
        "Danh sách chưa có người nào.",
        "Đề nghị điền danh sách, ký số và gửi lại.",
        _no_rows,
    ),
    Rule(
        "letter.gap",
        "House rule: no row may be lost",
        NOTE,
        "Dòng số {detail} của danh sách để trống giữa các dòng đã điền.",
        "Không phải làm gì, nếu không có người nào bị bỏ sót.",
        _gaps,
    ),
    *(
        Rule(
            f"declare.{field.name}",
            "Service guidance 2023: conditions",
            RETURN,
            "Chưa đánh dấu cam kết này.",
            "Đề nghị đánh dấu nếu mọi cá nhân trong danh sách đều đáp ứng; "
            "cá nhân không đáp ứng thì không đưa vào danh sách.",
            _undeclared(field.name, field.label),
        )
        for field in DECLARATIONS.values()
    ),
)
