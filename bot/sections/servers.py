"""Where the bot listens, what it reaches, and how far it trusts and waits."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from bot.sections.section import MEGABYTE, Section


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
    relay: str = Field(
        "", pattern=r"^[A-Za-z0-9.-]{0,253}$",
        description="what our MTA calls itself in Received; it says when a mail was received",
    )  # fmt: skip

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


class Outbox(Section):
    """How much goes out."""

    hourly: int = Field(
        30, ge=1, description="mails to one mailbox; what goes beyond waits, and then goes as one"
    )


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

    @property
    def forms_page(self) -> str:
        """Where anybody gets the blank forms; stands in every mail."""
        return f"{self.base_url.rstrip('/')}/bieu-mau/"


class Tokens(Section):
    """The PKCS#11 device: one token, one privilege. PINs are files."""

    module: Path = Path("/usr/lib/softhsm/libsofthsm2.so")
    ca: str = "bot-ca"
    subjects: str = "bot-subjects"
    ocsp: str = "bot-ocsp"
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
    unattributed: bool = Field(
        True, description="let in S/MIME signatures without signed attributes (RFC 5652 5.3)"
    )
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
