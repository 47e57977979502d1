"""Vietnamese for what the register keeps as numbers, times and codes."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from bot.clock import HANOI
from bot.dossier.amendments import Thing
from bot.dossier.form import Procedure
from bot.dossier.grounds import Reason
from bot.outbox.values import RowResult
from bot.register.lifecycle import Act, Capacity, Role, Turn
from bot.signatures.verdict import Indication, SubIndication

WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


TASKS = {
    "identify": "nhận diện thư đến",
    "decide": "thẩm định hồ sơ",
    "issue": "tạo khóa và ký chứng thư",
    "change": "ký chứng thư gia hạn, thay đổi thông tin",
    "revoke": "thu hồi chứng thư",
    "confirm": "kiểm tra việc công bố trạng thái thu hồi",
    "publish": "công bố danh sách chứng thư bị thu hồi (CRL)",
    "notice": "gửi thông báo",
    "credential": "gửi thông tin tài khoản",
    "result": "lập thông báo kết quả",
    "clock": "nhắc cán bộ về thời hạn hồ sơ",
    "remind": "nhắc chứng thư sắp hết hạn",
    "lapse": "hủy đề xuất hết hạn",
    "escalate": "báo cán bộ về việc bị dừng",
    "arrival": "hỏi nhà mạng tin nhắn đã đến chưa",
    "inbound": "trả lời tin nhắn đến",
    "collect": "lấy tin nhắn đến từ nhà mạng",
}

OUTCOMES = {  # of a row
    "issued": "đã cấp",
    "renewed": "đã gia hạn",
    "amended": "đã thay đổi thông tin",
    "renewed_amended": "đã gia hạn và thay đổi thông tin",
    "recorded": "đã cập nhật sổ đăng ký",
    "revoked": "đã thu hồi",
    "expired": "đã hết hạn",
    "returned": "trả lại",
    "open": "đang giải quyết",
    "held": "đang xem xét",
    "withdrawn": "đã rút",
    "overtaken": "không thực hiện",
}

BRIEFLY = {  # where there is no room: outcomes that are told as another one
    "renewed": "đã xong",
    "amended": "đã xong",
    "renewed_amended": "đã xong",
    "recorded": "đã xong",
    "overtaken": "đã rút",
}

THINGS = {  # that change about a subscriber
    Thing.FULL_NAME: "Họ và tên",
    Thing.MAILBOX: "Địa chỉ thư điện tử công vụ",
    Thing.WORKPLACE: "Nơi công tác",
    Thing.MOBILE: "Số điện thoại di động",
    Thing.PERSONAL_NUMBER: "Số định danh cá nhân",
}


REASONS = {  # of a revocation
    Reason.KEY_COMPROMISE: "khóa bị lộ hoặc nghi bị lộ",
    Reason.AFFILIATION_CHANGED: "thay đổi đơn vị công tác",
    Reason.CESSATION_OF_OPERATION: "không còn công tác hoặc không còn nhu cầu sử dụng",
    Reason.SUPERSEDED: "được thay thế",
    Reason.UNSPECIFIED: "lý do khác",
}

LETTER_OUTCOMES = {  # of a letter that was only tried out
    "accept": "được tiếp nhận giải quyết",
    "hold": "được giữ lại để cán bộ xem xét",
    "return": "bị trả lại để hoàn thiện",
}

CAPACITIES = {
    Capacity.LEADER: "người có thẩm quyền",
    Capacity.ORGANISATION: "cơ quan, tổ chức",
    Capacity.CLERK: "văn thư",
}

ROLES = {  # of officers
    Role.WATCH: "theo dõi",
    Role.DECIDE: "thẩm định, quyết định hồ sơ",
    Role.GOVERN: "quản trị: quyết định hồ sơ, đề xuất và ký duyệt đề xuất",
}

ACTS = {  # what an officer proposes
    Act.AGENCY: "đăng ký cơ quan, tổ chức",
    Act.SIGNER: "đăng ký, thay đổi người ký của cơ quan",
    Act.OFFICER: "đăng ký, thay đổi cán bộ",
    Act.REVOKE: "thu hồi chứng thư theo quyết định của cơ quan chứng thực",
    Act.PAUSE: "tạm dừng cấp, gia hạn, thay đổi chứng thư",
    Act.RESUME: "cho chạy tiếp việc đã dừng",
}

INDICATIONS = {  # EN 319 102-1, table 5
    Indication.TOTAL_PASSED: "hợp lệ",
    Indication.TOTAL_FAILED: "không hợp lệ",
    Indication.INDETERMINATE: "chưa kết luận được",
}

SUB_INDICATIONS = {  # table 6
    SubIndication.FORMAT_FAILURE: "chữ ký số sai định dạng",
    SubIndication.HASH_FAILURE: "nội dung đã bị thay đổi sau khi ký số",
    SubIndication.SIG_CRYPTO_FAILURE: "chữ ký số không khớp với chứng thư",
    SubIndication.SIG_CONSTRAINTS_FAILURE: "chữ ký số không đáp ứng yêu cầu kỹ thuật",
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: "chứng thư không được phép dùng để ký văn bản",
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE: "không xác thực được chuỗi chứng thư",
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: "thuật toán ký không còn an toàn",
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: "chữ ký số không kèm chứng thư của người ký",
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: "chứng thư không thuộc tổ chức được công nhận",
    SubIndication.REVOKED_NO_POE: "chứng thư đã bị thu hồi",
    SubIndication.REVOKED_CA_NO_POE: "chứng thư của tổ chức cấp đã bị thu hồi",
    SubIndication.OUT_OF_BOUNDS_NO_POE: "chứng thư chưa có hiệu lực hoặc đã hết hạn",
    SubIndication.TRY_LATER: "chưa tra cứu được trạng thái thu hồi",
    SubIndication.GENERIC: "không kiểm tra được",
}


STATES = {  # of a dossier, to whoever asks by phone
    "received": "đang thẩm định",
    "held": "cán bộ đang xem xét",
    "accepted": "đang giải quyết",
    "returned": "đã trả lại, lý do ở thư công vụ của cơ quan",
    "withdrawn": "đã rút",
    "completed": "đã có kết quả, chi tiết ở thư công vụ của cơ quan",
}


PROCEDURES = {  # as a short message has room for them
    Procedure.ISSUE: "cấp mới",
    Procedure.CHANGE: "gia hạn, thay đổi",
    Procedure.REVOKE: "thu hồi",
    Procedure.WITHDRAW: "rút đề nghị",
    Procedure.OTHER: "văn bản khác",
}

TURNS = {  # what a dossier waits for
    Turn.BOT: "hệ thống thẩm định",
    Turn.CA: "CA thực hiện",
    Turn.PAUSED: "mở lại việc cấp",
    Turn.OFFICER: "cán bộ quyết định",
    Turn.PARKED: "cán bộ gỡ việc bị dừng",
}


def in_words(moment: datetime) -> str:
    """Time, weekday and date as official letters write them (Decree 30/2020, Annex I)."""
    local = moment.astimezone(HANOI)
    month = f"{local.month:02}" if local.month < 3 else local.month
    return (
        f"{local:%H} giờ {local:%M} phút, {WEEKDAYS[local.weekday()]}, "
        f"ngày {local:%d} tháng {month} năm {local.year} (giờ Việt Nam)"
    )


def day(moment: datetime) -> str:
    return f"{moment.astimezone(HANOI):%d/%m/%Y}"


def short(moment: datetime) -> str:
    return f"{moment.astimezone(HANOI):%H:%M %d/%m/%Y}"


def tally(rows: Iterable[RowResult]) -> str:
    """How many rows came to what; what none came to is not named."""
    return _counted(rows, OUTCOMES)


def briefly(rows: Iterable[RowResult]) -> str:
    """The same, in as few words as a short message has room for."""
    return _counted(rows, OUTCOMES | BRIEFLY)


def _counted(rows: Iterable[RowResult], names: Mapping[str, str]) -> str:
    counts = Counter(names[row.outcome] for row in rows)
    return ", ".join(
        f"{name} {counts[name]}" for name in dict.fromkeys(names.values()) if counts[name]
    )


def one_line(value: Any) -> Any:
    """What came from outside stays on its line, in NFC: no breaks, no hidden characters."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    seen = (c for c in value if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return unicodedata.normalize("NFC", " ".join("".join(seen).split()))
