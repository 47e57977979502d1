"""What nobody registered has signed, and yet cannot be ignored: an officer must look.

A trusted stranger (a new headmaster, a renewed certificate), revocation data
that stays away, or bytes that could not be opened. Could not check is never
good and never bad.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.clock import HANOI
from bot.dossier.rules import Consequence, Fault
from bot.errors import Unavailable
from bot.inbox.mime import Survey
from bot.outbox.officer_notices import Held
from bot.procedures.letters import Letter, unchecked
from bot.procedures.services import Vetting
from bot.procedures.telling import tell_officers
from bot.register import tasks
from bot.register.lifecycle import MailStatus
from bot.register.models import Mail, Officer, Stranger
from bot.sandbox import Unchecked
from bot.signatures.verdict import Found

STRANGER = "signer.unregistered"
UNREADABLE = "mail.unreadable"


class RevocationUnknown(Unavailable):
    """Whether a certificate was revoked could not be learnt: ask again later."""

    code = "revocation.unknown"


TEXTS = {
    STRANGER: (
        "Chữ ký số hợp lệ nhưng chứng thư của người ký chưa có trong sổ đăng ký của cơ quan nào.",
        "Xác minh người ký; nếu đúng, đăng ký (bot agency signer): hệ thống tự xem lại thư này.",
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


@dataclass
class Doubts:
    """Codes of `TEXTS`, and the fingerprints of those who are not known and have signed."""

    codes: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)

    def add(self, code: str, signed: Iterable[Found] = ()) -> None:
        self.codes.add(code)
        self.strangers |= {one.fingerprint for one in signed if one.intact}


async def doubts_of(
    raw: bytes,
    survey: Survey,
    mail: Mail,
    letters: Sequence[Letter],
    services: Vetting,
    waits_since: datetime | None,
    now: datetime,
) -> Doubts:
    """Why an officer must look at what nobody registered has signed.

    The mail's own signatures tell only where no letter is known: they transport.

    Args:
        waits_since: revocation data that is away is waited for from then on; None: not at all.

    Raises:
        RevocationUnknown: it still is waited for.
    """
    doubts = Doubts()
    patience = timedelta(hours=services.settings.trust.patience_hours)
    waits = waits_since is not None and now < waits_since + patience
    if not survey.readable:
        doubts.add(UNREADABLE)
    examiner, moment = services.examiner, mail.received_at
    for letter in letters:
        if letter.part and letter.inspection and not letter.agency:
            if unchecked(letter.inspection):
                doubts.add(Unchecked.code)
            elif any(found.intact for found in letter.inspection.signatures):
                judged = await examiner.judge(raw, letter.part, moment, now)
                file = judged.file
                _weigh(doubts, file.signatures, bool(file.passed), judged.retry, waits)
    if not any(letter.agency for letter in letters):
        own = await examiner.judge_mail(raw, survey, moment, now)
        officers = await _officers(own.mail.signatures)  # what they sign is no letter
        strangers = [one for one in own.mail.signatures if one.fingerprint not in officers]
        passed = any(one.passed for one in strangers)
        _weigh(doubts, strangers, passed, own.retry and not officers, waits)
    return doubts


def _weigh(doubts: Doubts, signed: Sequence[Found], passed: bool, retry: bool, waits: bool) -> None:
    if passed:
        doubts.add(STRANGER, signed)
    elif retry and waits:
        raise RevocationUnknown
    elif retry:
        doubts.add(RevocationUnknown.code, signed)


async def _officers(signatures: Sequence[Found]) -> set[str]:
    """The fingerprints of our own officers among them."""
    found = Officer.filter(fingerprint__in=[one.fingerprint for one in signatures])
    return {str(officer.fingerprint) async for officer in found}


async def remember(mail: Mail, doubts: Doubts) -> None:
    """Who has signed a mail that is held, inside the transaction that holds it."""
    rows = [Stranger(mail=mail, fingerprint=one) for one in sorted(doubts.strangers)]
    if rows:
        await Stranger.bulk_create(rows, ignore_conflicts=True)


async def look_again(fingerprint: str, now: datetime) -> None:
    """Who has that certificate is registered now: held mails that they signed are identified anew.

    Inside the transaction that registers them.
    """
    signed = Stranger.filter(fingerprint=fingerprint, mail__status=MailStatus.HELD)
    mails = [one.mail_id async for one in signed.order_by("mail_id")]
    await tasks.call_all(tasks.Kind.IDENTIFY, mails, due=now)


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
