"""Columns by their headings: what agencies call them, however they are written.

The portal's sheet («Template_import VGCA.xlsx») and the lists of forms 01, 04 and 05, in any
order; case, accents, line breaks, asterisks and words in brackets do not matter.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.dossier.catalogue import FORMS
from bot.dossier.fields import normal, plain
from bot.dossier.form import Procedure

NUMBER = "number"  # STT
DEVICE_KIND = "device_kind"
LEVELS = ("level_1", "level_2", "level_3", "level_4")  # Tổ chức cấp 1 … 4
ANYWHERE = (NUMBER, DEVICE_KIND, *LEVELS, "carrier", "ported", "result")
IDENTITY = ("personal_number", "issued_on", "issued_by")  # which often share a cell
ISSUED = ("issued_on", "issued_by")

RESULT = "Kết quả kiểm tra"  # of a list that was sent back

# What a column is for; a heading may stand for several, one below the other in its cell.
_HEADINGS: Mapping[tuple[str, ...], str] = {
    ("result",): RESULT,
    (NUMBER,): "STT | TT | Số TT | Số thứ tự",
    ("full_name",): "Họ và tên | Họ tên | Tên chứng thư | Tên thuê bao | Họ đệm và tên"
    "| Họ và tên cá nhân | Họ và tên thuê bao | Họ tên thuê bao | Họ và tên người sử dụng",
    ("birth_date",): "Ngày sinh | Ngày tháng năm sinh | Ngày, tháng, năm sinh",
    ("personal_number",): "Số định danh cá nhân | Số định danh | CCCD | Số CCCD | CCCD/CMND"
    "| Căn cước công dân | Số căn cước công dân | Số căn cước | Căn cước | CMND/CCCD"
    "| Số CMND/CCCD | Số CCCD/CMND | Mã định danh | Số CCCD/Số định danh cá nhân"
    "| Số định danh cá nhân/CCCD | Số ĐDCN | Số CCCD/Căn cước",
    ("issued_on",): "Ngày cấp | Ngày cấp CCCD | Ngày cấp căn cước | Ngày, tháng, năm cấp",
    ("issued_by",): "Nơi cấp | Nơi cấp CCCD | Nơi cấp căn cước",
    IDENTITY: "Số định danh cá nhân/Ngày cấp, nơi cấp | Số định danh/ngày cấp, nơi cấp"
    "| Số CCCD/Ngày cấp, nơi cấp | CCCD/Ngày cấp, nơi cấp | Số CCCD, ngày cấp, nơi cấp"
    "| Số căn cước, ngày cấp, nơi cấp | Số căn cước công dân, ngày cấp, nơi cấp",
    ISSUED: "Ngày cấp, nơi cấp | Ngày cấp và nơi cấp | Ngày, nơi cấp",
    ("mailbox",): "Địa chỉ thư điện tử công vụ | Thư điện tử công vụ | Email | E-mail | Thư điện tử"
    "| Email công vụ | Địa chỉ email | Địa chỉ email công vụ | Địa chỉ thư điện tử"
    "| Thư công vụ | Hộp thư điện tử công vụ | Hộp thư công vụ | E-mail công vụ | Mail công vụ",
    ("workplace",): "Tên cơ quan, tổ chức công tác | Cơ quan, tổ chức công tác | Cơ quan công tác"
    "| Đơn vị công tác | Đơn vị | Tên đơn vị | Nơi công tác | Cơ quan, đơn vị công tác"
    "| Tên cơ quan, đơn vị công tác | Cơ quan/Đơn vị",
    **{(name,): f"Tổ chức cấp {name[-1]}" for name in LEVELS},
    ("province",): "Tỉnh/Thành phố | Tỉnh | Tỉnh, thành phố | Tỉnh/TP | Tỉnh thành",
    ("title",): "Chức vụ | Chức danh | Chức vụ/Chức danh | Chức danh, chức vụ | Chức vụ, chức danh",
    ("mobile",): "Số điện thoại di động | Điện thoại | Số điện thoại | Điện thoại di động | SĐT"
    "| Di động | Số ĐT | Số di động | Số điện thoại liên hệ",
    ("old_serial",): "Số hiệu chứng thư cũ | Serial cũ | Số serial cũ",
    ("sim_pki",): "SIM PKI",
    ("carrier",): "Nhà mạng",
    ("ported",): "Chuyển số",
    (DEVICE_KIND,): "Loại thiết bị",
    ("serial",): "Số hiệu chứng thư | Serial | Số serial | Serial chứng thư | Số serial chứng thư",
    ("what",): "Thông tin cần thay đổi | Nội dung cần thay đổi",
    ("new",): "Thông tin mới | Nội dung mới | Thông tin thay đổi mới",
    ("renew",): "Gia hạn",
    ("amend",): "Thay đổi thông tin | Thay đổi nội dung thông tin",
    ("tax_code",): "MST, mã QHNS | MST/Mã QHNS | Mã số thuế | MST | Mã QHNS",
    ("device",): "Số hiệu thiết bị | Serial thiết bị",
    ("reason",): "Lý do thu hồi | Lý do",
}

# A certificate is called so in the words of 2023, of 2024, and in full.
_TERMS = ("chung thu chu ky so chuyen dung cong vu", "chung thu chu ky so", "chung thu so")


def heading_key(heading: str) -> str:
    """What of a heading is compared: letters and digits without accents, brackets left out."""
    words = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", plain(heading))
    key = " ".join(re.findall(r"[a-z0-9]+", words))
    for term in _TERMS:
        key = key.replace(term, "chung thu")
    return key


_MEANINGS: Mapping[str, tuple[str, ...]] = {
    heading_key(name): meaning for meaning, names in _HEADINGS.items() for name in names.split("|")
}

# What tells which list it is, and what that list cannot do without.
_MARKS = {
    Procedure.ISSUE: {"birth_date", *LEVELS, "province", DEVICE_KIND},
    Procedure.CHANGE: {"what", "new", "renew", "amend"},
    Procedure.REVOKE: {"reason"},
}
REQUIRED: Mapping[Procedure, tuple[str, ...]] = {
    Procedure.ISSUE: (
        *("full_name", "birth_date", "personal_number", "issued_on", "mailbox"),
        *("workplace", "province", "title", "mobile"),
    ),
    Procedure.CHANGE: ("full_name", "serial", "mailbox"),
    Procedure.REVOKE: ("full_name", "serial", "reason"),
}
_KNOWN_AT_LEAST = 3  # headings that make a line of text a heading line


@dataclass(frozen=True, slots=True)
class Headings:
    """The heading of a list: which column is for what, from 0.

    `depth` is how many lines it takes. `unknown` are headings that say nothing to us,
    by column; `twice` those whose meaning another column has.
    """

    columns: Mapping[tuple[str, ...], int]
    depth: int
    unknown: Mapping[int, str] = field(default_factory=dict)
    twice: tuple[str, ...] = ()

    @property
    def meanings(self) -> frozenset[str]:
        return frozenset(name for meaning in self.columns for name in meaning)

    @property
    def places(self) -> dict[str, int]:
        """Where each meaning stands, from 0; several may share a column."""
        return {name: column for meaning, column in self.columns.items() for name in meaning}

    @property
    def is_portals(self) -> bool:
        """Whether it is the portal's layout, where a path of organisations is the workplace."""
        return LEVELS[0] in self.meanings and "workplace" not in self.meanings

    @property
    def procedures(self) -> tuple[Procedure, ...]:
        """Which lists have such columns: one, if all is well.

        What form 01 asks for may stand in any list; so may a reason in one of form 01,
        which knows no serial number.
        """
        marked = [one for one, marks in _MARKS.items() if marks & self.meanings]
        if len(marked) > 1 and Procedure.ISSUE in marked:
            issues = "serial" not in self.meanings
            marked = [one for one in marked if (one is Procedure.ISSUE) is issues]
        return tuple(marked)

    def foreign(self, procedure: Procedure) -> tuple[int, ...]:
        """The known columns that the list of `procedure` does not have, from 0."""
        own = {*FORMS[procedure].columns, *ANYWHERE}
        return tuple(column for meaning, column in self.columns.items() if not own & set(meaning))

    def missing(self, procedure: Procedure) -> tuple[str, ...]:
        has = self.meanings | ({"workplace"} if self.is_portals else set())
        return tuple(name for name in REQUIRED[procedure] if name not in has)


