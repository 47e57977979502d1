"""Builders of a valid dossier; a test changes one thing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.dossier.application import Application, Source
from bot.dossier.case import AgencyFacts, Case, Holding, NamedDossier, Signed, Signer
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure, row_field
from bot.dossier.letter import read_form
from bot.dossier.rows import IssueRow
from bot.dossier.terms import WORDS
from bot.register.lifecycle import Capacity, DossierStatus
from bot.sections.authority import Rules, Terms
from bot.signatures.verdict import Indication, Signature, SubIndication, Verdict

RECEIVED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SCHOOL = "Trường Trung học phổ thông Chu Văn An"
AUTHORITY = "Trung tâm Chứng thực điện tử chuyên dùng (trình diễn)"

LETTER = {
    "letter_parent": "SỞ GIÁO DỤC VÀ ĐÀO TẠO HÀ NỘI",
    "letter_agency": SCHOOL.upper(),
    "letter_number": "05/THPTCVA-VP",
    "letter_place": "Hà Nội",
    "letter_date": "20/11/2026",
    "letter_addressee": AUTHORITY,
    "letter_signer_title": "HIỆU TRƯỞNG",
    "letter_signer_name": "Nguyễn Thị Nhiếp",
    "receiver_full_name": "Đặng Thị Hồng Ngọc",
    "receiver_personal_number": "001185012345",
    "receiver_issued_on": "10/05/2021",
    "receiver_issued_by": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
    "receiver_title": "Văn thư",
    "receiver_mobile": "0912345670",
    "receiver_mailbox": "vanthu.cva@hanoiedu.edu.vn",
    "receiver_address": "Số 10 phố Thụy Khuê, Hà Nội",
    "notify": "sms",
}

NAMES = ("Nguyễn Thị Hoà", "Trần Đức Bình", "Lê Hoàng Yến", "Phạm Quốc Đạt", "Vũ Thị Ánh")


def a_person(position: int = 1, **changes: str) -> dict[str, str]:
    """The columns of a valid row, as typed."""
    return {
        "full_name": NAMES[position % len(NAMES)],
        "birth_date": "05/09/1985",
        "personal_number": f"001185{position:06}",
        "issued_on": "10/05/2021",
        "issued_by": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
        "mailbox": f"giaovien{position}@hanoiedu.edu.vn",
        "workplace": "Trường Trung học phổ thông Chu Văn An",
        "province": "Thành phố Hà Nội",
        "title": "Giáo viên",
        "mobile": f"0912{position:06}",
        "old_serial": "",
        "sim_pki": "",
        **changes,
    }


def a_change(position: int = 1, **changes: str) -> dict[str, str]:
    """The columns of a valid row of form 04, as typed; it asks for both."""
    return {
        "full_name": NAMES[position % len(NAMES)],
        "serial": f"3A:91:{position:02}",
        "mailbox": f"giaovien{position}@hanoiedu.edu.vn",
        "what": "Địa chỉ thư điện tử công vụ",
        "new": f"moi{position}@hanoiedu.edu.vn",
        "renew": "on",
        "amend": "on",
        **changes,
    }


def a_revocation(position: int = 1, **changes: str) -> dict[str, str]:
    """The columns of a valid row of form 05, as typed."""
    return {
        "full_name": NAMES[position % len(NAMES)],
        "personal_number": f"001185{position:06}",
        "issued_on": "10/05/2021",
        "issued_by": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
        "tax_code": "",
        "mailbox": f"giaovien{position}@hanoiedu.edu.vn",
        "serial": f"0x3a91{position:02}",
        "device": "",
        "reason": "Mất điện thoại",
        **changes,
    }


A_ROW = {Procedure.ISSUE: a_person, Procedure.CHANGE: a_change, Procedure.REVOKE: a_revocation}


def a_holding(position: int = 1, **changes: Any) -> Holding:
    """The certificate that a valid row of form 04 or 05 names, as registered."""
    valid: dict[str, Any] = {
        "agency_id": 1,
        "full_name": NAMES[position % len(NAMES)].upper(),
        "personal_number": f"001185{position:06}",
        "mailbox": f"GiaoVien{position}@hanoiedu.edu.vn",
        "mobile": f"+84912{position:06}",
        "agency": SCHOOL,
        "in_force": True,
        "is_current": True,
        "not_after": RECEIVED + timedelta(days=100),
        "renewals": 0,
        "path": ("Hà Nội", SCHOOL),
    }
    return Holding(**{**valid, **changes})


def form_values(
    *rows: dict[str, str], procedure: Procedure = Procedure.ISSUE, **changes: str
) -> dict[str, str]:
    """The fields of a valid form as signed; three rows unless told otherwise."""
    form = FORMS[procedure]
    rows = rows or tuple(A_ROW[procedure](position) for position in (1, 2, 3))
    return {
        "form": form.version,
        "letter_extract": form.extract_in(WORDS[Terms.OFFICIAL]),
        **LETTER,
        **{f"declare_{name}": "on" for name in form.declarations},
        "letter_count": str(len(rows)),
        **{
            row_field(position, column): typed
            for position, row in enumerate(rows, start=1)
            for column, typed in row.items()
        },
        **changes,
    }


def an_application(
    *rows: dict[str, str], procedure: Procedure = Procedure.ISSUE, **changes: str
) -> Application:
    application = read_form(form_values(*rows, procedure=procedure, **changes))
    assert application
    return application


def an_own_letter(**changes: Any) -> Application:
    """The same, asked for in the agency's own words."""
    return replace(an_application(), source=Source.LETTER, **changes)


