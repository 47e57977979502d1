"""Builders of a valid dossier; a test changes one thing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.config import Rules, Terms
from bot.dossier import form01
from bot.dossier.application import Application, Row
from bot.dossier.case import AgencyFacts, Case, Signed, Signer
from bot.dossier.letter import read_application
from bot.dossier.terms import WORDS
from bot.register.lifecycle import Capacity
from bot.signatures.verdict import Indication, Signature, SubIndication, Verdict

RECEIVED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SCHOOL = "Trường Trung học phổ thông Chu Văn An"
AUTHORITY = "Trung tâm Chứng thực điện tử chuyên dùng (trình diễn)"

LETTER = {
    "form": form01.VERSION,
    "letter_parent": "SỞ GIÁO DỤC VÀ ĐÀO TẠO HÀ NỘI",
    "letter_agency": SCHOOL.upper(),
    "letter_number": "05/THPTCVA-VP",
    "letter_place": "Hà Nội",
    "letter_date": "20/11/2026",
    "letter_extract": WORDS[Terms.OFFICIAL].extract,
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
    **{f"declare_{name}": "on" for name in form01.DECLARATIONS},
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


def form_values(*people: dict[str, str], **changes: str) -> dict[str, str]:
    """The fields of a valid form 01 as signed; three people unless told otherwise."""
    people = people or tuple(a_person(position) for position in (1, 2, 3))
    rows = {
        form01.row_field(position, column): typed
        for position, person in enumerate(people, start=1)
        for column, typed in person.items()
    }
    return {**LETTER, "letter_count": str(len(people)), **rows, **changes}


def an_application(*people: dict[str, str], **changes: str) -> Application:
    application = read_application(form_values(*people, **changes))
    assert application
    return application


def a_row(position: int = 1, **changes: str) -> Row:
    """A valid row, with columns changed as typed."""
    return replace(an_application(a_person(position, **changes)).rows[0], position=position)


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


def a_case(*people: dict[str, str], **changes: Any) -> Case:
    """A dossier that breaks no rule. `fields` changes what is typed in the form."""
    typed = changes.pop("fields", {})
    valid: dict[str, Any] = {
        "agency": AgencyFacts(
            id=1,
            name=SCHOOL,
            province="Hà Nội",
            places=(SCHOOL, "Tổ Toán"),
            mailboxes=("c3chuvanan@hanoiedu.edu.vn",),
            domains=("gov.vn", "edu.vn"),
        ),
        "signatures": (by_leader(), by_seal()),
        "application": an_application(*people, **typed),
        "received_at": RECEIVED,
        "patience_over": False,
        "rules": Rules(),
        "words": WORDS[Terms.OFFICIAL],
        "addressees": (AUTHORITY,),
        "senders": ("c3chuvanan@hanoiedu.edu.vn",),
    }
    return Case(**{**valid, **changes})
