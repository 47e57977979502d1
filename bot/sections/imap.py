"""Official mailboxes that are behind IMAP."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from bot.sections.section import Mailbox, Section

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Account(Section):
    """One mailbox, on any server."""

    mailbox: Mailbox = Field(description="ours: one of those in `mailboxes`")
    host: str = Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")
    port: int = Field(993, ge=1, le=65535)
    tls: Literal["implicit", "starttls", "none"] = Field(
        "implicit", description="none: the server is on this machine"
    )
    ca_file: Path | None = Field(
        None, description="PEM; the only authorities believed; unset: the system's"
    )
    login: str = Field("", pattern=r"^[!-~]{0,128}$", description="empty: the mailbox")
    token_command: tuple[str, ...] = Field(
        (), description="prints an access token (XOAUTH2), instead of a password"
    )
    folder: str = Field("INBOX", min_length=1, max_length=64)
    done: str = Field("", max_length=64, description="where to move mails; empty: they stay")

    @field_validator("tls")
    @classmethod
    def _never_in_the_clear(cls, tls: str, info: ValidationInfo) -> str:
        if tls == "none" and info.data.get("host") not in LOOPBACK:
            raise ValueError("Nothing goes over the net without TLS")
        return tls

    @field_validator("done")
    @classmethod
    def _elsewhere(cls, done: str, info: ValidationInfo) -> str:
        if done and done == info.data.get("folder"):
            raise ValueError("Must be another folder")
        return done

    @property
    def user(self) -> str:
        return self.login or self.mailbox


class Imap(Section):
    """Where mail is fetched, and how often."""

    accounts: tuple[Account, ...] = ()
    passwords: Path = Field(
        Path("imap"), description="folder: an account's password is in a file named as its mailbox"
    )
    idle_seconds: float = Field(300, gt=0, le=1740, description="until IDLE is said anew")
    poll_seconds: float = Field(60, gt=0, description="between looks, where the server has no IDLE")
    sweep_seconds: float = Field(
        3600, gt=0, description="until all of a folder is compared with the register"
    )
    timeout: float = Field(60, gt=0, description="seconds that a server may say nothing")
    token_seconds: float = Field(30, gt=0, description="for a token command")
    first_retry_seconds: float = Field(1, gt=0, description="after trouble; doubled each time")
    last_retry_seconds: float = Field(
        300, gt=0, description="between tries at most; and at once when a login is refused"
    )
