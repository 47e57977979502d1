import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import meta, nodes
from pydantic import TypeAdapter

from bot.config import Settings, template_folder
from bot.dossier.decision import Outcome
from bot.dossier.form import Procedure
from bot.dossier.terms import WORDS
from bot.errors import Misconfigured
from bot.outbox.agency_notices import Gathered
from bot.outbox.content import Content
from bot.outbox.notices import KINDS
from bot.outbox.officer_notices import Held
from bot.outbox.phone_notices import Help, Progress
from bot.outbox.render import Renderer, environment
from bot.outbox.values import RowResult
from bot.outbox.words import (
    BRIEFLY,
    CAPACITIES,
    INDICATIONS,
    LETTER_OUTCOMES,
    OUTCOMES,
    PROCEDURES,
    STATES,
    SUB_INDICATIONS,
    TASKS,
    TURNS,
    in_words,
    one_line,
)
from bot.register.lifecycle import Capacity, DossierStatus, Turn
from bot.register.tasks import Kind
from bot.sections.authority import Terms
from bot.sections.sms import Sms
from bot.signatures.verdict import Indication, SubIndication
from bot.sms.text import one_part, parts, unaccent
from tests.outbox.examples import (
    A_DOUBT,
    A_FAULT,
    A_NOTE,
    DIGEST,
    DUE,
    EXAMPLES,
    NOW,
    OF_FORM_04,
    OF_FORM_05,
    ROWS,
    a_clock,
    a_passcode,
    a_receipt,
    a_result,
    a_return,
    a_status,
    at_sending,
)

SETTINGS = Settings()
RENDERER = Renderer(SETTINGS, template_folder())
JINJA = environment(SETTINGS, template_folder())

# what the passcode is worked out from; what stands in the form that goes with it
WORKED_INTO = {"passcode": {"account"}, "reminder": {"receiver"}}


def placeholders(template: str) -> set[str]:
    """What `template` and the ones it builds on ask for."""
    source = (template_folder() / template).read_text()
    tree = JINJA.parse(source)
    above = {name for name in meta.find_referenced_templates(tree) if name}
    own = {one.target for one in tree.find_all(nodes.Import)}
    own |= {str(getattr(one.target, "name", "")) for one in tree.find_all(nodes.Assign)}
    asked = set(meta.find_undeclared_variables(tree)) - set(JINJA.globals) - own
    return asked.union(*map(placeholders, above))


def files(kind: type[Content]) -> dict[str, set[str]]:
    folder = template_folder() / "notices" / kind.kind
    return {
        file.name: placeholders(f"notices/{kind.kind}/{file.name}") for file in folder.iterdir()
    }


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_placeholders_are_the_fields(kind: type[Content]) -> None:
    given = {field.name for field in fields(kind)} | kind.at_sending
    asked = files(kind)
    assert set(asked) == {
        *(("subject.txt", "body.txt", "body.html") if "email" in kind.channels else ()),
        *(("sms.txt",) if "sms" in kind.channels else ()),
    }
    whole = ("body.txt", "body.html") if "email" in kind.channels else ("sms.txt",)
    for name in whole:
        assert asked[name] | WORKED_INTO.get(kind.kind, set()) == given, name
    assert all(names <= given for names in asked.values())


def test_every_folder_is_a_kind_and_every_kind_has_an_example() -> None:
    folders = {file.name for file in (template_folder() / "notices").iterdir() if file.is_dir()}
    assert folders == set(KINDS) == {content.kind for content in EXAMPLES.values()}


@pytest.mark.parametrize("content", EXAMPLES.values(), ids=list(EXAMPLES))
def test_a_notice_comes_back_from_the_register_as_it_was(content: Content) -> None:
    stored = TypeAdapter(dict).validate_json(TypeAdapter(dict).dump_json(content.data()))
    assert KINDS[content.kind].read(stored) == content


LETTERS = {name: content for name, content in EXAMPLES.items() if "email" in content.channels}


