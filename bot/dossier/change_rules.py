"""Rules for one row of form 04: is it clear what is to become of which certificate, and may it?"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from dateutil.relativedelta import relativedelta

from bot.clock import HANOI
from bot.dossier.amendment_rules import AMENDMENT_RULES
from bot.dossier.case import Holding, RowCase
from bot.dossier.certificate_rules import certificate_rules
from bot.dossier.field_rules import field_rules, in_column, of_row
from bot.dossier.fields import Reading
from bot.dossier.form import Procedure
from bot.dossier.form04 import FORM_04
from bot.dossier.known import UNDER_WAY, VETTED, Claim
from bot.dossier.rows import ChangeRow
from bot.dossier.rules import HOLD, NOTE, OVERTAKEN, RETURN, WAIT, Fault, Rule
from bot.dossier.terms import Words

OneCase = RowCase[ChangeRow]
_in = partial(in_column, FORM_04)

AMENDMENT = ("what", "new")  # what an amendment needs, and a renewal does not


def _needed(subject: OneCase, name: str) -> Reading[object] | None:
    reading = of_row(subject, name)
    if name not in AMENDMENT or subject.row.amend or (reading and reading.typed):
        return reading
    return None


def _says_amendment(subject: OneCase) -> bool:
    return any(getattr(subject.row, name).typed for name in AMENDMENT)


def _asks_for_nothing(subject: OneCase) -> bool:
    row = subject.row
    return not (row.renew or row.amend or _says_amendment(subject))


def _current(subject: OneCase) -> Holding | None:
    """The certificate that the row names, if it is its holder's current one."""
    held = subject.own_holding
    return held if held and held.in_force and held.is_current else None


def _is_superseded(subject: OneCase) -> bool:
    held = subject.own_holding
    return held is not None and held.in_force and not held.is_current


def _is_late(subject: OneCase) -> bool:
    held = _current(subject)
    if held is None or not subject.row.renew:
        return False
    left = held.not_after.astimezone(HANOI).date() - subject.case.today
    return left.days < subject.case.rules.renewal_days


def _gains_nothing(subject: OneCase) -> bool:
    held, case = _current(subject), subject.case
    if held is None or not subject.row.renew:
        return False
    end: datetime = case.received_at + relativedelta(years=case.rules.renewal_years)
    return end < held.not_after


def _is_too_often(subject: OneCase) -> bool:
    held = _current(subject)
    if held is None or not subject.row.renew:
        return False
    return held.renewals >= subject.case.rules.renewals


def _days(subject: OneCase) -> str:
    return str(subject.case.rules.renewal_days)


def _times(subject: OneCase) -> str:
    return str(subject.case.rules.renewals)


def _claims(subject: OneCase) -> Iterator[Claim]:
    """The open rows of other letters for the same person: only the agency's own people's."""
    return iter(subject.known.claims if subject.own_holding else ())


def _is_being_revoked(subject: OneCase) -> bool:
    """An open revocation goes first, even one that waits for an officer."""
    return any(claim.procedure is Procedure.REVOKE for claim in _claims(subject))


def _is_asked_already(subject: OneCase) -> bool:
    return any(
        claim.agency_id == subject.case.agency.id
        and claim.procedure is not Procedure.REVOKE
        and claim.status in UNDER_WAY
        for claim in _claims(subject)
    )


def _is_asked_elsewhere(subject: OneCase) -> bool:
    """What another agency asks counts once an officer has let it pass."""
    return any(
        claim.agency_id != subject.case.agency.id
        and claim.procedure is not Procedure.REVOKE
        and claim.status in VETTED
        for claim in _claims(subject)
    )


