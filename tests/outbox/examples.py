"""A valid notice of every kind."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.dossier.rules import Consequence, Fault
from bot.outbox.notices import (
    Content,
    Credential,
    Held,
    Help,
    Parked,
    Passcode,
    Progress,
    Receipt,
    Result,
    Returned,
    RowResult,
    Unsigned,
)

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


EXAMPLES: dict[str, Content] = {
    "receipt": a_receipt(),
    "returned letter": a_return(),
    "returned rows": a_return(due=DUE, faults=(A_FAULT,)),
    "partial result": a_result(),
    "final result": a_result(due=None, rows=ROWS[:2]),
    "credential": a_credential(),
    "passcode": a_passcode(),
    "unsigned": Unsigned(agency=AGENCY, received=NOW),
    "held dossier": Held(NUMBER, AGENCY, NOW, DUE, (LETTER_FAULT, A_FAULT)),
    "held mail": Held(None, None, NOW, None, (A_MAIL_DOUBT,)),
    "result of a dossier still examined": a_result(letter_number="", rows=(), notes=()),
    "parked row": Parked(NUMBER, "issue", 2, "hsm.unavailable", NOW, DUE),
    "late row": Parked(NUMBER, "issue", 2, "hsm.unavailable", NOW, DUE, trying=True),
    "parked mail": Parked(
        None, "identify", None, "worker.died", NOW, None, mail=DIGEST[:16], received=NOW
    ),
    "progress": Progress(NUMBER, "accepted", DUE),
    "progress of a returned dossier": Progress(NUMBER, "returned", None),
    "help": Help(),
    "parked task": Parked(None, "publish", None, "crash.OSError", NOW, None),
}

AT_SENDING: dict[str, dict[str, Any]] = {
    "credential": {"attempt": 1, "expires": NOW + timedelta(days=14), "encrypted": True},
    "passcode": {"passcode": "7K3M9QX2WD4R"},
}


def at_sending(content: Content) -> dict[str, Any]:
    return AT_SENDING.get(content.kind, {})
