"""An agency's own letter: its parts as an officer would find them, and the rules for it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dossier.application import (
    Application,
    Source,
    application_from_json,
    as_json,
)
from bot.dossier.case import Case
from bot.dossier.decision import Outcome, decide
from bot.dossier.fields import Flaw, Reading
from bot.dossier.form import DECLARATIONS, Procedure
from bot.dossier.form01 import FORM_01
from bot.dossier.letter import read_application
from bot.dossier.letter_wish import About, NamedLetter, about, asked, dossiers_in
from bot.dossier.naming_rules import NAMING_RULES
from bot.dossier.own_letter import read_letter
from bot.dossier.own_letter_rules import OWN_LETTER_RULES
from bot.sections.authority import Rules
from bot.signatures.verdict import SignedFile
from tests.dossier.builders import (
    a_case,
    a_named,
    a_person,
    a_signature,
    an_own_letter,
    by_leader,
    by_seal,
    form_values,
)
from tests.dossier.letter_parts import as_text
from tests.dossier.sheets import a_sheet, a_workbook

LETTERS = sorted((Path(__file__).parents[1] / "dossiers" / "letters").glob("*.txt"))
REGISTERED = {"full_name": "Lê Thị Văn Thư", "mobile": "0912345678", "mailbox": "vt@hanoi.gov.vn"}
NAMED = "HS-2026-000123"
RETURNED = {NAMED: a_named()}
OTHER: dict[str, Any] = {"procedure": Procedure.OTHER, "rows": ()}
WITHDRAWAL: dict[str, Any] = {"procedure": Procedure.WITHDRAW, "rows": (), "stated_count": ""}
PERSON = a_person()
A_LIST = a_workbook(
    a_sheet([FORM_01.columns[name].label for name in PERSON], list(PERSON.values()))
)
EARLIER = (NamedLetter("05/THPTCVA-VP", "05/9/2026"),)


def text_of(name: str) -> tuple[str, ...]:
    return tuple(next(one for one in LETTERS if one.stem == name).read_text().split("\f"))


def signed(text: tuple[str, ...], **changes: Any) -> SignedFile:
    valid = {"name": "CV.pdf", "sha256": "0" * 64, "signatures": (a_signature(),), "text": text}
    return SignedFile(**{**valid, **changes})


def read(name: str, **changes: Any) -> Application:
    application, _ = read_application(signed(text_of(name), **changes), (), REGISTERED)
    assert application
    return application


@pytest.mark.parametrize("letter", LETTERS, ids=lambda path: path.stem)
def test_the_parts_of_a_letter_are_what_an_officer_finds(letter: Path) -> None:
    parts = read_letter(letter.read_text(encoding="utf-8").split("\f"))
    assert as_text(parts) == letter.with_suffix(".parts").read_text(encoding="utf-8")


def test_there_are_letters_enough() -> None:
    assert len(LETTERS) >= 15


@pytest.mark.parametrize("letter", LETTERS, ids=lambda path: path.stem)
def test_an_own_letter_survives_the_register(letter: Path) -> None:
    application = read(letter.stem)
    assert application.source is Source.LETTER
    assert application_from_json(as_json(application)) == application


PIECES = sorted({one for letter in LETTERS for one in re.split(r"[ \t\n]", letter.read_text())})


@given(st.lists(st.text() | st.lists(st.sampled_from([*PIECES, "\n", "\t"])).map(" ".join)))
def test_any_text_is_read(pages: list[str]) -> None:
    parts = read_letter(pages)
    assert parts.number or "number" in parts.unclear
    assert parts.procedure or parts.about or "extract" in parts.unclear


@pytest.mark.parametrize(
    "hostile",
    [
        "Kính gửi: x\n" + "hỗ trợ " * 30_000,
        "Kính gửi: x\n" + "không giao dịch " * 20_000,
        "V/v " + "gia hạn " * 30_000,
        "12 (" * 50_000,
        "Số: 1/" + "- " * 50_000,
        "\t\n" * 100_000,
        "người tiếp nhận " * 20_000,
    ],
)
def test_no_text_takes_long(hostile: str) -> None:
    read_letter([hostile, hostile.replace(" ", "\n")])


@pytest.mark.parametrize(
    ("extract", "procedure"),
    [
        ("V/v đề nghị cấp chứng thư số cho cá nhân", Procedure.ISSUE),
        ("V/v cấp mới chứng thư chữ ký số chuyên dùng công vụ", Procedure.ISSUE),
        ("Về việc đăng ký cấp 12 chứng thư số", Procedure.ISSUE),
        ("V/v gia hạn chứng thư số", Procedure.CHANGE),
        ("V/v gia hạn và thay đổi thông tin chứng thư chữ ký số", Procedure.CHANGE),
        ("V/v thu hồi các chứng thư số", Procedure.REVOKE),
        ("V/v thu hồi và cấp lại chứng thư số", None),
        ("V/v đề nghị cấp chứng thư số và gia hạn chứng thư số", None),
        ("V/v đề nghị cấp lại chứng thư số", None),
        ("V/v báo cáo tình hình sử dụng chứng thư số", None),
        ("", None),
    ],
)
def test_an_extract_names_one_procedure_or_none(extract: str, procedure: Procedure | None) -> None:
    assert asked(extract) is asked(extract.upper()) is procedure


@pytest.mark.parametrize(
    ("extract", "does"),
    [
        ("V/v rút hồ sơ", About.WITHDRAWS),
        ("V/v rút lại đề nghị thu hồi chứng thư số", About.WITHDRAWS),
        ("V/v thu hồi văn bản số 5/VP", About.RECALLS),
        ("V/v thu hồi chứng thư số", None),
        ("V/v đính chính Công văn số 5/VP", About.CORRECTS),
        ("V/v cấp chứng thư số (thay thế Công văn số 5/VP)", About.REPLACES),
        ("V/v thay đổi thông tin chứng thư số", None),
    ],
)
def test_what_a_letter_does_to_another(extract: str, does: About | None) -> None:
    assert about(extract) is does


@pytest.mark.parametrize(
    ("body", "unclear"),
    [
        ("Trường đề nghị rút hồ sơ số HS-2026-000123.", ()),
        ("Trường đề nghị rút một phần hồ sơ số HS-2026-000123.", ("rows",)),
        ("Trường rút 02 cá nhân khỏi hồ sơ số HS-2026-000123.", ("rows",)),
        ("Trường rút hồ sơ HS-2026-000123, giữ nguyên hồ sơ HS-2026-000124.", ("rows",)),
        ("Trường rút mọi hồ sơ, trừ hồ sơ HS-2026-000124.", ("rows",)),
    ],
)
def test_a_withdrawal_of_less_than_all_is_unclear(body: str, unclear: tuple[str, ...]) -> None:
    (page,) = text_of("withdrawal-by-dossier")
    begin, end = page.index("Trường THPT"), page.index("Nơi nhận")
    assert read_letter([page[:begin] + body + "\n" + page[end:]]).unclear == unclear


def test_dossiers_are_named_once_however_they_are_written() -> None:
    said = "hồ sơ HS-2026-000123, hs - 2026 - 000123 và HS-2026-000007; không phải HS-2026-12"
    assert dossiers_in(said) == ("HS-2026-000123", "HS-2026-000007")


def test_a_letter_without_a_receiver_is_told_to_the_registered_one() -> None:
    application = read("token")
    assert application.receiver.full_name.value == "Lê Thị Văn Thư"
    assert application.receiver.mobile.value == "+84912345678"
    assert application.notify == "email"


def test_a_receiver_that_the_letter_names_is_the_one() -> None:
    application = read("school-issue-2024")
    assert application.receiver.mailbox.value == "vanthu.c3chuvanan@hanoiedu.edu.vn"
    assert application.notify == "sms"


def test_a_scan_is_no_application() -> None:
    assert read_application(signed(("", "")), (), REGISTERED) == (None, None)


def test_the_rows_are_those_of_the_sheet() -> None:
    application, sheet = read_application(
        signed(text_of("school-issue-2024")), (A_LIST,), REGISTERED
    )
    assert application
    assert sheet
    assert application.rows == sheet.rows
    assert [row.full_name.value for row in application.rows] == [a_person()["full_name"]]


def test_a_withdrawal_has_no_rows_whatever_comes_with_it() -> None:
    application, sheet = read_application(
        signed(text_of("withdrawal-by-dossier")), (A_LIST,), REGISTERED
    )
    assert application
    assert (application.rows, sheet) == ((), None)


def test_a_form_without_rows_has_those_of_the_sheet() -> None:
    empty = {name: "" for name in form_values() if name.startswith("row_")}
    form = signed((), values={**form_values(), **empty})
    application, sheet = read_application(form, (A_LIST,), REGISTERED)
    assert application
    assert sheet
    assert len(application.rows) == 1
    assert application.source is Source.FORM


def test_a_form_with_rows_and_a_sheet_says_two_things() -> None:
    form = signed((), values=form_values())
    application, sheet = read_application(form, (A_LIST,), REGISTERED)
    assert application
    assert (application.unclear, sheet, len(application.rows)) == (("rows",), None, 3)
    application, sheet = read_application(form, (), REGISTERED)
    assert application
    assert (application.unclear, sheet) == ((), None)


def own_case(named: dict[str, Any] | None = None, **changes: Any) -> Case:
    return a_case(application=an_own_letter(**changes), named=named or {})


def with_receiver(**changes: Any) -> Any:
    return replace(an_own_letter().receiver, **changes)


def with_letter(**changes: Any) -> Any:
    return replace(an_own_letter().letter, **changes)


NOBODY: dict[str, Any] = {
    "receiver": with_receiver(mailbox=Reading("", flaw=Flaw.EMPTY)),
    "notify": "email",
}
TRIED: dict[str, Case] = {
    "letter.no_text": a_case(application=None, has_content=False),
    "letter.part_unclear": own_case(unclear=("date",)),
    "letter.addressee_other": own_case(letter=with_letter(addressee="Sở Y tế; Bộ Y tế")),
    "eligibility.undeclared": own_case(declarations=frozenset(DECLARATIONS) - {"sector"}),
    "receiver.unclear": own_case(
        receiver=with_receiver(mailbox=Reading("a@gmail.com", "a@gmail.com"))
    ),
    "letter.replaces": own_case(about=About.REPLACES, letters=EARLIER),
    "letter.corrects": own_case(about=About.CORRECTS, letters=EARLIER, **OTHER),
    "letter.recalls": own_case(about=About.RECALLS, letters=EARLIER, **OTHER),
    "named.unknown": own_case(dossiers=(NAMED,)),
    "named.not_returned": own_case({NAMED: a_named(has_returned=False)}, dossiers=(NAMED,)),
    "withdraw.nothing": own_case(dossiers=(NAMED,), about=About.WITHDRAWS, **WITHDRAWAL),
    "withdraw.partly": own_case(
        RETURNED, **{**WITHDRAWAL, "dossiers": (NAMED,), "stated_count": "2"}
    ),
}


def codes(case: Case) -> list[str]:
    return [fault.code for fault in decide(case).faults]


def test_every_rule_is_tried() -> None:
    assert set(TRIED) == {rule.code for rule in (*OWN_LETTER_RULES, *NAMING_RULES)}


@pytest.mark.parametrize("code", TRIED)
def test_each_fault_breaks_its_own_rule_and_no_other(code: str) -> None:
    assert codes(TRIED[code]) == [code]


@pytest.mark.parametrize(
    "case",
    [
        own_case(),
        own_case(stated_count=""),
        own_case(**NOBODY),
        own_case(RETURNED, dossiers=(NAMED,)),
        own_case(RETURNED, dossiers=(NAMED,), **WITHDRAWAL),
        own_case(RETURNED, **{**WITHDRAWAL, "dossiers": (NAMED,), "stated_count": "3"}),
        own_case(
            letter=with_letter(agency="", extract="V/v cấp chứng thư số, Giải pháp ký số tập trung")
        ),
    ],
)
def test_a_valid_letter_breaks_no_rule(case: Case) -> None:
    assert codes(case) == []
    assert decide(case).outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    ("setting", "outcome"),
    [("note", Outcome.ACCEPT), ("hold", Outcome.HOLD), ("return", Outcome.RETURN)],
)
def test_what_an_undeclared_condition_leads_to_is_a_setting(setting: Any, outcome: Outcome) -> None:
    case = a_case(
        application=an_own_letter(declarations=frozenset()), rules=Rules(undeclared=setting)
    )
    decision = decide(case)
    assert {fault.code for fault in decision.faults} == {"eligibility.undeclared"}
    assert len(decision.faults) == len(DECLARATIONS)
    assert decision.outcome is outcome


def test_the_letter_that_is_changed_is_told_with_its_dossier() -> None:
    case = own_case({"05/THPTCVA-VP": a_named()}, about=About.RECALLS, letters=EARLIER, **OTHER)
    (fault,) = decide(case).faults
    assert "05/THPTCVA-VP (hồ sơ HS-2026-000123)" in fault.text


def test_a_letter_for_usb_tokens_comes_back() -> None:
    case = own_case(letter=with_letter(extract="V/v đề nghị cấp chứng thư số cho cá nhân"))
    assert codes(case) == ["letter.extract_token"]
    assert decide(case).outcome is Outcome.RETURN


def test_a_list_in_two_places_is_held() -> None:
    assert codes(own_case(unclear=("rows",))) == ["letter.part_unclear"]


def test_the_first_dossier_that_came_back_is_mended() -> None:
    numbers = ("HS-2026-000009", "HS-2026-000010", NAMED)
    named = {numbers[1]: a_named(id=4, has_returned=False), **RETURNED}
    assert own_case(named, dossiers=numbers).supersedes == 5
    assert own_case(named).supersedes is None
    assert own_case(named, dossiers=numbers, **WITHDRAWAL).supersedes is None


def test_a_form_names_the_dossier_that_it_mends() -> None:
    case = a_case(fields={"letter_corrects": f"hồ sơ số {NAMED}"}, named=RETURNED)
    assert case.supersedes == 5
    assert codes(case) == []
    assert codes(a_case(fields={"letter_corrects": "hồ sơ tuần trước"})) == ["named.unknown"]


def test_what_is_doubtful_in_a_letter_never_stops_a_revocation() -> None:
    application = replace(
        a_case(procedure=Procedure.REVOKE).application or an_own_letter(),
        source=Source.LETTER,
        unclear=("number", "date", "count"),
        about=About.REPLACES,
        letters=EARLIER,
        dossiers=(NAMED,),
    )
    case = a_case(procedure=Procedure.REVOKE, application=application)
    assert {fault.consequence for fault in decide(case).faults} == {"note"}


def test_who_signed_is_asked_of_an_own_letter_too() -> None:
    case = replace(own_case(), signatures=(by_leader(),))
    assert codes(case) == ["signature.organisation_missing"]
    title = with_letter(signer_title="TUQ. GIÁM ĐỐC CHÁNH VĂN PHÒNG")
    case = replace(own_case(letter=title), signatures=(by_leader(), by_seal()))
    assert codes(case) == ["signer.delegated"]
    case = own_case(letter=with_letter(signer_title="TM. ỦY BAN NHÂN DÂN TUQ. CHỦ TỊCH"))
    assert codes(case) == ["signer.delegated"]
