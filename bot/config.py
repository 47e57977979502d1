"""Settings: `bot.toml` in the working folder, or `BOT_…` variables.

Every number, word list or date that the law may change, or that is our own
judgement, stands here with its default. Secrets are never values: a PIN is
named by the file that holds it.
"""

import os
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.errors import Misconfigured
from bot.variables import DELIMITER, PREFIX, names, nearest, require_understood, unknown, variable

MEGABYTE = 1_000_000


def _mailbox(text: str) -> str:
    try:
        validate_email(
            text, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError:
        raise ValueError("This is no mailbox") from None
    if not text.isascii():  # it stands in certificates
        raise ValueError("Only ASCII can stand in a certificate")
    return text.casefold()


Mailbox = Annotated[str, AfterValidator(_mailbox)]
# O and CN of certificates; `bot.ca.ceremony` counts octets too
Name = Annotated[str, Field(min_length=1, max_length=64)]


def template_folder() -> Path:
    """Where `templates/` lies: inside the package in a wheel, beside it in a checkout."""
    inside = Path(__file__).parent / "templates"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "templates"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class KeyAlgorithm(StrEnum):
    """Lawful subject key types; the names are the ones `bot.toml` uses."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"


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
    sender: Mailbox = "hoso@ca.example.gov.vn"


class Door(Section):
    """Where mail comes in."""

    protocol: Literal["smtp", "lmtp"] = Field("smtp", description="lmtp: a reply a recipient")
    host: str = "127.0.0.1"
    port: int = Field(2525, ge=0, le=65535)
    certificate: Path | None = Field(None, description="PEM with its chain: STARTTLS is offered")
    key: Path | None = Field(None, validate_default=True, description="of it, PEM")
    require_tls: bool = Field(False, description="no mail before STARTTLS")
    size_limit: int = Field(25 * MEGABYTE, gt=0, description="bytes of one mail, announced as SIZE")
    memory: int = Field(
        200 * MEGABYTE,
        validate_default=True,
        description="bytes of all mails not answered yet; what goes beyond is to come later (452)",
    )
    connections: int = Field(100, ge=1)
    timeout: float = Field(300, gt=0, description="seconds for one command, or for a whole mail")

    @field_validator("key")
    @classmethod
    def _with_its_certificate(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        if (key is None) != (info.data.get("certificate") is None):
            raise ValueError("door.certificate and door.key go together")
        return key

    @field_validator("require_tls")
    @classmethod
    def _with_a_certificate(cls, required: bool, info: ValidationInfo) -> bool:
        if required and not info.data.get("certificate"):
            raise ValueError("Nobody could come in: door.certificate is not set")
        return required

    @field_validator("memory")
    @classmethod
    def _for_more_than_one_mail(cls, memory: int, info: ValidationInfo) -> int:
        if memory < 2 * info.data.get("size_limit", 0):
            raise ValueError("Must be at least twice door.size_limit")
        return memory


class Submission(Section):
    """The mail server that takes what goes out (RFC 6409)."""

    host: str = Field(
        "", pattern=r"^([A-Za-z0-9.:_-]{1,253})?$", description="empty: a Maildir under home"
    )
    port: int = Field(587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = Field(
        "starttls", description="implicit: from the first byte, mostly on port 465 (RFC 8314)"
    )
    ca_file: Path | None = Field(
        None, description="PEM; the only authorities believed; unset: the system's"
    )
    login: str = Field("", description="empty: the server knows us by our address")
    password_file: Path | None = Field(None, validate_default=True)
    ehlo: str = Field(
        "", pattern=r"^([A-Za-z0-9.:_\[\]-]{1,253})?$",
        description="what we call ourselves; empty: this machine's full name",
    )  # fmt: skip
    timeout: float = Field(120, gt=0, le=240, description="seconds for a whole mail")

    @field_validator("login")
    @classmethod
    def _never_in_the_clear(cls, login: str, info: ValidationInfo) -> str:
        if login and info.data.get("tls") == "none":
            raise ValueError("No password goes out without submission.tls")
        return login

    @field_validator("password_file")
    @classmethod
    def _with_its_login(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if (file is None) == bool(info.data.get("login")):
            raise ValueError("submission.login and submission.password_file go together")
        return file


class Database(Section):
    """Where the truth is kept."""

    url: str = Field(
        "", pattern=r"^(postgresql://[!-~]+)?$",
        description="postgresql://USER@HOST:PORT/NAME; empty: SQLite under home",
    )  # fmt: skip
    password_file: Path | None = None


class Broker(Section):
    """Who carries task numbers from the relay to the workers."""

    url: str = Field(
        "", pattern=r"^(amqps?://[!-~]+)?$",
        description="amqp://USER@HOST:PORT/VHOST; empty: in this process",
    )  # fmt: skip
    password_file: Path | None = None


class Web(Section):
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    base_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^http://[!-~]+$",
        description="where relying parties look; stands in certificates",
    )


class Tokens(Section):
    """The PKCS#11 device: one token, one privilege. PINs are files."""

    module: Path = Path("/usr/lib/softhsm/libsofthsm2.so")
    ca: str = "bot-ca"
    subjects: str = "bot-subjects"
    post: str = "bot-post"
    pins: Path = Path("pins")


class Trust(Section):
    """Whose signatures on dossiers can be believed."""

    roots: Path = Field(Path("trust/roots"), description="folder of trust anchors, PEM or DER")
    intermediates: Path = Path("trust/intermediates")
    addresses: tuple[str, ...] = Field(
        (), description="URL prefixes where revocation data may be fetched; nothing else is"
    )
    fetch_seconds: float = Field(10, gt=0)
    fetch_limit: int = Field(20 * MEGABYTE, gt=0, description="bytes of one answer")
    patience_hours: float = Field(
        4, ge=0, le=30 * 24, description="how long unreachable revocation data is retried"
    )


class Sandbox(Section):
    """Limits of a child that opens hostile bytes."""

    seconds: float = Field(20, gt=0, description="of CPU; four times that by the clock")
    memory: int = Field(
        512 * 1024 * 1024, gt=0, description="bytes of address space beyond a warm start"
    )
    children: int = Field(2, ge=1)


class Issuing(Section):
    """What certificates say of keys and validity, and how often the CRL comes."""

    issuer_name: Name = "CA trình diễn cho giải pháp ký số tập trung"
    algorithm: KeyAlgorithm = KeyAlgorithm.RSA_3072
    validity_years: int = Field(3, ge=1, le=5)
    crl_hours: float = Field(24, gt=0, le=366 * 24, description="nextUpdate − thisUpdate")
    crl_every_hours: float = Field(
        6, gt=0, validate_default=True, description="a CRL at least this often"
    )

    @field_validator("crl_every_hours")
    @classmethod
    def _before_the_last_lapses(cls, hours: float, info: ValidationInfo) -> float:
        if hours >= info.data.get("crl_hours", hours + 1):
            raise ValueError("Must be less than issuing.crl_hours: the list would lapse")
        return hours


class Rules(Section):
    """Numbers and words the rules go by."""

    freshness_days: int = Field(30, ge=1)
    addressee: tuple[str, ...] = Field(
        (), description="accepted «Kính gửi»; the authority's name is always accepted"
    )
    mail_domains: tuple[str, ...] = ("gov.vn", "edu.vn")
    excluded_titles: tuple[str, ...] = (
        "Hiệu trưởng",
        "Phó Hiệu trưởng",
        "Giám đốc",
        "Phó Giám đốc",
        "Kế toán trưởng",
        "Phụ trách kế toán",
        "Chủ tài khoản",
    )


class Accounts(Section):
    credentials: Literal["split", "email"] = Field(
        "split",
        description="split: the slip is encrypted and its passcode goes by SMS to the "
        "subscriber's own phone; email: the slip is not encrypted and no SMS is sent",
    )
    activation_days: int = Field(14, ge=1, le=366)
    activation_attempts: int = Field(5, ge=1)


# nothing of it goes over the net in the clear
SAFE_URL = r"https://[!-~]*[!-.0-~]|http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?"


class Callbacks(Section):
    """The listener that a carrier calls back, behind a public address of ours."""

    host: str = "127.0.0.1"
    port: int = Field(8081, ge=0, le=65535)
    base_url: str = Field(
        "", pattern=rf"^({SAFE_URL})?$",
        description="as the carrier calls it, and signs it; empty: the carrier is asked instead",
    )  # fmt: skip


class Twilio(Section):
    """An account at Twilio. Its secrets are files."""

    account: str = Field("", pattern=r"^(AC[0-9a-f]{32})?$", description="account SID")
    api_key: str = Field(
        "", pattern=r"^(SK[0-9a-f]{32})?$", description="SID; empty: the auth token is used"
    )
    api_key_file: Path | None = Field(None, description="holds the key's secret")
    auth_token_file: Path | None = Field(None, description="it also signs every callback")
    messaging_service: str = Field("", pattern=r"^(MG[0-9a-f]{32})?$")
    sender: str = Field(
        "", pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z][0-9A-Za-z &_-]{0,10})?$",
        description="E.164, short code or registered name; instead of messaging_service",
    )  # fmt: skip
    number: str = Field(
        "", pattern=r"^(\+[1-9][0-9]{6,14})?$", description="where people write to (E.164)"
    )
    address: str = Field("https://api.twilio.com", pattern=rf"^({SAFE_URL})$")
    seconds: float = Field(10, gt=0, le=60, description="for Twilio to connect, and to answer")

    @property
    def secret_file(self) -> Path | None:
        """What logs in: the secret of the API key, or else the auth token."""
        return self.api_key_file if self.api_key else self.auth_token_file