@pytest.mark.parametrize("content", LETTERS.values(), ids=list(LETTERS))
def test_every_letter_says_what_every_notice_must(content: Content) -> None:
    letter = RENDERER.letter(content, **at_sending(content))
    authority = SETTINGS.authority
    for words in (letter.text, letter.html):
        assert authority.help_phone in words
        assert authority.help_mailbox in words
        assert SETTINGS.web.forms_page in words
        assert "Việc tiếp theo" in words
        assert "None" not in words
        if number := getattr(content, "number", None):
            assert number in words
        if due := getattr(content, "due", None):
            assert in_words(due) in words
    assert "\n" not in letter.subject
    assert "<" not in letter.text
    if number := getattr(content, "number", None):
        assert number in letter.subject


TOLD_TOGETHER = [one for one in LETTERS.values() if not one.at_sending]


@pytest.mark.parametrize("content", TOLD_TOGETHER, ids=lambda content: content.kind)
def test_every_notice_can_be_a_part_of_another(content: Content) -> None:
    alone, part = RENDERER.letter(content), RENDERER.section(content)
    assert part.subject == alone.subject
    for chrome in (SETTINGS.authority.address, "<html", "<body", "kiểm tra chữ ký số ngay"):
        assert chrome not in part.text + part.html
    assert {*part.text.splitlines()} <= {*alone.text.splitlines()}
    whole = RENDERER.letter(Gathered(), letters=[part, part])
    assert whole.text.count(part.text.strip()) == 2
    assert whole.html.count(part.html) == 2
    assert whole.text.count(SETTINGS.authority.address) == 1


def test_a_deadline_is_in_words_and_in_hanoi() -> None:
    assert in_words(DUE) == ("17 giờ 00 phút, thứ Sáu, ngày 27 tháng 11 năm 2026 (giờ Việt Nam)")
    assert in_words(datetime(2027, 1, 3, 18, 5, tzinfo=UTC)) == (
        "01 giờ 05 phút, thứ Hai, ngày 04 tháng 01 năm 2027 (giờ Việt Nam)"
    )


def test_a_stopped_clock_shows_no_deadline() -> None:
    assert "chậm nhất" not in RENDERER.letter(a_return(due=None)).text
    assert "chậm nhất" not in RENDERER.letter(a_result(due=None)).text


def test_all_faults_are_told_with_value_and_remedy() -> None:
    faults = tuple(
        replace(A_FAULT, position=i, column=f"Cột {i}", value=f"giá trị {i}", text=f"Sai {i}.")
        for i in range(1, 40)
    )
    letter = RENDERER.letter(a_return(faults=faults))
    for fault in faults:
        for words in (fault.column, fault.value, fault.text, fault.remedy):
            assert words
            assert words in letter.text
            assert words in letter.html


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (Terms.OFFICIAL, "chứng thư chữ ký số chuyên dùng công vụ"),
        (Terms.GOVERNMENT, "chứng thư số"),
    ],
)
def test_one_setting_chooses_the_words_of_the_law(terms: Terms, words: str) -> None:
    settings = Settings(terms=terms)
    renderer = Renderer(settings, template_folder())
    for content in (a_receipt(), EXAMPLES["credential"]):
        letter = renderer.letter(content, **at_sending(content))
        assert words in letter.text
        assert words in letter.html
    for content in (a_result(), EXAMPLES["credential"]):
        letter = renderer.letter(content, **at_sending(content))
        assert f"Số hiệu {WORDS[terms].certificate_short}" in letter.text
        assert f"Số hiệu {WORDS[terms].certificate_short}" in letter.html


def test_before_the_letter_is_read_no_clock_is_promised_but_its_own() -> None:
    letter = RENDERER.letter(a_receipt())
    for words in (" ".join(letter.text.split()), letter.html):
        _, issue, revoke = re.split("(?i)cấp mới, gia hạn|thu hồi(?=:|<)", words)
        assert "03 ngày làm việc" in issue
        assert "17 giờ 00 phút, thứ Sáu, ngày 27 tháng 11 năm 2026" in issue
        assert "12 giờ kể từ khi tiếp nhận" in revoke
        assert "21 giờ 15 phút, thứ Hai, ngày 23 tháng 11 năm 2026" in revoke