def find_headings(lines: Sequence[Sequence[str]]) -> Headings | None:
    """The heading that begins with the first of `lines`, on one line or two, or None."""
    one = _headings([(text,) for text in lines[0]], 1)
    if len(lines) < 2:
        return one
    width = max(map(len, lines[:2]))
    upper, lower = ([*line, *[""] * (width - len(line))] for line in lines[:2])
    two = _headings(list(map(_stacked, upper, lower)), 2)
    if one is None or (two and len(two.columns) > len(one.columns)):
        return two
    return one


def is_numbering(cells: Iterable[str]) -> bool:
    """Whether a line below the heading only counts its columns: (1), (2), (3)."""
    numbers = [text.strip(" ()[]") for text in cells if text.strip()]
    return len(numbers) > 1 and all(re.fullmatch("[0-9]{1,2}|[A-Z]", one) for one in numbers)


def _stacked(upper: str, lower: str) -> tuple[str, ...]:
    """What a column may be called whose heading stands on two lines, the likeliest first."""
    if not normal(lower):
        return (upper,)
    return (lower, f"{upper} {lower}", f"{lower} {upper}")


def _headings(candidates: Sequence[tuple[str, ...]], depth: int) -> Headings | None:
    columns: dict[tuple[str, ...], int] = {}
    unknown: dict[int, str] = {}
    twice: list[str] = []
    for column, names in enumerate(candidates):
        meaning = next(filter(None, (_MEANINGS.get(heading_key(name)) for name in names)), None)
        if meaning is None:
            if heading := normal(names[0]):
                unknown[column] = heading
        elif set(meaning) & {name for known in columns for name in known}:
            twice.append(normal(names[0]))
        else:
            columns[meaning] = column
    if len(columns) < _KNOWN_AT_LEAST or ("full_name",) not in columns:
        return None
    return Headings(columns, depth, unknown, tuple(twice))
