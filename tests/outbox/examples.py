"""A valid notice of every kind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup

from bot.dossier.amendments import Thing
from bot.dossier.attachment_rules import in_the_way
from bot.dossier.decision import Outcome
from bot.dossier.form import Procedure
from bot.dossier.grounds import Reason
from bot.dossier.rules import Consequence, Fault
from bot.outbox.agency_notices import (
    Checked,
    Forms,
    Gathered,
    Moved,
    Receipt,
    Result,
    Returned,
    Status,
    Unsigned,
    Withdrawn,
)
from bot.outbox.content import Content
from bot.outbox.officer_notices import Clock, Held, Ordered, Parked, Unfetched
from bot.outbox.order_words import HISTORY
from bot.outbox.phone_notices import Help, Progress
from bot.outbox.power_notices import Proposed, Settled
from bot.outbox.reminder_notices import Reminder, Reminders
from bot.outbox.render import Letter
from bot.outbox.subscriber_notices import Changed, Credential, Passcode, Revoked
from bot.outbox.values import (
    CheckedLetter,
    CheckedSignature,
    Contact,
    Enclosed,
    Ending,
    Fact,
    HeldCertificate,
    HeldRow,
    HeldSignature,
    NewValue,
    OtherRequest,
    RegisteredSigner,
    RevokedCertificate,
    RowResult,
    Step,
    TakenBack,
)
from bot.register.lifecycle import (
    Act,
    Capacity,
    CertificateStatus,
    DossierStatus,
    ProposalStatus,
    Turn,
    Verb,
)
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

OTHER_SERIAL = "5b20c1d27d5e4b8896aa01d2e3f40517"

ROWS = (
    RowResult(1, "Nguyễn Thị Hồng Ánh", "issued", SERIAL, NOW, LATER),
    RowResult(2, "Trần Đức Thắng", "returned", faults=(A_FAULT,)),
    RowResult(3, "Lê Thị Mỹ Duyên", "held"),
    RowResult(5, "Vũ Hoàng Yến", "open"),
    RowResult(6, "Phạm Quốc Đạt", "withdrawn"),
)
OF_FORM_04 = (
    RowResult(1, "Nguyễn Thị Hồng Ánh", "renewed", SERIAL, NOW, LATER),
    RowResult(2, "Trần Đức Thắng", "amended", OTHER_SERIAL, NOW, LATER),
    RowResult(3, "Lê Thị Mỹ Duyên", "renewed_amended", SERIAL, NOW, LATER),
    RowResult(4, "Vũ Hoàng Yến", "recorded"),
    RowResult(5, "Phạm Quốc Đạt", "overtaken"),
)
OF_FORM_05 = (
    RowResult(1, "Đỗ Thị Hoa", "revoked", SERIAL, revoked_at=NOW, also=(OTHER_SERIAL,)),
    RowResult(2, "Lý Văn Nam", "expired", OTHER_SERIAL, not_after=NOW),
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


def a_change(**changes: Any) -> Changed:
    values: dict[str, Any] = {
        "number": NUMBER,
        "full_name": "Nguyễn Thị Hồng Ánh",
        "agency": AGENCY,
        "login": "ntha@hanoiedu.vn",
        "serial": SERIAL,
        "not_before": NOW,
        "not_after": LATER,
        "replaced": OTHER_SERIAL,
        "is_renewed": True,
        "is_amended": True,
        "has_new_key": False,
        "changes": (
            NewValue(Thing.MAILBOX, "ntha@hanoiedu.vn"),
            NewValue(Thing.FULL_NAME, "Nguyễn Thị Hồng Ánh"),
        ),
    }
    return Changed(**values | changes)


def a_revocation(**changes: Any) -> Revoked:
    values: dict[str, Any] = {
        "number": NUMBER,
        "full_name": "Nguyễn Thị Hồng Ánh",
        "holder": "",
        "asked_by": AGENCY,
        "ground": "Mất điện thoại",
        "revoked": (
            RevokedCertificate(OTHER_SERIAL, NOW - timedelta(days=9), Reason.SUPERSEDED),
            RevokedCertificate(SERIAL, NOW, Reason.KEY_COMPROMISE),
        ),
    }
    return Revoked(**values | changes)


FACTS = (
    Fact("Mã cơ quan", "thpt-chu-van-an"),
    Fact("Chứng thư của con dấu", f"Trường THPT Chu Văn An; SHA-256 {DIGEST}"),
)


def a_proposal(**changes: Any) -> Proposed:
    values: dict[str, Any] = {
        "number": "DX-2026-000001",
        "act": Act.AGENCY,
        "proposer": "Nguyễn Văn Bình",
        "reason": "Công văn số 12/THPTCVA-VP đề nghị đăng ký",
        "facts": FACTS,
        "code": "K7Q2-9XWM",
        "made": NOW,
        "expires": NOW + timedelta(days=7),
        "files": (Enclosed("cong-van-12.pdf", "application/pdf", DIGEST, 1_000),),
    }
    return Proposed(**values | changes)


def a_settlement(**changes: Any) -> Settled:
    values: dict[str, Any] = {
        "number": "DX-2026-000001",
        "act": Act.AGENCY,
        "outcome": ProposalStatus.DONE,
        "proposer": "Nguyễn Văn Bình",
        "answered_by": "Trần Thị Hạnh",
        "reason": "Công văn số 12/THPTCVA-VP đề nghị đăng ký",
        "answer": "",
        "because": "",
        "facts": FACTS,
    }
    return Settled(**values | changes)


def a_hold(**changes: Any) -> Held:
    others = HeldCertificate(
        SERIAL, "TRẦN ĐỨC THẮNG", "thang@moet.edu.vn", "Bộ nữa", LATER, CertificateStatus.VALID
    )
    values: dict[str, Any] = {
        "number": NUMBER,
        "agency": AGENCY,
        "received": NOW,
        "due": DUE,
        "faults": (A_DOUBT, A_FAULT, A_NOTE),
        "sources": {A_DOUBT.code: "Decree 68/2024"},
        "code": "K7Q2-9XWM",
        "expires": LATER,
        "kept": "Chờ Sở trả lời.",
        "procedure": Procedure.CHANGE,
        "letter_number": "05/THPTCVA-VP",
        "signatures": (
            HeldSignature("Ai đó", None, Indication.TOTAL_PASSED, signed_at=NOW),
            HeldSignature(
                "Bà Năm", Capacity.LEADER, Indication.INDETERMINATE, SubIndication.TRY_LATER, "Sở"
            ),
        ),
        "signers": (RegisteredSigner("Nguyễn Văn Minh", Capacity.LEADER, NOW, LATER),),
        "rows": (
            HeldRow(2, "Trần Đức Thắng", "Gia hạn", others),
            HeldRow(
                3,
                "Lê Thị Mỹ Duyên",
                "cấp mới",
                others=(OtherRequest("HS-2026-000007", "Bộ nữa", Procedure.ISSUE, is_vetted=True),),
            ),
        ),
        "more": 7,
    }
    return Held(**values | changes)


def a_status(**changes: Any) -> Status:
    values: dict[str, Any] = {
        "number": NUMBER,
        "state": DossierStatus.ACCEPTED,
        "agency": AGENCY,
        "procedure": Procedure.ISSUE,
        "letter_number": "05/THPTCVA-VP",
        "received": NOW,
        "due": DUE,
        "rows": ROWS,
        "history": tuple(Step(NOW, what) for what in HISTORY),
    }
    return Status(**values | changes)


ORDERED = (NOW, DIGEST[:16])
ENDING = Ending(NUMBER, "Nguyễn Thị Hồng Ánh", SERIAL, "ntha@hanoiedu.vn", LATER)
CONTACT = Contact("Đặng Thị Hồng Ngọc", "+84912345670", "vanthu.cva@hanoiedu.vn")
OF_AN_END: dict[str, Any] = {
    "agency": AGENCY, "receiver": CONTACT, "ending": (ENDING,), "days": 60,
    "renew_by": LATER - timedelta(days=30),
}  # fmt: skip


def a_reminder(**changes: Any) -> Reminder:
    return Reminder(**OF_AN_END | changes)


def reminders(count: int, **changes: Any) -> Reminders:
    """For an agency, of so many certificates."""
    ending = tuple(
        replace(ENDING, full_name=f"Nguyễn Thị Ánh {at}", serial=f"{SERIAL[:-4]}{at:04x}")
        for at in range(1, count + 1)
    )
    return Reminders(**OF_AN_END | {"ending": ending} | changes)


EXAMPLES: dict[str, Content] = {
    "receipt": a_receipt(),
    "returned letter": a_return(),
    "returned rows": a_return(due=DUE, faults=(A_FAULT,)),
    "partial result": a_result(),
    "final result": a_result(due=None, rows=ROWS[:2]),
    "result of a revocation": a_result(due=None, rows=OF_FORM_05),
    "result of an order": a_result(due=None, rows=OF_FORM_05, letter_number="", by_order=True),
    "credential": a_credential(),
    "passcode": a_passcode(),
    "renewed and amended": a_change(),
    "renewed": a_change(is_amended=False, changes=(), has_new_key=True),
    "amended": a_change(is_renewed=False),
    "register only": a_change(
        is_renewed=False,
        is_amended=False,
        replaced="",
        changes=(NewValue(Thing.MOBILE, "+84912345678"),),
    ),
    "moved": Moved(AGENCY, "Nguyễn Thị Hồng Ánh", SERIAL, "Trường THPT Kim Liên", NOW),
    "result of a change": a_result(due=None, rows=OF_FORM_04),
    "revoked": a_revocation(),
    "revoked, to the holder's agency": a_revocation(holder="Trường THPT Kim Liên", ground=""),
    "revoked by order": a_revocation(asked_by="", ground="Sự cố khóa của nhà cung cấp"),
    "unsigned": Unsigned(agency=AGENCY, received=NOW),
    "unsigned with an obstacle": Unsigned(AGENCY, NOW, in_the_way({"zip", "pdf"})),
    "returned with a sheet": a_return(files=(A_SHEET,)),
    "final result with a sheet": a_result(due=None, rows=ROWS[:2], files=(A_SHEET,)),
    "checked": a_check(),
    "checked and good": a_check(letters=(a_checked_letter(faults=()),), files=()),
    "checked revocation": a_check(letters=(a_checked_letter(revokes=True),)),
    "forms": Forms(AGENCY),
    "gathered": Gathered(),
    "held dossier": Held(NUMBER, AGENCY, NOW, DUE, (LETTER_FAULT, A_FAULT)),
    "held dossier laid out": a_hold(),
    "held rows": a_hold(is_letter=False, kept="", more=0),
    "held, for who watches": a_hold(code="", expires=None, kept=""),
    "order obeyed": Ordered(*ORDERED, Verb.ACCEPT, NUMBER, (), "", ""),
    "order to return": Ordered(*ORDERED, Verb.RETURN, NUMBER, (1, 3), "Sai đơn vị.", ""),
    "order to hold": Ordered(*ORDERED, Verb.HOLD, NUMBER, (), "Chờ Sở.", ""),
    "order refused": Ordered(*ORDERED, Verb.ACCEPT, NUMBER, (), "", "order.code_used"),
    "proposal refused": Ordered(*ORDERED, Verb.PROPOSE, "agency", (), "", "enrolment.odd"),
    "order to propose": Ordered(
        *ORDERED, Verb.PROPOSE, "agency", (), "", "", proposal="DX-2026-000001", waits=True
    ),
    "order that needs no other": Ordered(
        *ORDERED, Verb.PROPOSE, "pause", (), "", "", proposal="DX-2026-000002"
    ),
    "no order": Ordered(*ORDERED, None, "", (), "", "order.none"),
    "status": a_status(),
    "status of what is returned": a_status(state=DossierStatus.RETURNED, due=None, rows=()),
    "status of nothing": Status(NUMBER, None, AGENCY),
    "status of no number": Status("", None),
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
    "proposal": a_proposal(),
    "proposal without evidence": a_proposal(act=Act.RESUME, reason="", facts=(), files=()),
    "proposal that was carried out": a_settlement(),
    "proposal that another refused": a_settlement(
        outcome=ProposalStatus.REFUSED, answer="Chưa xác minh được con dấu"
    ),
    "proposal that cannot be done any more": a_settlement(
        outcome=ProposalStatus.REFUSED, because="agency.exists"
    ),
    "proposal that nobody answered": a_settlement(
        outcome=ProposalStatus.LAPSED, answered_by="", reason=""
    ),
    "reminder": a_reminder(),
    "reminder that it is too late": a_reminder(days=20, renew_by=None),
    "reminders": reminders(3),
    "reminders of more than a form holds": reminders(12, receiver=Contact()),
    "reminders that it is too late": reminders(2, days=20, renew_by=None),
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