def test_every_task_has_words() -> None:
    assert set(TASKS) == set(Kind)


def test_every_verdict_and_whatever_becomes_of_a_letter_has_words() -> None:
    assert set(INDICATIONS) == set(Indication)
    assert set(SUB_INDICATIONS) == set(SubIndication)
    assert set(CAPACITIES) == set(Capacity)
    assert set(LETTER_OUTCOMES) == {Outcome.ACCEPT, Outcome.HOLD, Outcome.RETURN}


def test_a_check_says_what_was_not_done_and_what_is_wrong() -> None:
    check = EXAMPLES["checked"]
    for words in (RENDERER.letter(check).text, RENDERER.letter(check).html):
        assert "không có số hồ sơ" in words
        assert "chưa đăng ký cho cơ quan" in words
        assert SUB_INDICATIONS[SubIndication.HASH_FAILURE] in words
        for fault in (A_FAULT, A_DOUBT, A_NOTE):
            assert fault.text in words
            assert fault.remedy in words
    assert "Không phát hiện sai sót nào" in RENDERER.letter(EXAMPLES["checked and good"]).text


LONGEST = "HS-2026-1000000"  # of a year; what it holds has every length it may have
LONGEST_MESSAGES = [
    a_passcode(number=LONGEST, attempt=99, account=10**9),
    a_result(number=LONGEST, rows=ROWS[:1] * 999 + ROWS[1:] * 99),
    a_result(number=LONGEST, rows=()),
    *(Progress(LONGEST, state, DUE) for state in DossierStatus),
    Help(),
    Held(LONGEST, None, NOW, DUE, (), procedure=Procedure.REVOKE),
    *(
        a_clock(number=LONGEST, code="c" * 32, turn=turn, percent=percent)
        for turn in Turn
        for percent in (80, 100)
    ),
]


@pytest.mark.parametrize("content", LONGEST_MESSAGES, ids=lambda content: content.kind)
def test_short_messages_are_one_plain_part_without_links(content: Content) -> None:
    text = RENDERER.sms(content, **at_sending(content))
    assert one_part(text)
    assert text.isascii()
    assert "http" not in text
    assert getattr(content, "number", "HS-2026-000123") in text
    assert SETTINGS.authority.help_phone in text


def test_every_short_message_is_tried_at_its_longest() -> None:
    kinds = {kind for kind in KINDS.values() if "sms" in kind.channels}
    assert {type(content) for content in LONGEST_MESSAGES} == kinds


@pytest.mark.parametrize("content", LONGEST_MESSAGES, ids=lambda content: content.kind)
def test_with_accents_it_takes_three_parts_at_most(content: Content) -> None:
    settings = Settings(sms=Sms(accents=True, parts=3))
    text = Renderer(settings, template_folder()).sms(content, **at_sending(content))
    assert 1 < parts(text) <= 3
    assert "ồ sơ" in text


def test_every_state_of_a_dossier_has_words() -> None:
    assert set(STATES) == set(DossierStatus)
    assert set(PROCEDURES) == set(Procedure)
    assert set(TURNS) == set(Turn)


def test_the_passcode_stands_in_the_message_whole() -> None:
    assert " 7K3M9QX2WD4R " in RENDERER.sms(a_passcode(), passcode="7K3M9QX2WD4R")