class Sms(Section):
    """The short channel."""

    carrier: Literal["file", "twilio"] = Field("file", description="file: a folder under home")
    accents: bool = Field(False, description="an accented message is up to three parts long")
    parts: int = Field(1, ge=1, le=10, description="a message may take; each is paid for")
    inbound: Literal["off", "callback", "polling"] = "off"
    callbacks: Callbacks = Callbacks()
    twilio: Twilio = Twilio()

    @model_validator(mode="after")
    def _works(self) -> "Sms":
        for wrong, says in self._faults():
            if wrong:
                raise ValueError(says)
        return self

    def _faults(self) -> Iterator[tuple[bool, str]]:
        twilio, called = self.twilio, bool(self.callbacks.base_url)
        inbound = self.inbound != "off"
        yield self.accents and self.parts < 3, "With sms.accents, sms.parts must be 3 or more"
        if self.carrier == "file":
            yield called, 'sms.callbacks needs sms.carrier = "twilio"'
            yield inbound, 'sms.inbound needs sms.carrier = "twilio"'
            return
        ways = [twilio.messaging_service, twilio.sender]
        yield not twilio.account, "sms.twilio.account is missing"
        yield ways.count("") != 1, "Set sms.twilio.messaging_service or sms.twilio.sender, not both"
        if twilio.api_key:
            yield twilio.secret_file is None, "sms.twilio.api_key_file is missing"
        yield twilio.secret_file is None, "sms.twilio.auth_token_file or api_key is missing"
        signed = twilio.auth_token_file is not None
        yield called and not signed, "sms.callbacks.base_url needs sms.twilio.auth_token_file"
        yield self.inbound == "callback" and not called, "sms.callbacks.base_url is missing"
        yield inbound and not twilio.number, "sms.inbound needs sms.twilio.number"


