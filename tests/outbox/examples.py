"""A valid notice of every kind."""

from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup

from bot.dossier.attachment_rules import in_the_way
from bot.dossier.decision import Outcome
from bot.dossier.form import Procedure
from bot.dossier.rules import Consequence, Fault
from bot.outbox.agency_notices import (
    Checked,
    Forms,
    Gathered,
    Receipt,
    Result,
    Returned,
    Unsigned,
    Withdrawn,
)
from bot.outbox.content import Content
from bot.outbox.officer_notices import Clock, Held, Parked, Unfetched
from bot.outbox.phone_notices import Help, Progress
from bot.outbox.render import Letter
from bot.outbox.subscriber_notices import Credential, Passcode
from bot.outbox.values import CheckedLetter, CheckedSignature, Enclosed, RowResult, TakenBack
from bot.register.lifecycle import Capacity, DossierStatus, Turn
from bot.signatures.verdict import Indication, SubIndication

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=3 * 365)
DIGEST = "5f2c90b1d4e8a7365f2c90b1d4e8a7365f2c90b1d4e8a7365f2c90b1d4e8a736"
SERIAL = "3a91f0c27d5e4b8896aa01d2e3f40516"

NUMBER = "HS-2026-000123"
AGENCY = "Trường Trung học phổ thông Chu Văn An"

A_FAULT = Fault(
    "row.mailbox.domain",
    Consequence.RETURN,
    2,
    "Địa chỉ thư điện tử công vụ",
    "ntha@hanoiedu.vm",
    "Địa chỉ không thuộc tên miền của cơ quan nhà nước.",
    "Ghi địa chỉ do cơ quan nhà nước cấp, ví dụ tên@hanoiedu.vn.",
)
LETTER_FAULT = Fault(
    "letter.extract",
    Consequence.RETURN,
    None,
    "Trích yếu",
    "",
    "Trích yếu không đúng mẫu.",
    "Ghi đúng trích yếu theo hướng dẫn.",
)
A_NOTE = Fault(
    "letter.gap",
    Consequence.NOTE,
    None,
    None,
    "",
    "Dòng số 4 của danh sách để trống giữa các dòng đã điền.",
    "Không phải làm gì, nếu không có người nào bị bỏ sót.",
)
A_DOUBT = Fault(
    "row.title.excluded",
    Consequence.HOLD,
    2,
    "Chức vụ",
    "Hiệu trưởng",
    "Chức vụ cho thấy có thể đây là người có thẩm quyền.",
    "Cán bộ tiếp nhận sẽ kiểm tra; cơ quan, tổ chức chưa phải làm gì.",
)
A_MAIL_DOUBT = Fault(
    "signer.unregistered",
    Consequence.HOLD,
    None,
    None,
    DIGEST[:16],
    "Chứng thư của người ký chưa có trong sổ đăng ký.",
    "Xác minh người ký.",
)

A_SHEET = Enclosed(
    f"{NUMBER}-danh-sach.xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    DIGEST,
    12_345,
)
SIGNATURES = (
    CheckedSignature("Nguyễn Văn Minh", Capacity.LEADER, Indication.TOTAL_PASSED),
    CheckedSignature(
        "Trường THPT Chu Văn An",
        Capacity.ORGANISATION,
        Indication.INDETERMINATE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
    ),
    CheckedSignature("Ai đó", None, Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE),
)

OF_A_DOSSIER: dict[str, Any] = {
    "number": NUMBER, "agency": AGENCY, "letter_number": "05/THPTCVA-VP", "received": NOW,
}  # fmt: skip

ROWS = (
    RowResult(1, "Nguyễn Thị Hồng Ánh", "issued", SERIAL, NOW, LATER),
    RowResult(2, "Trần Đức Thắng", "returned", faults=(A_FAULT,)),
    RowResult(3, "Lê Thị Mỹ Duyên", "held"),
    RowResult(5, "Vũ Hoàng Yến", "open"),
    RowResult(6, "Phạm Quốc Đạt", "withdrawn"),
)


def a_receipt(**changes: Any) -> Receipt:
    valid: dict[str, Any] = {
        "number": NUMBER,
        "agency": AGENCY,
        "received": NOW,
        "due": DUE,
        "revoked_by": NOW + timedelta(hours=12),
    }
    return Receipt(**valid | changes)


def a_return(**changes: Any) -> Returned:
    valid = {"due": None, "faults": (LETTER_FAULT, A_FAULT), "notes": (A_NOTE, A_DOUBT)}
    return Returned(**OF_A_DOSSIER | valid | changes)


def a_result(**changes: Any) -> Result:
    return Result(**OF_A_DOSSIER | {"due": DUE, "rows": ROWS, "notes": (A_NOTE,)} | changes)


TOO_LATE = TakenBack("HS-2026-000101", "03/THPTCVA-VP", False, ROWS[:2])


def a_withdrawal(**changes: Any) -> Withdrawn:
    partly = TakenBack("HS-2026-000100", "", True, (ROWS[0], ROWS[4]))
    unread = TakenBack("HS-2026-000102", "", True, ())
    valid = {"dossiers": (partly, TOO_LATE, unread), "notes": (A_NOTE,)}
    return Withdrawn(**OF_A_DOSSIER | valid | changes)