def test_notes_are_told_apart_from_what_is_to_be_mended() -> None:
    for letter in map(RENDERER.letter, (a_return(), a_result())):
        for words in (letter.text, letter.html):
            assert "Các điểm sau không làm hồ sơ bị trả lại" in words
            assert A_NOTE.text in words
            assert A_NOTE.remedy in words
    returned = RENDERER.letter(a_return()).text
    assert "CÁC ĐIỂM CẦN SỬA (2)" in returned
    assert "LƯU Ý (2)" in returned
    assert returned.index("LƯU Ý") < returned.index(A_DOUBT.text)
    assert A_DOUBT.remedy not in returned  # no officer looks at what has come back
    for content in (a_return(notes=()), a_result(notes=())):
        assert "lưu ý" not in RENDERER.letter(content).text.casefold()
        assert "lưu ý" not in RENDERER.letter(content).html.casefold()


def test_every_outcome_of_a_row_has_words() -> None:
    assert set(OUTCOMES) == set(get_args(get_type_hints(RowResult)["outcome"]))


@pytest.mark.parametrize("row", [*ROWS, *OF_FORM_04, *OF_FORM_05], ids=lambda row: row.outcome)
def test_a_row_is_told_as_it_stands_and_no_otherwise(row: RowResult) -> None:
    headings = {
        "issued": "ĐÃ CẤP CHỨNG",
        "renewed": "ĐÃ GIA HẠN (",
        "amended": "ĐÃ THAY ĐỔI THÔNG TIN (",
        "renewed_amended": "ĐÃ GIA HẠN VÀ THAY ĐỔI THÔNG TIN (",
        "recorded": "ĐÃ CẬP NHẬT SỔ ĐĂNG KÝ, GIỮ NGUYÊN",
        "overtaken": "KHÔNG THỰC HIỆN, VÌ",
        "revoked": "ĐÃ THU HỒI",
        "expired": "ĐÃ HẾT HẠN",
        "returned": "TRẢ LẠI ĐỂ HOÀN THIỆN",
        "open": "ĐANG ĐƯỢC GIẢI QUYẾT",
        "held": "ĐANG ĐƯỢC CÁN BỘ XEM XÉT",
        "withdrawn": "ĐÃ RÚT ĐỀ NGHỊ",
    }
    result = a_result(rows=(row,))
    text = RENDERER.letter(result).text
    assert [outcome for outcome, heading in headings.items() if heading in text] == [row.outcome]
    assert row.full_name in RENDERER.letter(result).html
    assert f"Kết quả: {OUTCOMES[row.outcome]} 1\n" in text
    brief = BRIEFLY.get(row.outcome, OUTCOMES[row.outcome])
    assert unaccent(f"{brief} 1.") in RENDERER.sms(result)


def test_the_longest_tally_fits_into_one_message() -> None:
    rows = tuple(replace(row, position=at) for row in (*OF_FORM_04, *ROWS[1:]) for at in range(99))
    for content in (a_result(rows=rows), a_result(rows=rows, due=None)):
        assert parts(RENDERER.sms(content)) == 1


def test_lateness_is_excused_when_it_has_come_and_not_else() -> None:
    for content, late in (
        (a_result(), True),
        (a_result(rows=()), True),
        (a_result(due=None), False),
    ):
        letter = RENDERER.letter(content)
        assert ("xin lỗi" in letter.text) is late
        assert ("xin lỗi" in letter.html) is late
        assert ("Xin loi" in RENDERER.sms(content)) is late


def test_a_dossier_without_rows_yet_is_still_examined() -> None:
    content = a_result(rows=())
    letter = RENDERER.letter(content)
    for words in (letter.text, letter.html):
        assert "vẫn đang được thẩm định" in words
        assert "không cần gửi lại" in words
        assert "đã cấp" not in words
        assert "trả lại 0" not in words
    assert "Tiến độ" in letter.subject
    assert "dang tham dinh" in RENDERER.sms(content)


def test_officers_are_told_whether_the_machine_still_tries() -> None:
    parked, late = (RENDERER.letter(EXAMPLES[name]) for name in ("parked row", "late row"))
    for tried, given_up in ((late.text, parked.text), (late.html, parked.html)):
        assert "vẫn đang tự thử lại" in tried
        assert "bot task resume" in given_up
        assert "vẫn đang tự thử lại" not in given_up
        assert "Không có gì bị mất" in tried
        assert "Không có gì bị mất" in given_up


