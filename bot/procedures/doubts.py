"""What nobody registered has signed, and yet cannot be ignored: an officer must look.

A trusted stranger (a new headmaster, a renewed certificate), revocation data
that stays away, or bytes that could not be opened. Could not check is never
good and never bad.
"""

from datetime import datetime, timedelta

from bot.clock import HANOI
from bot.dossier.rules import Consequence, Fault
from bot.errors import Unavailable
from bot.inbox.mime import Part
from bot.outbox.notices import Held
from bot.procedures.services import Vetting
from bot.procedures.telling import tell_officers
from bot.register.models import Mail
from bot.sandbox import Unchecked
from bot.signatures.verdict import Inspection

UNCHECKED_TRIES = 3  # a child may die of the machine's troubles; of its own it dies each time
STRANGER = "signer.unregistered"
UNREADABLE = "mail.unreadable"


class RevocationUnknown(Unavailable):
    """Whether a certificate was revoked could not be learnt: ask again later."""

    code = "revocation.unknown"


TEXTS = {
    STRANGER: (
        "Chữ ký số hợp lệ nhưng chứng thư của người ký chưa có trong sổ đăng ký của cơ quan nào.",
        "Xác minh người ký; nếu đúng, đăng ký (bot agency signer) và đề nghị gửi lại hồ sơ.",
    ),
    RevocationUnknown.code: (
        "Chưa tra cứu được trạng thái chứng thư của người ký chưa đăng ký.",
        "Kiểm tra địa chỉ CRL, OCSP của tổ chức cấp chứng thư, rồi xem xét thư.",
    ),
    UNREADABLE: (
        "Hệ thống không đọc được thư.",
        "Xem thư trong kho lưu trữ; liên hệ cơ quan gửi nếu biết.",
    ),
    Unchecked.code: (
        "Hệ thống không mở được tệp PDF trong giới hạn an toàn về thời gian và bộ nhớ.",
        "Liên hệ cơ quan gửi; đề nghị gửi lại bằng biểu mẫu của hệ thống.",
    ),
}
"""For the officers: what is doubtful, and what to do."""


async def doubt_of(
    raw: bytes,
    part: Part,
    inspection: Inspection,
    mail: Mail,
    services: Vetting,
    waits_since: datetime | None,
    now: datetime,
) -> set[str]:
    """Why an officer must look at a file that nobody registered has signed: codes of `TEXTS`.

    Args:
        waits_since: revocation data that is away is waited for from then on; None: not at all.

    Raises:
        RevocationUnknown: it still is waited for.
    """
    if unchecked(inspection):
        return {Unchecked.code}
    if not any(found.intact for found in inspection.signatures):
        return set()
    judgement = await services.examiner.judge(raw, part, mail.received_at, now)
    if judgement.file.passed:
        return {STRANGER}
    if not judgement.retry:
        return set()
    patience = timedelta(hours=services.settings.trust.patience_hours)
    if waits_since and now < waits_since + patience:
        raise RevocationUnknown
    return {RevocationUnknown.code}


def unchecked(inspection: Inspection) -> str | None:
    """The code of what killed the child that opened the file; None if nothing did."""
    return next((fault for fault in inspection.faults if fault.startswith("sandbox.")), None)


async def tell_of_doubts(mail: Mail, doubts: set[str], *, is_known: bool, now: datetime) -> None:
    """To the officers, inside the caller's transaction.

    Bytes that strangers send to be unreadable are told once an hour; each mail
    stands in the register all the same.
    """
    faults = tuple(
        Fault(doubt, Consequence.HOLD, None, None, mail.digest[:16], *TEXTS[doubt])
        for doubt in sorted(doubts)
    )
    key = f"held:mail:{mail.id}"
    if not is_known and doubts <= {UNREADABLE, Unchecked.code}:
        key = f"held:unreadable:{now.astimezone(HANOI):%Y-%m-%dT%H}"
    await tell_officers(Held(None, None, mail.received_at, None, faults), key=key, now=now)
