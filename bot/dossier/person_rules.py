"""Rules for what the register knows of a row's person: one person, one current certificate.

What a rule tells the agency names no other agency, whoever it is: which one it
is stands in the case that officers read (`bot.dossier.known`).
"""

from collections.abc import Iterator
from functools import partial

from bot.dossier.case import RowCase
from bot.dossier.field_rules import in_column
from bot.dossier.fields import plain
from bot.dossier.form import Procedure
from bot.dossier.form01 import FORM_01
from bot.dossier.known import UNDER_WAY, Claim
from bot.dossier.rows import IssueRow
from bot.dossier.rules import HOLD, RETURN, WAIT, Rule

OneCase = RowCase[IssueRow]
_in = partial(in_column, FORM_01)

ONE_CERTIFICATE = "House rule: one person, one current certificate"

# Nobody lets these pass: while what they speak of stands, the register takes no second certificate.
UNYIELDING = frozenset({"row.person.being_revoked", "row.person.elsewhere", "row.person.claimed"})


def _has_certificate(subject: OneCase) -> bool:
    return subject.known.has_certificate and _is_own(subject, subject.known.agency_id)


def _is_being_revoked(subject: OneCase) -> bool:
    return _has_certificate(subject) and any(_claims(subject, Procedure.REVOKE))


def _has_certificate_elsewhere(subject: OneCase) -> bool:
    return subject.known.has_certificate and not _is_own(subject, subject.known.agency_id)


def _is_asked_already(subject: OneCase) -> bool:
    """A letter that is held keeps nobody of the same agency from sending the right one."""
    return any(
        _is_own(subject, claim.agency_id) and claim.status in UNDER_WAY
        for claim in _claims(subject, Procedure.ISSUE)
    )


def _is_asked_elsewhere(subject: OneCase) -> bool:
    """Of two agencies' rows the vetted one goes on; while both wait, the earlier."""
    return any(
        not _is_own(subject, claim.agency_id) and claim.goes_first
        for claim in _claims(subject, Procedure.ISSUE)
    )


def _claims(subject: OneCase, procedure: Procedure) -> Iterator[Claim]:
    return (claim for claim in subject.known.claims if claim.procedure is procedure)


def _is_own(subject: OneCase, agency_id: int | None) -> bool:
    return agency_id == subject.case.agency.id


def _other_name(subject: OneCase) -> bool:
    known, name = subject.known.full_name, subject.row.full_name.value
    return bool(known and name and plain(known) != plain(name))


PERSON_RULES: tuple[Rule[OneCase], ...] = (
    Rule(
        "row.person.has_certificate",
        ONE_CERTIFICATE,
        RETURN,
        "Người này đang có {certificate} còn hiệu lực theo giải pháp ký số tập trung.",
        "Nếu cần gia hạn hoặc thay đổi thông tin, đề nghị gửi Mẫu số 04; nếu cần cấp lại, đề nghị "
        "gửi Mẫu số 05 để thu hồi trước, rồi gửi lại đề nghị này.",
        _in(
            "personal_number",
            lambda subject: _has_certificate(subject) and not _is_being_revoked(subject),
        ),
    ),
    Rule(
        "row.person.being_revoked",
        ONE_CERTIFICATE,
        HOLD,
        "Người này đang có {certificate} còn hiệu lực, đang được thu hồi theo một đề nghị khác.",
        "Cán bộ tiếp nhận sẽ giải quyết sau khi việc thu hồi hoàn thành; cơ quan, tổ chức chưa "
        "phải làm gì.",
        _in("personal_number", _is_being_revoked),
    ),
    Rule(
        "row.person.elsewhere",
        "House rule: a subscriber who has moved is amended by the new agency",
        HOLD,
        "Theo sổ đăng ký, người này đang có {certificate} còn hiệu lực tại một cơ quan, tổ chức "
        "khác.",
        "Cán bộ tiếp nhận sẽ kiểm tra; nếu người này đã chuyển công tác, đề nghị gửi Mẫu số 04 để "
        "thay đổi thông tin {certificate} đang có.",
        _in("personal_number", _has_certificate_elsewhere),
    ),
    Rule(
        "row.person.under_way",
        ONE_CERTIFICATE,
        RETURN,
        "Một đề nghị khác của cơ quan, tổ chức cho người này đang được giải quyết.",
        "Đề nghị chờ kết quả của đề nghị đã gửi.",
        _in("personal_number", _is_asked_already),
    ),
    Rule(
        "row.person.claimed",
        ONE_CERTIFICATE,
        HOLD,
        "Một cơ quan, tổ chức khác cũng đề nghị cấp {certificate} cho người này và đã gửi trước.",
        WAIT,
        _in("personal_number", _is_asked_elsewhere),
    ),
    Rule(
        "row.person.name_differs",
        "Register of subscribers",
        HOLD,
        "Số định danh cá nhân này đã đăng ký với họ và tên khác.",
        WAIT,
        _in("full_name", _other_name),
    ),
    Rule(
        "row.mailbox.owned",
        "Register of subscribers",
        RETURN,
        "Địa chỉ thư điện tử đã được đăng ký cho một thuê bao khác.",
        "Đề nghị ghi hộp thư điện tử công vụ của riêng người này.",
        _in("mailbox", lambda subject: subject.known.mailbox_of_another),
    ),
    Rule(
        "row.mobile.owned",
        "Service guidance 2023: a number in one's own name",
        HOLD,
        "Số điện thoại di động này là của một thuê bao khác đang có {certificate} còn hiệu lực.",
        "Cán bộ tiếp nhận sẽ kiểm tra; nếu ghi nhầm, đề nghị ghi số điện thoại đăng ký chính chủ "
        "của người này trong một văn bản mới.",
        _in("mobile", lambda subject: subject.known.mobile_of_another),
    ),
)