CHANGE_RULES: tuple[Rule[OneCase], ...] = (
    *field_rules("row", FORM_04.columns, _needed),
    Rule(
        "row.wish.none",
        "Form",
        RETURN,
        "Chưa đánh dấu «Gia hạn» hoặc «Thay đổi thông tin».",
        "Đề nghị đánh dấu một trong hai ô, hoặc cả hai.",
        _in("renew", _asks_for_nothing),
    ),
    Rule(
        "row.amend.unticked",
        "Form",
        RETURN,
        "Có ghi thông tin cần thay đổi nhưng chưa đánh dấu «Thay đổi thông tin».",
        "Đề nghị đánh dấu ô này, hoặc để trống hai cột về thông tin thay đổi.",
        _in("amend", lambda subject: not subject.row.amend and _says_amendment(subject)),
    ),
    *certificate_rules(FORM_04),
    Rule(
        "row.certificate.superseded",
        "House rule: one person, one current certificate",
        RETURN,
        "Số hiệu này là của {certificate} trước đây: người này đã có {certificate} thay thế.",
        "Đề nghị ghi số hiệu của {certificate} hiện hành, trong thông báo kết quả gần nhất.",
        _in("serial", _is_superseded),
    ),
    Rule(
        "row.renew.late",
        "Regulation on renewal; setting rules.renewal_days",
        RETURN,
        "Việc gia hạn phải được đề nghị ít nhất {detail} ngày trước khi {certificate} hết hạn.",
        "Đề nghị cấp mới theo Mẫu số 01 khi {certificate} này hết hạn, hoặc sau khi thu hồi theo "
        "Mẫu số 05.",
        _in("renew", _is_late, _days),
    ),
    Rule(
        "row.renew.early",
        "Regulation on renewal; setting rules.renewal_years",
        RETURN,
        "Gia hạn lúc này không kéo dài thời hạn: {certificate} gia hạn có thời hạn {detail} năm kể "
        "từ khi gia hạn, ngắn hơn thời hạn còn lại.",
        "Đề nghị gửi lại khi {certificate} gần hết hạn; cơ quan và cá nhân được nhắc trước.",
        _in("renew", _gains_nothing, lambda subject: str(subject.case.rules.renewal_years)),
    ),
    Rule(
        "row.renew.too_often",
        "Regulation on renewal; setting rules.renewals",
        RETURN,
        "Số hiệu này là của {certificate} đã được gia hạn đủ số lần cho phép ({detail}).",
        "Đề nghị cấp mới theo Mẫu số 01 khi {certificate} này hết hạn, hoặc sau khi thu hồi theo "
        "Mẫu số 05.",
        _in("renew", _is_too_often, _times),
    ),
    Rule(
        "row.person.being_revoked",
        "House rule: a revocation goes first",
        HOLD,
        "Theo một đề nghị khác, {certificate} của người này đang được thu hồi.",
        "Cán bộ tiếp nhận sẽ giải quyết sau khi có kết quả thu hồi; cơ quan, tổ chức chưa phải "
        "làm gì.",
        _in("serial", _is_being_revoked),
    ),
    Rule(
        "row.person.under_way",
        "House rule: one person, one current certificate",
        RETURN,
        "Một đề nghị khác của cơ quan, tổ chức cho người này đang được giải quyết.",
        "Đề nghị chờ kết quả của đề nghị đã gửi.",
        _in("serial", _is_asked_already),
    ),
    Rule(
        "row.person.claimed",
        "House rule: one person, one current certificate",
        HOLD,
        "Một cơ quan, tổ chức khác cũng có đề nghị cho người này đang được giải quyết.",
        WAIT,
        _in("serial", _is_asked_elsewhere),
    ),
    *AMENDMENT_RULES,
)


def outrun(words: Words, position: int) -> Fault:
    """What is told of a vetted row whose certificate was replaced, or ended, before its turn."""
    return Fault(
        OVERTAKEN,
        NOTE,
        position,
        FORM_04.columns["serial"].label,
        "",
        f"Trước khi dòng này được thực hiện, {words.certificate} đã hết hiệu lực hoặc đã được "
        "thay thế, nên dòng này không được giải quyết nữa.",
        "Nếu người này vẫn có nhu cầu, đề nghị gửi đề nghị mới với số hiệu hiện hành, hoặc Mẫu số "
        "01 nếu không còn hiệu lực.",
    )
