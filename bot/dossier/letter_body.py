"""What a letter's body says around its list: how many people, what is declared, who is told."""

import re
from collections.abc import Mapping
from itertools import zip_longest

from bot.dossier.form import DECLARATIONS
from bot.dossier.letter_layout import bare, sentences

_PEOPLE = (
    r"(?:ca nhan|nguoi|can bo|giao vien|giang vien|vien chuc|cong chuc|nhan vien|thue bao|"
    r"truong hop|dong chi|chung thu|bac si|y si|dieu duong|duoc si|ho sinh)"
)
_COUNT = re.compile(rf"(?<![\w/.,-])([0-9]{{1,4}})\s*(?:\([^)]{{1,40}}\)\s*)?{_PEOPLE}\b")
_DECLARED = {
    "sector": r"linh vuc (?:\w+,? ){0,3}?(?:giao duc|dao tao|y te)",
    "no_authority": r"khong (?:phai )?(?:la )?(?:nguoi )?co tham quyen",
    "no_finance": r"khong (?:[\w,]+ ){0,4}?giao dich (?:[\w,]+ ){0,6}?(?:tai chinh|ngan sach)",
    "request": r"\bco (?:van ban|don|giay) de nghi",
    "mailbox": r"\bco (?:hop )?thu dien tu.*internet",
    "phone": r"dien thoai.*(?:\bios\b|android)",
    "computer": r"may tinh.*windows",
    "support": r"can bo (?:cong nghe|ky thuat|cntt).*ho tro|ho tro.*can bo (?:cong nghe|cntt)",
}
_RECEIVER = re.compile(r"nguoi (?:duoc giao )?tiep nhan\b")
_LABELS = {
    "full_name": r"nguoi (?:duoc giao )?tiep nhan[^:]{0,40}:|ho (?:va )?ten\s*:?",
    "personal_number": r"(?:so dinh danh(?: ca nhan)?|so can cuoc(?: cong dan)?|cccd)\s*:?",
    "issued_on": r"(?<!so )ngay cap\s*:?",
    "issued_by": r"noi cap\s*:?",
    "title": r"chuc (?:vu|danh)\s*:?",
    "mobile": r"(?:so )?(?:dien thoai|dtdd|sdt)(?: di dong)?\s*:?",
    "mailbox": r"(?:dia chi |hop )?thu dien tu(?: cong vu)?\s*:?|e-?mail\s*:?",
    "address": r"dia chi(?: tiep nhan)?\s*:?(?! thu)",
}
_LABEL = re.compile("|".join(rf"\b(?P<{name}>{label})" for name, label in _LABELS.items()))
_TOLD = r"(?:thong bao|nhan|bao|tra) ket qua|ket qua (?:\w+ ){0,6}?(?:qua|bang)"
_BY = {"sms": r"tin nhan|\bsms\b", "email": r"thu dien tu|e-?mail"}
_ROOM = 700  # characters in which a receiver is described


def counts_in(body: str) -> tuple[str, ...]:
    """Every number of people that is stated, in digits; once each.

    Of a number and what it is made up of («4 cán bộ, gồm 01 bác sĩ, 03 y sĩ»), the whole.
    """
    found = [int(one[1]) for one in _COUNT.finditer(bare(body))]
    whole = max(found, default=0)
    stated = [whole] if whole and sum(found) == 2 * whole else dict.fromkeys(found)
    return tuple(map(str, stated))


def declared_in(body: str) -> frozenset[str]:
    """The declarations (of `DECLARATIONS`) that the letter makes in its own words."""
    said = [bare(one) for one in sentences(body)]
    return frozenset(
        name for name in DECLARATIONS if any(re.search(_DECLARED[name], one) for one in said)
    )


def receiver_in(body: str) -> Mapping[str, str]:
    """What is said of the receiver, by field; nothing if nobody is named."""
    begin = _RECEIVER.search(bare(body))
    if begin is None:
        return {}
    text = body[begin.start() : begin.start() + _ROOM]
    labels = list(_LABEL.finditer(bare(text)))
    said: dict[str, str] = {}
    for one, after in zip_longest(labels, labels[1:]):
        end = after.start() if after else len(text)
        value = re.split(r"[;\n]|\.\s", text[one.end() : end].lstrip(" :\n"))[0].strip(" ,.-–")
        if value:
            said.setdefault(one.lastgroup or "", value)
    return said if "full_name" in said else {}


def notify_in(body: str) -> str:
    """How the result is to be told: `email` or `sms`; empty where none is named, or both."""
    said = [bare(one) for one in sentences(body)]
    told = " ".join(one for one in said if re.search(_TOLD, one))
    ways = [way for way, words in _BY.items() if re.search(words, told)]
    return ways[0] if len(ways) == 1 else ""
