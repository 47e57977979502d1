"""Settings: `bot.toml` in the working folder, or `BOT_…` variables.

Every number, word list or date that the law may change, or that is our own
judgement, stands here with its default. Secrets are never values: a PIN is
named by the file that holds it.
"""

import os
import tomllib
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.errors import Misconfigured
from bot.sections.authority import (
    Accounts,
    Authority,
    Issuing,
    Mailboxes,
    Reminders,
    Rules,
    Terms,
)
from bot.sections.imap import Imap
from bot.sections.officers import Officers
from bot.sections.servers import (
    Broker,
    Database,
    Door,
    Outbox,
    Sandbox,
    Submission,
    Tokens,
    Trust,
    Web,
)
from bot.sections.sms import Sms
from bot.variables import DELIMITER, PREFIX, names, nearest, require_understood, unknown, variable


def template_folder() -> Path:
    """Where `templates/` lies: inside the package in a wheel, beside it in a checkout."""
    return _carried("templates")


def guide_file() -> Path:
    """The guide for agencies, Markdown; it lies likewise."""
    return _carried("docs") / "so-tay-co-quan.md"


def _carried(name: str) -> Path:
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name


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
    imap: Imap = Imap()
    submission: Submission = Submission()
    outbox: Outbox = Outbox()
    web: Web = Web()
    tokens: Tokens = Tokens()
    trust: Trust = Trust()
    sandbox: Sandbox = Sandbox()
    issuing: Issuing = Issuing()
    rules: Rules = Rules()
    accounts: Accounts = Accounts()
    reminders: Reminders = Reminders()
    officers: Officers = Officers()
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
