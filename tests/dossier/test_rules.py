"""Each fault breaks its own rule and no other."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.dossier import ruleset
from bot.dossier.case import Case, Signed
from bot.dossier.catalogue import FORMS
from bot.dossier.decision import Outcome, decide
from bot.dossier.field_rules import SAYINGS
from bot.dossier.file_rules import DOUBTFUL_FILES, FILE_FAULTS
from bot.dossier.form import DECLARATIONS, RECEIVER, Procedure
from bot.dossier.form01 import FORM_01
from bot.dossier.known import Claim, Known
from bot.dossier.naming_rules import NAMING_RULES
from bot.dossier.own_letter_rules import OWN_LETTER_RULES
from bot.dossier.rules import Consequence, Rule
from bot.dossier.ruleset import ALL_RULES, ROW
from bot.dossier.sheet_rules import SHEET_ROW_RULES, SHEET_RULES
from bot.dossier.terms import WORDS
from bot.errors import Misconfigured
from bot.register.lifecycle import Capacity, ItemStatus
from bot.sections.authority import Rules, Terms, Wording
from bot.signatures.verdict import SubIndication, Verdict
from tests.dossier.builders import (
    LEADER,
    RECEIVED,
    SCHOOL,
    a_case,
    a_person,
    a_signer,
    by_leader,
    by_seal,
    undetermined,
)
from tests.dossier.flaws import FLAWED

RULES: tuple[Rule[Any], ...] = (*ALL_RULES, *ROW[Procedure.ISSUE])

UNOFFICIAL = {
    "public": "hoa@gmail.com",
    "truncated": "hoa@laocai.go",
    "domain": "hoa@truong.com.vn",
}

MONTH = timedelta(days=31)
A_PUBLIC_ROW = a_person(1, mailbox=UNOFFICIAL["public"])


def failed(why: SubIndication) -> dict[str, Any]:
    return {"verdict": undetermined(why)}


LETTER_FAULTS: dict[str, dict[str, Any]] = {
    **{code: {"file_faults": (code,)} for code in (*FILE_FAULTS, *DOUBTFUL_FILES)},
    "pdf.unopened": {
        "file_faults": ("sandbox.time",),
        "signatures": (),
        "application": None,
        "patience_over": True,
    },
    "signature.broken": {
        "signatures": (
            by_leader(
                intact=False, verdict=Verdict.failed(SubIndication.HASH_FAILURE, "signature.digest")
            ),
            by_seal(),
        )
    },
    "signature.expired": {
        "signatures": (by_leader(**failed(SubIndication.OUT_OF_BOUNDS_NO_POE)), by_seal())
    },
    "signature.revoked": {
        "signatures": (by_leader(), by_seal(**failed(SubIndication.REVOKED_NO_POE)))
    },
    "signature.weak": {
        "signatures": (by_leader(**failed(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)), by_seal())
    },
    "signature.chain": {
        "signatures": (by_leader(**failed(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)), by_seal())
    },
    "signature.unchecked": {
        "signatures": (by_leader(**failed(SubIndication.TRY_LATER)), by_seal()),
        "patience_over": True,
    },
    "signature.indeterminate": {
        "signatures": (by_leader(**failed(SubIndication.GENERIC)), by_seal())
    },
    "signature.leader_missing": {"signatures": (by_seal(),)},
    "signature.organisation_missing": {"signatures": (by_leader(),)},
    "signer.not_in_force": {
        "signatures": (by_leader(a_signer(Capacity.LEADER, in_force=False)), by_seal())
    },
    "signer.other_agency": {
        "signatures": (by_leader(), by_seal(), by_leader(a_signer(Capacity.LEADER, agency_id=2)))
    },
    "signer.unregistered": {"signatures": (by_leader(None), by_seal())},
    "signer.extra": {"signatures": (by_leader(), by_seal(), by_leader(None))},
    "signer.clerk": {"signatures": (by_leader(), by_seal(), by_leader(a_signer(Capacity.CLERK)))},
    "signer.delegated": {"fields": {"letter_signer_title": "TUQ. HIỆU TRƯỞNG"}},
    "signature.time_old": {"signatures": (by_leader(signing_time=RECEIVED - MONTH), by_seal())},
    "signature.time_future": {
        "signatures": (by_leader(signing_time=RECEIVED + timedelta(hours=8)), by_seal())
    },
    "form.unknown": {"application": None},
    "form.divergent": {"divergent": ("row_01_mailbox",)},
    "letter.number_missing": {"fields": {"letter_number": "Số:      /THPTCVA-VP"}},
    "letter.number_used": {"letter_used_in": "HS-2026-000001"},
    "letter.date_missing": {"fields": {"letter_date": ""}},
    "letter.date_invalid": {"fields": {"letter_date": "20-11-2026"}},
    "letter.date_future": {"fields": {"letter_date": "24/11/2026"}},
    "letter.date_old": {"fields": {"letter_date": "23/10/2026"}},
    "letter.extract_token": {
        "fields": {"letter_extract": "V/v đề nghị cấp chứng thư số cho cá nhân"}
    },
    "letter.extract": {"fields": {"letter_extract": "V/v báo cáo tổng kết năm học"}},
    "letter.addressee": {"fields": {"letter_addressee": "Sở Giáo dục và Đào tạo Hà Nội"}},
    "letter.urgency": {"fields": {"letter_urgency": "Rất gấp"}},
    "letter.characters": {"fields": {"letter_signer_name": "Nguyễn Thị Nhі\u0435p"}},
    "letter.agency_differs": {"fields": {"letter_agency": "TRƯỜNG THPT CHU VĂN AN"}},
    "letter.count_missing": {"fields": {"letter_count": "ba"}},
    "letter.count_differs": {"fields": {"letter_count": "4"}},
    "letter.notify": {"fields": {"notify": ""}},
    "mail.from": {"senders": ("hieutruong@gmail.com",)},
    "mail.truncated": {"truncated": True},
    "sheet.unread": {"loose_sheets": 1},
    "sheet.shared": {"shared_sheets": 2},
    "mail.zip": {"attachments": ("pdf", "zip")},
    "mail.rar": {"attachments": ("pdf", "rar")},
    "mail.encrypted": {"attachments": ("pdf", "encrypted")},
    "letter.missing": {"attachments": ("pkcs7", "text", "xlsx")},
    **{f"declare.{name}": {"fields": {f"declare_{name}": ""}} for name in DECLARATIONS},
    **{
        f"receiver.{name}.{flaw}": {"fields": {f"receiver_{name}": FLAWED[kind][flaw]}}
        for name, field in RECEIVER.items()
        for kind in [field.kind]
        for flaw in SAYINGS[kind]
    },
    **{
        f"receiver.mailbox.{kind}": {"fields": {"receiver_mailbox": address}}
        for kind, address in UNOFFICIAL.items()
    },
}

ROW_FAULTS: dict[str, dict[str, Any]] = {
    **{
        f"row.{name}.{flaw}": {name: FLAWED[kind][flaw]}
        for name, field in FORM_01.columns.items()
        for kind in [field.kind]
        for flaw in SAYINGS.get(kind, ())
    },
    **{f"row.mailbox.{kind}": {"mailbox": address} for kind, address in UNOFFICIAL.items()},
    "row.mailbox.agency": {"mailbox": "c3chuvanan@hanoiedu.edu.vn"},
    "row.birth_date.differs": {"birth_date": "05/09/1986"},
    "row.birth_date.minor": {"birth_date": "05/09/2010", "personal_number": "001210000003"},
    "row.issued_on.future": {"issued_on": "24/11/2026"},
    "row.workplace.title": {"workplace": "Giáo viên"},
    "row.workplace.unknown": {"workplace": "Trường Trung học phổ thông Phan Đình Phùng"},
    "row.province.differs": {"province": "Tỉnh Lào Cai"},
    "row.title.excluded": {"title": "Phó hiệu trưởng"},
    "row.old_serial.invalid": {"old_serial": "5402\u202e"},
    "row.sim_pki.ticked": {"sim_pki": "on"},
}

HAS_ONE = Known(full_name="LÊ HOÀNG YẾN", agency_id=1, has_certificate=True)


def a_claim(**changes: Any) -> Claim:
    """An earlier row of the same agency that asks for the same person."""
    valid: dict[str, Any] = {
        "dossier": "HS-2026-000001",
        "agency_id": 1,
        "agency": SCHOOL,
        "procedure": Procedure.ISSUE,
        "status": ItemStatus.ACCEPTED,
        "is_earlier": True,
    }
    return Claim(**{**valid, **changes})


KNOWN_FAULTS = {
    "row.mailbox.owned": Known(mailbox_of_another=True),
    "row.mobile.owned": Known(mobile_of_another=True),
    "row.person.has_certificate": HAS_ONE,
    "row.person.elsewhere": replace(HAS_ONE, agency_id=2),
    "row.person.being_revoked": replace(
        HAS_ONE, claims=(a_claim(procedure=Procedure.REVOKE, status=ItemStatus.HELD),)
    ),
    "row.person.under_way": Known(claims=(a_claim(),)),
    "row.person.claimed": Known(claims=(a_claim(agency_id=2, status=ItemStatus.HELD),)),
    "row.person.name_differs": Known(full_name="Lê Hoàng Oanh"),
}

ELSEWHERE = {  # rules about several rows, none, a sheet, or an own letter: tests of their own
    *(rule.code for rule in (*OWN_LETTER_RULES, *NAMING_RULES)),
    *(rule.code for rule in SHEET_RULES),
    *(rule.code for rule in SHEET_ROW_RULES),
    "letter.no_rows",
    "sheet.loose",
    "letter.gap",
    "row.mailbox.above",
    "row.mailbox.shared",
    "row.mobile.shared",
    "row.person.duplicate",
}


def letter_codes(case: Case) -> list[str]:
    return [fault.code for fault in decide(case).faults]


def row_codes(case: Case) -> list[list[str]]:
    return [[fault.code for fault in row.faults] for row in decide(case).rows]


def test_a_valid_dossier_breaks_no_rule() -> None:
    decision = decide(a_case())
    assert decision.outcome is Outcome.ACCEPT
    assert decision.faults == ()
    assert [(row.position, row.outcome, row.faults) for row in decision.rows] == [
        (position, Outcome.ACCEPT, ()) for position in (1, 2, 3)
    ]


def test_every_rule_is_tried() -> None:
    tried = {*LETTER_FAULTS, *ROW_FAULTS, *KNOWN_FAULTS, *ELSEWHERE}
    assert tried == {rule.code for rule in RULES}


@pytest.mark.parametrize("code", LETTER_FAULTS)
def test_a_letter_fault_breaks_its_own_rule_and_no_other(code: str) -> None:
    case = a_case(**LETTER_FAULTS[code])
    assert letter_codes(case) == [code]
    assert not any(row_codes(case))


@pytest.mark.parametrize("code", ROW_FAULTS)
def test_a_row_fault_breaks_its_own_rule_and_no_other(code: str) -> None:
    case = a_case(a_person(1), a_person(2), a_person(3, **ROW_FAULTS[code]))
    assert letter_codes(case) == []
    assert row_codes(case) == [[], [], [code]]


@pytest.mark.parametrize("code", KNOWN_FAULTS)
def test_what_the_register_knows_breaks_its_own_rule_and_no_other(code: str) -> None:
    case = a_case(a_person(1), a_person(2), known={2: KNOWN_FAULTS[code]})
    assert letter_codes(case) == []
    assert row_codes(case) == [[], [code]]


@pytest.mark.parametrize(
    ("claim", "broken"),
    [
        ({"status": ItemStatus.PARKED}, ["row.person.under_way"]),
        ({"status": ItemStatus.HELD}, ["row.person.under_way"]),
        ({"status": ItemStatus.HELD, "is_earlier": False}, ["row.person.under_way"]),
        ({"status": ItemStatus.ASKED}, []),  # the right letter may follow one that is held
        ({"agency_id": 2, "is_earlier": False}, ["row.person.claimed"]),
        ({"agency_id": 2, "status": ItemStatus.PARKED}, ["row.person.claimed"]),
        ({"agency_id": 2, "status": ItemStatus.ASKED}, ["row.person.claimed"]),
        ({"agency_id": 2, "status": ItemStatus.ASKED, "is_earlier": False}, []),
        ({"agency_id": 2, "status": ItemStatus.HELD, "is_earlier": False}, []),
        ({"procedure": Procedure.CHANGE}, []),  # of a certificate that has ended since
        ({"procedure": Procedure.REVOKE}, []),
    ],
)
def test_of_two_that_ask_for_one_person_the_first_goes_on(
    claim: dict[str, Any], broken: list[str]
) -> None:
    case = a_case(a_person(1), known={1: Known(claims=(a_claim(**claim),))})
    assert row_codes(case) == [broken]


def test_no_rows() -> None:
    person = dict.fromkeys(a_person(), "")
    assert letter_codes(a_case(person)) == ["letter.no_rows"]


def test_a_list_that_nobody_sealed_is_named() -> None:
    person = dict.fromkeys(a_person(), "")
    decision = decide(a_case(person, loose_sheets=1))
    assert [fault.code for fault in decision.faults] == ["letter.no_rows", "sheet.loose"]
    assert "01 bảng tính" in decision.faults[1].text
    assert decision.outcome is Outcome.RETURN


def test_a_gap_is_told_and_stops_nothing() -> None:
    empty = dict.fromkeys(a_person(), "")
    decision = decide(a_case(a_person(1), empty, a_person(3), fields={"letter_count": "2"}))
    assert [fault.code for fault in decision.faults] == ["letter.gap"]
    assert "Dòng số 2 " in decision.faults[0].text
    assert decision.outcome is Outcome.ACCEPT
    assert [row.position for row in decision.rows] == [1, 3]


def test_the_mailbox_of_the_row_above_returns_both() -> None:
    case = a_case(a_person(1), a_person(2, mailbox="GiaoVien1@hanoiedu.edu.vn"), a_person(3))
    assert row_codes(case) == [["row.mailbox.shared"], ["row.mailbox.above"], []]


def test_a_mailbox_shared_from_further_away() -> None:
    case = a_case(a_person(1), a_person(2), a_person(3, mailbox="giaovien1@hanoiedu.edu.vn"))
    assert row_codes(case) == [["row.mailbox.shared"], [], ["row.mailbox.shared"]]


def test_a_shared_mobile() -> None:
    case = a_case(a_person(1), a_person(2, mobile="+84912000001"))
    assert row_codes(case) == [["row.mobile.shared"], ["row.mobile.shared"]]


def test_of_equal_rows_the_first_stands() -> None:
    case = a_case(a_person(1), a_person(2), a_person(1))
    assert row_codes(case) == [[], [], ["row.person.duplicate"]]


def test_of_rows_of_one_person_that_differ_none_stands() -> None:
    case = a_case(a_person(1), a_person(2), a_person(1, mailbox="khac@hanoiedu.edu.vn"))
    assert row_codes(case) == [["row.person.duplicate"], [], ["row.person.duplicate"]]


@pytest.mark.parametrize("words", WORDS.values(), ids=list(Terms))
@pytest.mark.parametrize("change", [str, str.upper, lambda text: text.replace(" ", "\n ")])
def test_both_extracts_are_accepted_however_they_are_typed(words: Any, change: Any) -> None:
    for procedure, form in FORMS.items():
        extract = change(form.extract_in(words))
        case = a_case(procedure=procedure, fields={"letter_extract": extract})
        assert "letter.extract" not in letter_codes(case)


@pytest.mark.parametrize(
    "title",
    [
        "TL. HIỆU TRƯỞNG",
        "TUQ.HIỆU TRƯỞNG",
        "tuq hiệu trưởng",
        "T.L. HIỆU TRƯỞNG",
        "T. L HIỆU TRƯỞNG",
        "T.U.Q. HIỆU TRƯỞNG",
        "(TLHIỆU TRƯỞNG)",
        "Thừa lệnh Hiệu trưởng",
        "Thừa uỷ quyền Hiệu trưởng",
    ],
)
def test_delegated_signers_go_to_an_officer(title: str) -> None:
    assert decide(a_case(fields={"letter_signer_title": title})).outcome is Outcome.HOLD


@pytest.mark.parametrize("urgency", ["", "Khẩn", "HOẢ TỐC", "thượng  khẩn"])
def test_urgencies_however_they_are_typed(urgency: str) -> None:
    assert letter_codes(a_case(fields={"letter_urgency": urgency})) == []


@pytest.mark.parametrize(
    ("changed", "setting", "code"),
    [
        ({"birth_date": "05/09/1985"}, {"least_age": 60}, "row.birth_date.minor"),
        ({"title": "Trưởng phòng"}, {"excluded_titles": ("Trưởng phòng",)}, "row.title.excluded"),
        ({"workplace": "Hộ lý"}, {"titles": ("Hộ lý",)}, "row.workplace.title"),
        ({"mailbox": "a@thu.vn"}, {"public_mail": ("THU.vn",)}, "row.mailbox.public"),
    ],
)
def test_numbers_and_words_are_settings(
    changed: dict[str, str], setting: dict[str, Any], code: str
) -> None:
    row = a_person(1, **changed)
    assert [code] not in row_codes(a_case(row))
    assert row_codes(a_case(row, rules=Rules(**setting))) == [[code]]


def test_who_signs_by_delegation_is_a_setting() -> None:
    title = {"letter_signer_title": "U.Q. HIỆU TRƯỞNG"}
    assert letter_codes(a_case(fields=title)) == []
    rules = Rules(delegated=("UQ.", "."))
    assert letter_codes(a_case(fields=title, rules=rules)) == ["signer.delegated"]


def test_what_a_rule_says_is_a_setting() -> None:
    said = Wording(text="Thư công cộng ({certificate}).")
    rules = Rules(wording={"row.mailbox.public": said})
    ((fault,),) = (row.faults for row in decide(a_case(A_PUBLIC_ROW, rules=rules)).rows)
    ((usual,),) = (row.faults for row in decide(a_case(A_PUBLIC_ROW)).rows)
    assert fault.text == f"Thư công cộng ({WORDS[Terms.OFFICIAL].certificate})."
    assert (fault.remedy, fault.consequence) == (usual.remedy, usual.consequence)


def test_words_for_no_rule_are_refused() -> None:
    ruleset.require_known(Rules(wording={"row.mailbox.public": Wording()}))
    with pytest.raises(Misconfigured) as wrong:
        ruleset.require_known(Rules(wording={"row.mailbox.publik": Wording()}))
    assert "Do you mean row.mailbox.public?" in str(wrong.value)


def test_deputies_sign_for_the_head() -> None:
    title = "KT. HIỆU TRƯỞNG\nPHÓ HIỆU TRƯỞNG"
    assert letter_codes(a_case(fields={"letter_signer_title": title})) == []


@pytest.mark.parametrize("title", ["T\u200bL. HIỆU TRƯỞNG", "T\u3164.U\u00adQ. HIỆU TRƯỞNG"])
def test_hidden_characters_hide_no_delegation(title: str) -> None:
    codes = letter_codes(a_case(fields={"letter_signer_title": title}))
    assert codes == ["signer.delegated", "letter.characters"]


def test_hidden_characters_hide_no_excluded_title() -> None:
    ((*codes,),) = row_codes(a_case(a_person(1, title="Hi\u200bệu tr\u00adưởng")))
    assert codes == ["row.title.invalid", "row.title.excluded"]


def test_letters_of_another_script_are_no_title() -> None:
    assert row_codes(a_case(a_person(1, title="Hіệu trưởng"))) == [["row.title.invalid"]]


def test_a_hidden_character_makes_no_second_letter_number() -> None:
    codes = letter_codes(a_case(fields={"letter_number": "05/THPT\u2060CVA-VP"}))
    assert codes == ["letter.characters"]


def test_an_endless_date_is_no_date() -> None:
    assert letter_codes(a_case(fields={"letter_date": "9" * 500})) == ["letter.date_invalid"]


def test_local_time_written_as_utc_is_no_fault() -> None:
    signatures = (by_leader(signing_time=RECEIVED + timedelta(hours=7)), by_seal())
    assert letter_codes(a_case(signatures=signatures)) == []


def test_a_stranger_cannot_stand_in_the_way() -> None:
    stranger = by_leader(None, verdict=undetermined(SubIndication.TRY_LATER))
    decision = decide(a_case(signatures=(by_leader(), by_seal(), stranger)))
    assert (decision.outcome, decision.retry) == (Outcome.ACCEPT, False)


@pytest.mark.parametrize(
    "signatures",
    [
        (by_leader(None), by_seal()),
        (by_leader(), by_seal(None)),
        (by_leader(None), by_seal(None), by_seal(a_signer(Capacity.CLERK))),
    ],
    ids=["leader", "seal", "both"],
)
def test_who_may_replace_a_missing_signer_is_looked_at(signatures: tuple[Signed, ...]) -> None:
    decision = decide(a_case(signatures=signatures))
    assert decision.outcome is Outcome.HOLD
    assert "signer.unregistered" in {fault.code for fault in decision.faults}
    assert {row.outcome for row in decision.rows} == {Outcome.STAND}


def test_who_may_replace_a_missing_signer_is_awaited_and_then_looked_at() -> None:
    waiting = by_leader(None, **failed(SubIndication.TRY_LATER))
    signatures = (waiting, by_seal())
    assert decide(a_case(signatures=signatures)).retry
    case = a_case(signatures=signatures, patience_over=True)
    assert letter_codes(case) == ["signer.unregistered"]


@pytest.mark.parametrize(
    "why", [SubIndication.NO_CERTIFICATE_CHAIN_FOUND, SubIndication.OUT_OF_BOUNDS_NO_POE]
)
def test_a_stranger_who_is_not_believed_replaces_nobody(why: SubIndication) -> None:
    case = a_case(signatures=(by_leader(None, **failed(why)), by_seal()))
    assert letter_codes(case) == ["signature.leader_missing", "signer.extra"]


def test_what_differs_is_named_only_if_it_is_ours() -> None:
    divergent = ("row_01_mailbox", "Bấm https://evil.example", "x" * 3_000)
    faults = decide(a_case(divergent=divergent)).faults
    assert [fault.column for fault in faults] == ["Dòng số 1: Địa chỉ thư điện tử công vụ", None]
    assert [fault.text for fault in faults] == [
        "Nội dung ô này khác nhau giữa các lần ký số.",
        "Nội dung ngoài biểu mẫu khác nhau giữa các lần ký số.",
    ]


def test_a_clerk_authorises_nothing() -> None:
    clerk = by_leader(a_signer(Capacity.CLERK))
    codes = letter_codes(a_case(signatures=(clerk,)))
    assert codes == ["signature.leader_missing", "signature.organisation_missing", "signer.clerk"]


def test_signatures_of_two_agencies_do_not_add_up() -> None:
    seal = by_seal(a_signer(Capacity.ORGANISATION, agency_id=2))
    decision = decide(a_case(signatures=(by_leader(LEADER), seal)))
    assert decision.outcome is Outcome.RETURN
    assert [fault.code for fault in decision.faults] == [
        "signature.organisation_missing",
        "signer.other_agency",
    ]


def test_of_several_senders_none_is_believed() -> None:
    senders = ("c3chuvanan@hanoiedu.edu.vn", "khac@hanoiedu.edu.vn")
    assert letter_codes(a_case(senders=senders)) == ["mail.from"]


def test_faults_say_where_what_and_how_to_mend() -> None:
    case = a_case(a_person(1), a_person(2, mailbox="hoa@laocai.go"))
    (fault,) = decide(case).rows[1].faults
    assert fault.position == 2
    assert fault.column == "Địa chỉ thư điện tử công vụ"
    assert fault.value == "hoa@laocai.go"
    assert fault.remedy.endswith("hoa@laocai.gov.vn")


def test_all_faults_are_told_at_once() -> None:
    person = a_person(1, mailbox="hoa@gmail.com", mobile="912345678.0", workplace=SCHOOL)
    decision = decide(a_case(person, fields={"letter_date": "", "declare_phone": ""}))
    assert {fault.code for fault in decision.faults} == {"letter.date_missing", "declare.phone"}
    assert {fault.code for fault in decision.rows[0].faults} == {
        "row.mailbox.public",
        "row.mobile.spreadsheet",
    }


@pytest.mark.parametrize("terms", Terms)
def test_texts_use_the_words_that_are_set(terms: Terms) -> None:
    case = a_case(known={1: replace(HAS_ONE, full_name=None)}, words=WORDS[terms])
    (fault,) = decide(case).rows[0].faults
    assert WORDS[terms].certificate in fault.text


def test_texts_are_sentences() -> None:
    for rule in RULES:
        for text in (rule.text, rule.remedy):
            assert text[0].isupper(), rule.code
            assert text.endswith("."), rule.code
        assert rule.consequence in Consequence
        assert rule.source
