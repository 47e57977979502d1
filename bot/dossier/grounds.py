"""Why a certificate is to lose its validity: from an agency's words to RFC 5280's reasons.

Words are looked for without accents and case, so that typing decides nothing. Of
several grounds the gravest counts; one that the text denies («không lộ khóa»)
does not. What is not understood is `unspecified`: the text is kept, and the
certificate revoked all the same.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache

from bot.dossier.fields import plain


class Reason(StrEnum):
    """CRLReason (RFC 5280 5.3.1), the gravest first; the others are never given.

    A subscriber's certificate has no `cACompromise`, and `certificateHold` could be
    lifted: what is revoked here stays so.
    """

    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    SUPERSEDED = "superseded"
    UNSPECIFIED = "unspecified"


GROUNDS: Mapping[Reason, tuple[str, ...]] = {
    Reason.KEY_COMPROMISE: (
        "lộ khóa", "bị lộ", "nghi lộ", "lộ mật khẩu", "lộ mã", "lộ tài khoản", "lộ thông tin",
        "lộ lọt", "mất khóa", "mất thiết bị", "mất điện thoại", "mất máy", "mất tài khoản",
        "mất mật khẩu", "mất SIM", "mất quyền kiểm soát", "mất kiểm soát", "mất trộm", "mất cắp",
        "rơi mất", "thất lạc", "đánh cắp", "đánh mất", "trộm cắp", "lấy trộm", "xâm nhập",
        "xâm phạm", "chiếm đoạt", "chiếm quyền", "tấn công", "hack", "mã độc", "giả mạo",
        "lừa đảo", "sử dụng trái phép", "truy cập trái phép", "người khác sử dụng",
        "lộ PIN", "mất ĐT", "điện thoại bị mất", "thiết bị bị mất", "máy bị mất", "SIM bị mất",
        "lấy mất", "bị lừa", "nhiễm virus", "nhiễm vi rút", "xâm hại",
    ),
    Reason.AFFILIATION_CHANGED: (
        "chuyển công tác", "chuyển đơn vị", "chuyển cơ quan", "chuyển trường", "chuyển ngành",
        "thuyên chuyển", "luân chuyển", "điều chuyển", "điều động", "biệt phái", "đổi đơn vị",
        "đổi cơ quan", "đổi nơi công tác", "đổi tên đơn vị", "đổi tên cơ quan", "sáp nhập",
        "hợp nhất", "chia tách", "chuyển sang công tác", "chuyển đến công tác",
        "chuyển về công tác", "chuyển sang trường", "chuyển đến trường", "chuyển về trường",
    ),
    Reason.CESSATION_OF_OPERATION: (
        "nghỉ hưu", "về hưu", "hưu trí", "nghỉ chế độ", "nghỉ việc", "thôi việc", "bỏ việc",
        "chấm dứt hợp đồng", "hết hợp đồng", "hết hạn hợp đồng", "tinh giản", "giải thể",
        "không còn công tác", "không còn làm việc", "không còn nhu cầu", "không có nhu cầu",
        "hết nhu cầu", "không còn sử dụng", "không sử dụng nữa", "không dùng nữa",
        "ngừng sử dụng", "sa thải", "hết tuổi lao động", "qua đời", "từ trần", "tử vong",
        "hy sinh", "hi sinh", "đã mất", "đã chết",
    ),
    Reason.SUPERSEDED: (
        "thay thế", "cấp lại", "cấp mới", "thay đổi thông tin", "sai thông tin",
        "điều chỉnh thông tin", "cập nhật thông tin", "đổi chứng thư", "thay chứng thư",
        "sai họ tên", "sai họ và tên", "sai email", "sai thư điện tử", "thay đổi họ tên",
        "thay đổi họ và tên",
    ),
}  # fmt: skip

SUSPENSIONS = (
    "tạm dừng", "tạm ngừng", "tạm ngưng", "tạm khóa", "tạm đình chỉ", "tạm thu hồi",
    "tạm thời thu hồi", "tạm hoãn",
)  # fmt: skip

DENIALS = ("không", "chưa", "chẳng")
# What may stand between a denial and what it denies; after any other word it denies something
# else: «không may bị lộ khóa», «không loại trừ lộ khóa».
BETWEEN = (
    "bị", "có", "hề", "phải", "phải do", "do", "vì", "từng", "xảy ra", "phát hiện", "thấy",
    "dấu hiệu", "nguy cơ", "khả năng", "hiện tượng", "tình trạng", "trường hợp", "việc", "để",
    "làm",
)  # fmt: skip


def reason_of(text: str) -> Reason:
    """The gravest of the grounds that `text` names and does not deny."""
    words = _words(text)
    said = _denied().sub(" ", words)
    found = (reason for reason, phrases in GROUNDS.items() if _any_of(phrases).search(said))
    return next(found, Reason.UNSPECIFIED)


def asks_to_suspend(text: str) -> bool:
    """Whether `text` wants a certificate back later: none comes back."""
    return bool(_any_of(SUSPENSIONS).search(_words(text)))


def table() -> Iterator[str]:
    """The grounds as people read them: the lines of a Markdown table."""
    yield "| reason (RFC 5280 5.3.1) | words |"
    yield "|---|---|"
    for reason, phrases in GROUNDS.items():
        yield f"| `{reason}` | {', '.join(phrases)} |"
    yield f"| `{Reason.UNSPECIFIED}` | anything else |"


def _words(text: str) -> str:
    """Plain words with single spaces; other signs are kept, so that no phrase reaches over them."""
    words = re.findall(r"[^\W_]+|[^\w\s]", plain(text))
    return f" {' '.join(words)} "


def _either(phrases: tuple[str, ...]) -> str:
    return "(?:" + "|".join(re.escape(plain(phrase)) for phrase in phrases) + ")"


@cache
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"(?<= ){_either(phrases)}(?= )")


@cache
def _denied() -> re.Pattern[str]:
    """A denial with all that it denies: «không lộ khóa hoặc mất thiết bị»."""
    every = tuple(phrase for phrases in GROUNDS.values() for phrase in phrases)
    denied = f"(?: {_either(BETWEEN)})* {_either(every)}"
    return re.compile(f"(?<= ){_either(DENIALS)}{denied}(?: (?:hoac|hay){denied})*(?= )")
