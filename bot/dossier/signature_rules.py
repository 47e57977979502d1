"""Rules for the signatures: are they valid, who signed, and may they?

Only signatures of the agency's registered leaders and seals can return or hold
a letter by their verdict; a stranger's signature cannot stand in its way, and
where one of the two is missing an officer looks who it is. One that shows that
the file was altered can return it, whoever made it.
"""

import re
from collections.abc import Callable
from datetime import timedelta

from bot.dossier.case import Case, Signed
from bot.dossier.characters import visible
from bot.dossier.fields import plain
from bot.dossier.form import LETTER
from bot.dossier.rules import HOLD, NOTE, RETURN, WAIT, Consequence, Finding, Rule, when
from bot.register.lifecycle import Capacity
from bot.signatures.verdict import CLOCK_GRACE, Indication, SubIndication

LOCAL_AS_UTC = timedelta(hours=7)  # some signing tools write Vietnam's time as if it were UTC

SIGN_ANEW = "Đề nghị ký số lại trên văn bản gốc và gửi lại."

EXPIRED = (SubIndication.OUT_OF_BOUNDS_NO_POE,)
REVOKED = (SubIndication.REVOKED_NO_POE,)
WEAK = (SubIndication.CRYPTO_CONSTRAINTS_FAILURE,)
UNTRUSTED = (
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
    SubIndication.REVOKED_CA_NO_POE,
)
UNCHECKED = (SubIndication.TRY_LATER,)
EXPLAINED = {*EXPIRED, *REVOKED, *WEAK, *UNTRUSTED, *UNCHECKED}


def _verdict_rule(
    name: str, consequence: Consequence, text: str, remedy: str, *subs: SubIndication
) -> Rule[Case]:
    """Broken by an authorising signature that could be made out, with one of `subs`."""
    return Rule(
        f"signature.{name}",
        "EN 319 102-1, " + ", ".join(subs),
        consequence,
        text,
        remedy,
        when(
            lambda case: any(
                signed.signature.verdict.sub_indication in subs
                for signed in case.authorising
                if not _is_broken(signed)
            )
        ),
    )


def _is_broken(signed: Signed) -> bool:
    signature = signed.signature
    return signature.verdict.indication is Indication.TOTAL_FAILED or not signature.intact


def _is_undetermined(case: Case) -> bool:
    """Whether a signature of authority is not believed and no other rule says why."""
    return any(
        not signed.signature.passed
        and not _is_broken(signed)
        and signed.signature.verdict.sub_indication not in EXPLAINED
        for signed in case.authorising
    )


def _lacks(capacity: Capacity) -> Callable[[Case], list[Finding]]:
    return when(lambda case: not case.unopened and not case.replacing and capacity in case.missing)


def _not_in_force(case: Case) -> bool:
    return any(not signed.signer.in_force for signed in case.authorising if signed.signer)


def _signed_for_another(case: Case) -> bool:
    return any(
        signed.signer.agency_id != case.agency.id
        for signed in case.signatures
        if signed.signer and signed.signature.intact
    )


def _signed_by_stranger(case: Case) -> bool:
    """Whether a stranger has signed beside those who may: what replaces nobody is only told."""
    strangers = (signed for signed in case.signatures if signed.signer is None)
    return not case.replacing and any(not _is_broken(signed) for signed in strangers)


def _signed_by_clerk(case: Case) -> bool:
    return any(
        signed.signer.capacity is Capacity.CLERK and signed.signer.agency_id == case.agency.id
        for signed in case.signatures
        if signed.signer
    )


def _is_delegated(case: Case) -> bool:
    title = case.application.letter.signer_title if case.application else ""
    marks = tuple(filter(None, map(_letters, case.rules.delegated)))
    said = re.findall(r"\w+", plain(visible(title)))
    # «T. L.» is «TL.», and «TM. ỦY BAN NHÂN DÂN, TUQ. CHỦ TỊCH» has it further on
    return _letters(visible(title)).startswith(marks) or not set(marks).isdisjoint(said)


def _letters(words: str) -> str:
    """Nothing but letters, without accents; no title begins with those of a delegation."""
    return re.sub(r"[\W_]", "", plain(words))


def _signed_long_ago(case: Case) -> bool:
    oldest = case.received_at - timedelta(days=case.rules.freshness_days)
    times = (signed.signature.signing_time for signed in case.authorising)
    return any(time < oldest for time in times if time)


def _signed_in_future(case: Case) -> bool:
    latest = case.received_at + LOCAL_AS_UTC + CLOCK_GRACE
    times = (signed.signature.signing_time for signed in case.authorising)
    return any(time > latest for time in times if time)


