"""Who we are, and what law and judgement let us change."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from bot.sections.section import Mailbox, Name, Section


class KeyAlgorithm(StrEnum):
    """Lawful subject key types; the names are the ones `bot.toml` uses."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"

    @property
    def strength(self) -> int:
        """Security strength in bits (NIST SP 800-57 part 1, table 2)."""
        return _STRENGTH[self]


_STRENGTH = {
    KeyAlgorithm.RSA_2048: 112,
    KeyAlgorithm.RSA_3072: 128,
    KeyAlgorithm.EC_P256: 128,
    KeyAlgorithm.EC_P384: 192,
}


class Terms(StrEnum):
    """Which words go out: those of 2023, or those of Decree 68/2024."""

    OFFICIAL = "2024"  # chứng thư chữ ký số chuyên dùng công vụ
    GOVERNMENT = "2023"  # chứng thư số


class Authority(Section):
    """Who speaks in every notice."""

    name: Name = "Trung tâm Chứng thực điện tử chuyên dùng (trình diễn)"
    parent: Name = "Cơ quan chủ quản (trình diễn)"
    address: str = "Số 1 phố Trình Diễn, Hà Nội"
    help_phone: str = "024 1234 5678"
    help_mailbox: Mailbox = "hotro@ca.example.gov.vn"
    activation_address: str = "https://kichhoat.ca.example.gov.vn"


class Mailboxes(Section):
    """Our own mailboxes by role."""

    official: tuple[Mailbox, ...] = Field(("hoso@ca.example.gov.vn",), min_length=1)
    precheck: Mailbox = Field(
        "kiemtra@ca.example.gov.vn", description="answers with all faults, and does nothing else"
    )
    sender: Mailbox = "hoso@ca.example.gov.vn"


class Issuing(Section):
    """What certificates say of keys and validity, and how often the CRL comes."""

    issuer_name: Name = "CA trình diễn cho giải pháp ký số tập trung"
    algorithm: KeyAlgorithm = KeyAlgorithm.RSA_3072
    validity_years: int = Field(3, ge=1, le=5)
    crl_hours: float = Field(24, gt=0, le=366 * 24, description="nextUpdate − thisUpdate")
    crl_every_hours: float = Field(
        6, gt=0, validate_default=True, description="a CRL at least this often"
    )

    ocsp_minutes: float = Field(
        10, gt=0, le=7 * 24 * 60, description="of an OCSP answer, nextUpdate − thisUpdate"
    )
    responder_days: int = Field(
        90, ge=1, le=366, validate_default=True,
        description="the OCSP responder's certificate; made anew in the last third",
    )  # fmt: skip

    @field_validator("crl_every_hours")
    @classmethod
    def _before_the_last_lapses(cls, hours: float, info: ValidationInfo) -> float:
        if hours >= info.data.get("crl_hours", hours + 1):
            raise ValueError("Must be less than issuing.crl_hours: the list would lapse")
        return hours

    @field_validator("responder_days")
    @classmethod
    def _made_anew_in_time(cls, days: int, info: ValidationInfo) -> int:
        if days * 24 <= 3 * info.data.get("crl_every_hours", 0):
            raise ValueError("Must be more than three times issuing.crl_every_hours")
        return days


class Wording(Section):
    """What a rule says in place of its own words; empty: its own."""

    text: str = ""
    remedy: str = ""

    @field_validator("text", "remedy")
    @classmethod
    def _can_be_filled_in(cls, words: str) -> str:
        try:
            words.format(certificate="", detail="")
        except (AttributeError, IndexError, KeyError, ValueError):
            raise ValueError("Only {certificate} and {detail} are filled in") from None
        return words


class Rules(Section):
    """Numbers and words the rules go by."""

    freshness_days: int = Field(
        30, ge=1, description="how old a letter and its signatures may be at receipt"
    )
    addressee: tuple[str, ...] = Field(
        (), description="accepted «Kính gửi»; the authority's name is always accepted"
    )
    mail_domains: tuple[str, ...] = Field(
        ("gov.vn", "edu.vn"), description="of state bodies; an agency may have its own instead"
    )
    public_mail: tuple[str, ...] = Field(
        (
            "gmail.com", "googlemail.com", "gmail.com.vn", "yahoo.com", "yahoo.com.vn",
            "ymail.com", "rocketmail.com", "hotmail.com", "hotmail.com.vn", "outlook.com",
            "outlook.com.vn", "live.com", "msn.com", "icloud.com", "me.com", "mail.com",
            "aol.com", "proton.me", "protonmail.com", "zoho.com", "yandex.com", "zalo.me",
        ),
        description="domains where anybody can have a mailbox",
    )  # fmt: skip
    least_age: int = Field(18, ge=0, description="of a subscriber, in years")
    delegated: tuple[str, ...] = Field(
        ("TL.", "TUQ.", "Thừa lệnh", "Thừa ủy quyền"),
        description="before a signer's title: by delegation; no title begins with these letters",
    )
    titles: tuple[str, ...] = Field(
        (
            "Giáo viên", "Giảng viên", "Hiệu trưởng", "Phó Hiệu trưởng", "Giám đốc",
            "Phó Giám đốc", "Kế toán", "Văn thư", "Thủ quỹ", "Thư viện viên", "Nhân viên",
            "Chuyên viên", "Cán bộ", "Tổ trưởng", "Tổ phó", "Bác sĩ", "Y sĩ", "Y tá",
            "Điều dưỡng", "Dược sĩ", "Hộ sinh",
        ),
        description="what begins so is a title, and no workplace",
    )  # fmt: skip
    undeclared: Literal["note", "hold", "return"] = Field(
        "hold", description="an agency's own letter that does not declare what a form would ask for"
    )
    excluded_titles: tuple[str, ...] = Field(
        (
            "Hiệu trưởng", "Phó Hiệu trưởng", "Giám đốc", "Phó Giám đốc", "Kế toán trưởng",
            "Phụ trách kế toán", "Chủ tài khoản",
        ),
        description="of people with authority or with transactions of finance",
    )  # fmt: skip
    renewal_days: int = Field(
        30, ge=0, description="a renewal must be asked for so many days before the end, or earlier"
    )
    renewal_years: int = Field(3, ge=1, le=3, description="of a renewed certificate, from then on")
    renewals: int = Field(1, ge=0, description="how often a certificate may be renewed")
    wording: dict[str, Wording] = Field(
        {}, description="by a rule's code, as `bot rules` prints it: its text and its remedy"
    )


class Reminders(Section):
    """When it is told that certificates will end."""

    days: tuple[int, ...] = Field(
        (90, 60, 40), description="before their end; empty: nobody is reminded"
    )

    @field_validator("days")
    @classmethod
    def _descending(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if any(one < 1 for one in days) or list(days) != sorted({*days}, reverse=True):
            raise ValueError("Must be whole days, each fewer than the one before")
        return days


class Accounts(Section):
    credentials: Literal["split", "email"] = Field(
        "split",
        description="split: the slip is encrypted and its passcode goes by SMS to the "
        "subscriber's own phone; email: the slip is not encrypted and no SMS is sent",
    )
    activation_days: int = Field(14, ge=1, le=366)
    activation_attempts: int = Field(5, ge=1)


# nothing of it goes over the net in the clear
