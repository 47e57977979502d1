"""Rules for an address that is well written: is it issued by a state body?"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from bot.dossier.addresses import whole_address
from bot.dossier.case import Case
from bot.dossier.form import RECEIVER
from bot.dossier.rules import RETURN, Finding, Rule

T = TypeVar("T")

LABEL = RECEIVER["mailbox"].label


def official_mailbox_rules(
    prefix: str, read: Callable[[T], tuple[Case, str] | None]
) -> Iterator[Rule[T]]:
    """Exactly one of them is broken by an address outside the agency's domains.

    `read` gives the case and the address, if there is a valid one.
    """

    def finder(kind: str) -> Callable[[T], list[Finding]]:
        def find(subject: T) -> list[Finding]:
            match read(subject):
                case (case, address) if kind == _kind(case, address):
                    return [Finding(LABEL, address, whole_address(address, case.agency.domains))]
            return []

        return find

    yield Rule(
        f"{prefix}.mailbox.public",
        "Service guidance 2023; setting rules.public_mail",
        RETURN,
        "Địa chỉ thuộc dịch vụ thư điện tử công cộng.",
        "Đề nghị dùng hộp thư điện tử công vụ do cơ quan nhà nước cấp.",
        finder("public"),
    )
    yield Rule(
        f"{prefix}.mailbox.truncated",
        "Service guidance 2023",
        RETURN,
        "Tên miền của địa chỉ thư điện tử dường như bị thiếu phần cuối.",
        "Đề nghị kiểm tra và ghi đầy đủ địa chỉ.",
        finder("truncated"),
    )
    yield Rule(
        f"{prefix}.mailbox.domain",
        "Service guidance 2023; setting rules.mail_domains",
        RETURN,
        "Tên miền của địa chỉ không thuộc hệ thống thư điện tử công vụ của cơ quan, tổ chức.",
        "Đề nghị dùng hộp thư điện tử công vụ do cơ quan nhà nước cấp.",
        finder("domain"),
    )


def _kind(case: Case, address: str) -> str:
    if case.is_official(address):
        return "official"
    if address.rpartition("@")[2] in map(str.casefold, case.rules.public_mail):
        return "public"
    return "truncated" if whole_address(address, case.agency.domains) else "domain"