def test_officers_are_told_what_to_do_with_a_held_mail_and_decide_on_a_dossier_themselves() -> None:
    mail, dossier = (RENDERER.letter(EXAMPLES[name]) for name in ("held mail", "held dossier"))
    for about_mail, about_dossier in ((mail.text, dossier.text), (mail.html, dossier.html)):
        assert "Cách xử lý: Xác minh người ký." in about_mail
        assert "bot mail list" in about_mail
        assert A_FAULT.remedy not in about_dossier  # it speaks to the agency
        assert "bot dossier show HS-2026-000123" in about_dossier


def test_a_mail_without_a_dossier_is_named_with_its_time() -> None:
    letter = RENDERER.letter(EXAMPLES["parked mail"])
    for words in (letter.subject, letter.text, letter.html):
        assert DIGEST[:16] in words
    assert f"Thư nhận lúc: {in_words(NOW)}" in letter.text


@given(st.text())
def test_what_comes_from_outside_stays_on_its_line(value: str) -> None:
    def lines(value: str) -> list[str]:
        faults = (replace(A_FAULT, value=f"x{value}"),)
        return RENDERER.letter(a_return(faults=faults, agency=f"A{value}")).text.splitlines()

    assert len(lines(value)) == len(lines(""))
    assert one_line(one_line(value)) == one_line(value)


def test_markup_from_outside_is_shown_not_obeyed() -> None:
    fault = replace(A_FAULT, value="<img src=x onerror=alert(1)>", text="{{ 7 * 7 }}")
    html = RENDERER.letter(a_return(faults=(fault,))).html
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "{{ 7 * 7 }}" in html


def test_hidden_and_turned_letters_are_taken_out() -> None:
    assert one_line("a\u202eb\u200bc\x00d\r\nBcc: e") == "abcd Bcc: e"


@pytest.mark.parametrize("source", ["{{ nmber }}", "{% if %}", "{{ number | nothing }}"])
def test_a_template_edited_wrongly_is_named(tmp_path: Path, source: str) -> None:
    folder = tmp_path / "notices" / "passcode"
    folder.mkdir(parents=True)
    (folder / "sms.txt").write_text(source)
    with pytest.raises(Misconfigured, match=r"notices/passcode/sms\.txt"):
        Renderer(SETTINGS, tmp_path).sms(a_passcode(), passcode="7K3M9QX2WD4R")


def test_a_message_edited_beyond_one_part_is_not_sent_in_two(tmp_path: Path) -> None:
    folder = tmp_path / "notices" / "passcode"
    folder.mkdir(parents=True)
    (folder / "sms.txt").write_text("Hồ sơ {{ number }} " + "dài " * 60)
    with pytest.raises(Misconfigured, match=r"sms\.parts \(1\)"):
        Renderer(SETTINGS, tmp_path).sms(a_passcode())
    paid_for = Settings(sms=Sms(parts=2))
    assert parts(Renderer(paid_for, tmp_path).sms(a_passcode())) == 2


def test_the_credential_says_how_the_slip_is_opened() -> None:
    values = {"attempt": 2, "expires": NOW + timedelta(days=14)}
    credential = EXAMPLES["credential"]
    assert "SMS" in RENDERER.letter(credential, encrypted=True, **values).text
    assert "SMS" not in RENDERER.letter(credential, encrypted=False, **values).text


def test_who_asks_for_a_dossier_reads_that_returned_rows_need_a_new_letter() -> None:
    for status, is_asked in ((a_status(), True), (a_status(rows=()), False)):
        letter = RENDERER.letter(status)
        for body in (letter.text, letter.html):
            assert ("Các dòng trả lại không tự được giải quyết tiếp" in body) is is_asked
            assert ("Không phải làm gì thêm" in body) is not is_asked
