"""The words of the service: those of 2023, and those since Decree 68/2024.

Both are accepted in what comes in; `Settings.terms` picks the one that goes out.
"""

from dataclasses import dataclass

from bot.sections.authority import Terms

SOLUTION = "giải pháp ký số tập trung"
CENTRALISED = f"sử dụng {SOLUTION}"
CERTIFICATE = "{certificate}"  # in a text: what a certificate is called


@dataclass(frozen=True, slots=True)
class Words:
    """One vocabulary."""

    certificate: str  # in full
    certificate_short: str
    signature: str


WORDS = {
    Terms.OFFICIAL: Words(
        certificate="chứng thư chữ ký số chuyên dùng công vụ",
        certificate_short="chứng thư chữ ký số",
        signature="chữ ký số chuyên dùng công vụ",
    ),
    Terms.GOVERNMENT: Words(
        certificate="chứng thư số",
        certificate_short="chứng thư số",
        signature="chữ ký số chuyên dùng Chính phủ",
    ),
}
