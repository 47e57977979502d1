"""What form 04 wants changed: from an agency's words to a closed list; never guessed.

A row may name several things, and as many new values, each on a line of its
own, numbered, or separated by semicolons. What is not on the list, is named twice,
or does not match value by value, is not understood.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from bot.dossier.fields import (
    Reading,
    plain,
    read_mailbox,
    read_mobile,
    read_name,
    read_personal_number,
    read_text,
)
from bot.dossier.rows import ChangeRow


class Thing(StrEnum):
    """What can change of a subscriber, and where it stands."""

    FULL_NAME = "full_name"  # CN
    MAILBOX = "mailbox"  # E and SAN; where mail goes, and the account's login
    WORKPLACE = "workplace"  # O and OU, as the register has the agency
    PROVINCE = "province"  # L, likewise
    MOBILE = "mobile"  # register only
    PERSONAL_NUMBER = "personal_number"  # register only
    TITLE = "title"  # nowhere


CERTIFIED = frozenset({Thing.FULL_NAME, Thing.MAILBOX, Thing.WORKPLACE, Thing.PROVINCE})

NAMES: Mapping[Thing, tuple[str, ...]] = {
    Thing.FULL_NAME: (
        "họ và tên", "họ tên", "họ, tên", "họ, tên đệm và tên", "tên", "tên chứng thư",
        "tên trong chứng thư", "tên trên chứng thư", "tên thuê bao", "tên người dùng",
        "họ và tên thuê bao", "tên chủ thể",
    ),
    Thing.MAILBOX: (
        "địa chỉ thư điện tử công vụ", "địa chỉ thư điện tử", "địa chỉ thư công vụ",
        "thư điện tử công vụ", "thư điện tử", "thư công vụ", "hộp thư điện tử công vụ",
        "hộp thư điện tử", "hộp thư công vụ", "hộp thư", "địa chỉ email công vụ",
        "địa chỉ email", "email công vụ", "email", "địa chỉ e-mail công vụ", "địa chỉ e-mail",
        "e-mail công vụ", "e-mail",
    ),
    Thing.WORKPLACE: (
        "tên cơ quan, tổ chức công tác", "cơ quan, tổ chức công tác", "tên cơ quan, tổ chức",
        "cơ quan, tổ chức", "tên cơ quan công tác", "cơ quan công tác", "tên cơ quan", "cơ quan",
        "tên tổ chức", "tổ chức", "tên đơn vị công tác", "đơn vị công tác", "tên đơn vị",
        "đơn vị", "nơi công tác", "nơi làm việc", "tên trường", "trường",
    ),
    Thing.PROVINCE: (
        "tỉnh/thành phố", "tỉnh / thành phố", "tỉnh, thành phố", "tỉnh thành phố", "tỉnh",
        "thành phố", "tỉnh thành", "địa phương",
    ),
    Thing.MOBILE: (
        "số điện thoại di động", "điện thoại di động", "số điện thoại", "điện thoại",
        "số di động", "sđt", "số đt", "số điện thoại cá nhân",
    ),
    Thing.PERSONAL_NUMBER: (
        "số định danh cá nhân", "số định danh", "mã định danh cá nhân", "số căn cước công dân",
        "số căn cước", "căn cước công dân", "căn cước", "số cccd", "cccd",
    ),
    Thing.TITLE: ("chức vụ", "chức danh", "chức vụ, chức danh", "chức danh, chức vụ"),
}  # fmt: skip
THINGS = {plain(name): thing for thing, names in NAMES.items() for name in names}

# What may stand before and behind a name and changes nothing.
AROUND = re.compile(r"(?:(?:thay doi|doi|cap nhat|dieu chinh|sua)\s+)?(.+?)(?:\s+moi)?")

LINES = re.compile(r"\s*[;\n]\s*")
MARKED = re.compile(r"(?:\(?([0-9]{1,2})[.)]|[-+*•–])\s+(.*)")  # a line with its number, or a dash
INLINE = re.compile(r"(?:^|(?<=\s))\(?1[.)]\s.*\s\(?2[.)]\s")  # several numbers on one line

READERS: Mapping[Thing, Callable[[str], Reading[str]]] = {
    Thing.FULL_NAME: read_name,
    Thing.MAILBOX: read_mailbox,
    Thing.WORKPLACE: read_text,
    Thing.PROVINCE: read_text,
    Thing.MOBILE: read_mobile,
    Thing.PERSONAL_NUMBER: read_personal_number,
    Thing.TITLE: read_text,
}


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is to become of what. `unclear`: part of it, or all, is not understood."""

    changes: Mapping[Thing, Reading[str]]
    unclear: bool = False

    def value(self, thing: Thing) -> str | None:
        """The new value, if it is asked for and well written."""
        reading = self.changes.get(thing)
        return reading.value if reading else None

    @property
    def is_certified(self) -> bool:
        """Whether a certificate bears any of it."""
        return not CERTIFIED.isdisjoint(self.changes)


NOTHING = Amendment(MappingProxyType({}))


def amendment_of(row: ChangeRow) -> Amendment:
    """What `row` wants changed; nothing where it does not say so, or says it badly."""
    is_said = row.amend and row.what.value and row.new.value
    return _read(row.what.typed, row.new.typed) if is_said else NOTHING


@lru_cache(maxsize=4096)  # each row of a letter is read by many rules
def _read(what: str, new: str) -> Amendment:
    named, values = _parts(what), _parts(new)
    things = [thing for name in named if (thing := _thing(name))]
    is_clear = len(named) == len(things) == len(set(things)) == len(values)
    if not (things and is_clear):
        return Amendment(NOTHING.changes, unclear=True)
    pairs = zip(things, values, strict=True)
    return Amendment(MappingProxyType({thing: READERS[thing](value) for thing, value in pairs}))


def _thing(name: str) -> Thing | None:
    folded = plain(name).strip(" .:")
    bare = AROUND.fullmatch(folded)
    return THINGS.get(folded) or (THINGS.get(bare[1]) if bare else None)


def _parts(text: str) -> list[str]:
    """The lines of a field, without their numbers; none where the numbers are not 1, 2, 3 …"""
    text = text.strip()
    if INLINE.search(text):
        text = re.sub(r"\s(?=\(?[0-9]{1,2}[.)]\s)", "\n", text)
    marks = [(MARKED.fullmatch(line), line) for line in LINES.split(text) if line]
    numbers = [mark[1] for mark, _ in marks if mark and mark[1]]
    if numbers and numbers != [str(number) for number in range(1, len(marks) + 1)]:
        return []
    return [mark[2].strip() if mark else line for mark, line in marks]