def a_credential(**changes: Any) -> Credential:
    values: dict[str, Any] = {
        "number": NUMBER,
        "full_name": "Nguyễn Thị Hồng Ánh",
        "login": "ntha@hanoiedu.vn",
        "serial": SERIAL,
        "not_before": NOW,
        "not_after": LATER,
    }
    return Credential(**values | changes)


def a_passcode(**changes: Any) -> Passcode:
    values: dict[str, Any] = {"number": NUMBER, "account": 7, "attempt": 1}
    return Passcode(**values | changes)


def a_checked_letter(**changes: Any) -> CheckedLetter:
    values: dict[str, Any] = {
        "name": "05-THPTCVA-VP.pdf",
        "letter_number": "05/THPTCVA-VP",
        "outcome": Outcome.ACCEPT,
        "accepted": 3,
        "held": 1,
        "returned": 1,
        "signatures": SIGNATURES,
        "faults": (A_FAULT, A_DOUBT, A_NOTE),
    }
    return CheckedLetter(**values | changes)


def a_check(**changes: Any) -> Checked:
    values: dict[str, Any] = {
        "agency": AGENCY,
        "received": NOW,
        "letters": (
            a_checked_letter(),
            a_checked_letter(name="6.pdf", outcome=Outcome.RETURN, faults=(LETTER_FAULT,)),
        ),
        "files": (A_SHEET,),
    }
    return Checked(**values | changes)


def a_clock(**changes: Any) -> Clock:
    values: dict[str, Any] = {
        "number": NUMBER,
        "agency": AGENCY,
        "code": "thpt-chu-van-an",
        "procedure": Procedure.CHANGE,
        "state": DossierStatus.ACCEPTED,
        "turn": Turn.PARKED,
        "rows": 10,
        "closed": 7,
        "percent": 80,
        "received": NOW,
        "due": DUE,
    }
    return Clock(**values | changes)


EXAMPLES: dict[str, Content] = {
    "receipt": a_receipt(),
    "returned letter": a_return(),
    "returned rows": a_return(due=DUE, faults=(A_FAULT,)),
    "partial result": a_result(),
    "final result": a_result(due=None, rows=ROWS[:2]),
    "credential": a_credential(),
    "passcode": a_passcode(),
    "unsigned": Unsigned(agency=AGENCY, received=NOW),
    "unsigned with an obstacle": Unsigned(AGENCY, NOW, in_the_way({"zip", "pdf"})),
    "returned with a sheet": a_return(files=(A_SHEET,)),
    "final result with a sheet": a_result(due=None, rows=ROWS[:2], files=(A_SHEET,)),
    "checked": a_check(),
    "checked and good": a_check(letters=(a_checked_letter(faults=()),), files=()),
    "forms": Forms(AGENCY),
    "gathered": Gathered(),
    "held dossier": Held(NUMBER, AGENCY, NOW, DUE, (LETTER_FAULT, A_FAULT)),
    "held mail": Held(None, None, NOW, None, (A_MAIL_DOUBT,)),
    "result of a dossier still examined": a_result(letter_number="", rows=(), notes=()),
    "parked row": Parked(NUMBER, "issue", 2, "hsm.unavailable", NOW, DUE),
    "late row": Parked(NUMBER, "issue", 2, "hsm.unavailable", NOW, DUE, trying=True),
    "parked mail": Parked(
        None, "identify", None, "worker.died", NOW, None, mail=DIGEST[:16], received=NOW
    ),
    "withdrawn": a_withdrawal(),
    "withdrawn of what was done": a_withdrawal(letter_number="", dossiers=(TOO_LATE,), notes=()),
    "clock of accepted rows": a_clock(),
    "clock of a letter that is not read": a_clock(
        procedure=None, state=DossierStatus.RECEIVED, turn=Turn.BOT, rows=0, closed=0, percent=50
    ),
    "overdue clock": a_clock(state=DossierStatus.HELD, turn=Turn.OFFICER, closed=0, percent=100),
    "progress": Progress(NUMBER, "accepted", DUE),
    "progress of a returned dossier": Progress(NUMBER, "returned", None),
    "help": Help(),
    "parked task": Parked(None, "publish", None, "crash.OSError", NOW, None),
    "unfetched mailbox": Unfetched("hoso@ca.example.gov.vn", "imap.login", NOW),
    "unfetched mail": Unfetched("hoso@ca.example.gov.vn", "mail.too_big", NOW, "31,5"),
}

LETTERS = tuple(
    Letter(f"Thông báo {at}", Markup("Một dòng\nhai dòng"), Markup("<p>Nội dung</p>"))
    for at in (1, 2)
)

AT_SENDING: dict[str, dict[str, Any]] = {
    "credential": {"attempt": 1, "expires": NOW + timedelta(days=14), "encrypted": True},
    "gathered": {"letters": LETTERS},
    "passcode": {"passcode": "7K3M9QX2WD4R"},
}


def at_sending(content: Content) -> dict[str, Any]:
    return AT_SENDING.get(content.kind, {})