VERDICT_RULES = (
    _verdict_rule(
        "expired",
        RETURN,
        "Văn bản được ký bằng {certificate} không nằm trong thời hạn hiệu lực.",
        "Đề nghị ký số lại bằng {certificate} còn hiệu lực và gửi lại.",
        *EXPIRED,
    ),
    _verdict_rule(
        "revoked",
        RETURN,
        "Văn bản được ký bằng {certificate} đã bị thu hồi.",
        "Đề nghị ký số lại bằng {certificate} còn hiệu lực và gửi lại.",
        *REVOKED,
    ),
    _verdict_rule(
        "weak",
        RETURN,
        "Chữ ký số dùng thuật toán hoặc độ dài khóa không còn được chấp nhận.",
        "Đề nghị ký số lại với SHA-256 trở lên và gửi lại.",
        *WEAK,
    ),
    _verdict_rule(
        "chain",
        HOLD,
        "Chưa xác định được {certificate} dùng để ký thuộc hệ thống chứng thực được tin cậy.",
        WAIT,
        *UNTRUSTED,
    ),
    _verdict_rule(
        "unchecked",
        HOLD,
        "Chưa kiểm tra được trạng thái thu hồi của {certificate} dùng để ký văn bản.",
        WAIT,
        *UNCHECKED,
    ),
)


SIGNATURE_RULES: tuple[Rule[Case], ...] = (
    Rule(
        "signature.broken",
        "EN 319 102-1, TOTAL-FAILED",
        RETURN,
        "Chữ ký số trên văn bản không hợp lệ: văn bản đã bị thay đổi hoặc chữ ký bị hỏng.",
        SIGN_ANEW,
        when(lambda case: any(map(_is_broken, case.signatures))),
    ),
    *VERDICT_RULES,
    Rule(
        "signature.indeterminate",
        "EN 319 102-1, INDETERMINATE otherwise",
        HOLD,
        "Chưa kết luận được về chữ ký số trên văn bản.",
        WAIT,
        when(_is_undetermined),
    ),
    Rule(
        "signature.leader_missing",
        "Decree 30/2020: signature of the authorised person",
        RETURN,
        "Văn bản chưa có chữ ký số của người có thẩm quyền đã đăng ký của cơ quan, tổ chức.",
        "Đề nghị người có thẩm quyền ký số lên văn bản và gửi lại.",
        _lacks(Capacity.LEADER),
    ),
    Rule(
        "signature.organisation_missing",
        "Decree 30/2020: signature of the agency",
        RETURN,
        "Văn bản chưa có chữ ký số đã đăng ký của cơ quan, tổ chức.",
        "Đề nghị ký số của cơ quan, tổ chức lên văn bản và gửi lại.",
        _lacks(Capacity.ORGANISATION),
    ),
    Rule(
        "signer.not_in_force",
        "Register of signers",
        RETURN,
        "Vào ngày nhận văn bản, người ký hoặc con dấu số không có thẩm quyền ký theo sổ đăng ký.",
        "Đề nghị người đang có thẩm quyền ký số, hoặc đăng ký cập nhật người ký rồi gửi lại.",
        when(_not_in_force),
    ),
    Rule(
        "signer.other_agency",
        "Register of signers",
        HOLD,
        "Văn bản có chữ ký số của một cơ quan, tổ chức khác.",
        WAIT,
        when(_signed_for_another),
    ),
    Rule(
        "signer.unregistered",
        "Register of signers",
        HOLD,
        "Văn bản chưa có đủ hai chữ ký số đã đăng ký của cơ quan, tổ chức, nhưng có chữ ký số của "
        "người hoặc con dấu chưa đăng ký.",
        "Cán bộ tiếp nhận sẽ xác minh người ký; nếu người ký hoặc {certificate} đã thay đổi, "
        "đề nghị cơ quan, tổ chức đăng ký cập nhật.",
        when(lambda case: case.replacing),
    ),
    Rule(
        "signer.extra",
        "Register of signers",
        NOTE,
        "Văn bản có thêm chữ ký số của người chưa đăng ký; chữ ký này không được xét.",
        "Không phải làm gì.",
        when(_signed_by_stranger),
    ),
    Rule(
        "signer.clerk",
        "Register of signers",
        NOTE,
        "Văn bản có chữ ký số của người làm văn thư; chữ ký này không có giá trị phê duyệt.",
        "Không phải làm gì.",
        when(_signed_by_clerk),
    ),
    Rule(
        "signer.delegated",
        "Decree 30/2020: TL., TUQ.; setting rules.delegated",
        HOLD,
        "Văn bản được ký thừa lệnh (TL.) hoặc thừa ủy quyền (TUQ.).",
        WAIT,
        when(_is_delegated, LETTER["signer_title"].label),
    ),
    Rule(
        "signature.time_old",
        "Setting rules.freshness_days",
        HOLD,
        "Thời điểm ký số đã quá thời hạn cho phép trước ngày nhận.",
        WAIT,
        when(_signed_long_ago),
    ),
    Rule(
        "signature.time_future",
        "EN 319 102-1, claimed signing time",
        HOLD,
        "Thời điểm ký số ghi trong chữ ký muộn hơn thời điểm nhận văn bản.",
        WAIT,
        when(_signed_in_future),
    ),
)