def a_named(**changes: Any) -> NamedDossier:
    """An earlier dossier of the school that came back."""
    valid: dict[str, Any] = {
        "id": 5,
        "number": "HS-2026-000123",
        "status": DossierStatus.RETURNED,
        "has_returned": True,
        "rows": 3,
    }
    return NamedDossier(**{**valid, **changes})


def a_row(position: int = 1, **changes: str) -> IssueRow:
    """A valid row of form 01, with columns changed as typed."""
    (row,) = an_application(a_person(position, **changes)).rows
    assert isinstance(row, IssueRow)
    return replace(row, position=position)


PASSED = Verdict.passed()


def undetermined(why: SubIndication) -> Verdict:
    return Verdict(indication=Indication.INDETERMINATE, sub_indication=why, reasons=("test",))


def a_signature(field: str = "leader", **changes: Any) -> Signature:
    valid = {
        "field": field,
        "covers": 1000,
        "intact": True,
        "certificate": field.encode(),
        "signing_time": RECEIVED - timedelta(hours=1),
        "verdict": PASSED,
    }
    return Signature(**{**valid, **changes})


def a_signer(capacity: Capacity, **changes: Any) -> Signer:
    valid: dict[str, Any] = {
        "agency_id": 1,
        "capacity": capacity,
        "in_force": True,
    }
    return Signer(**{**valid, **changes})


LEADER = a_signer(Capacity.LEADER)
SEAL = a_signer(Capacity.ORGANISATION)


def by_leader(signer: Signer | None = LEADER, **changes: Any) -> Signed:
    return Signed(a_signature("leader", **changes), signer)


def by_seal(signer: Signer | None = SEAL, **changes: Any) -> Signed:
    return Signed(a_signature("seal", **changes), signer)


def a_case(*rows: dict[str, str], procedure: Procedure = Procedure.ISSUE, **changes: Any) -> Case:
    """A dossier that breaks no rule. `fields` changes what is typed in the form."""
    typed = changes.pop("fields", {})
    application = an_application(*rows, procedure=procedure, **typed)
    valid: dict[str, Any] = {
        "agency": AgencyFacts(
            id=1,
            name=SCHOOL,
            province="Hà Nội",
            places=(SCHOOL, "Tổ Toán"),
            path=("Hà Nội", SCHOOL),
            mailboxes=("c3chuvanan@hanoiedu.edu.vn",),
            domains=("gov.vn", "edu.vn"),
        ),
        "signatures": (by_leader(), by_seal()),
        "application": application,
        "received_at": RECEIVED,
        "patience_over": False,
        "rules": Rules(),
        "words": WORDS[Terms.OFFICIAL],
        "addressees": (AUTHORITY,),
        "senders": ("c3chuvanan@hanoiedu.edu.vn",),
        "holdings": {
            row.position: a_holding(row.position)
            for row in application.rows
            if not isinstance(row, IssueRow)
        },
    }
    return Case(**{**valid, **changes})