class Settings(BaseSettings):
    """Everything that can be set. Relative paths lie under `home`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=DELIMITER, extra="forbid", frozen=True
    )

    home: Path = Path("var")
    terms: Terms = Terms.OFFICIAL
    calendar: Path = Field(
        Path("calendar.toml"), description="swap days that the holiday calendar lacks"
    )
    authority: Authority = Authority()
    mailboxes: Mailboxes = Mailboxes()
    database: Database = Database()
    broker: Broker = Broker()
    door: Door = Door()
    submission: Submission = Submission()
    web: Web = Web()
    tokens: Tokens = Tokens()
    trust: Trust = Trust()
    sandbox: Sandbox = Sandbox()
    issuing: Issuing = Issuing()
    rules: Rules = Rules()
    accounts: Accounts = Accounts()
    sms: Sms = Sms()

    def under_home(self, path: Path) -> Path:
        """`path` itself when absolute, else below `home`."""
        return (self.home / path).absolute()

    @staticmethod
    def load(file: Path | None = None) -> "Settings":
        """Read `file` (TOML), or `bot.toml` here if it exists; variables win.

        Raises:
            Misconfigured: naming the first setting that is wrong.
        """
        toml = file or Path("bot.toml")
        if file and not file.is_file():
            raise Misconfigured(f"{file} is no file.", "Write it, or leave --config out.")
        require_understood(Settings, os.environ)

        class FromFile(Settings):
            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                dotenv_settings: PydanticBaseSettingsSource,
                file_secret_settings: PydanticBaseSettingsSource,
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return env_settings, TomlConfigSettingsSource(settings_cls, toml)

        try:
            return FromFile()
        except ValidationError as error:
            raise _wrong(error, toml) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{toml} is not TOML: {error}.", "Mend the file.") from None


def _wrong(error: ValidationError, toml: Path) -> Misconfigured:
    """The first thing that is wrong, named as people write it."""
    first = error.errors()[0]
    name = ".".join(part for part in first["loc"] if isinstance(part, str))
    if first["type"] == "extra_forbidden":
        return unknown(f"{name} in {toml}", nearest(name, dict(names(Settings))))
    says = first["msg"].removeprefix("Value error, ")
    return Misconfigured(f"Setting {name}: {says}.", f"Mend it in {toml} or in {variable(name)}.")
