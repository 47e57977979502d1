"""The short channel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from bot.sections.section import Section

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
