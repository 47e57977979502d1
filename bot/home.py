"""Where everything lies under `home`, and what is read from there."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from cryptography import x509

from bot.ca.profiles import Addresses
from bot.clock import Calendar
from bot.config import Settings
from bot.errors import Misconfigured
from bot.procedures.services import (
    CERTIFICATE_FILE,
    CRL_FILE,
    OCSP_PATH,
    RESPONDER_FILE,
    SERVICES_FOLDER,
)


@dataclass(frozen=True)
class Home:
    """The places under `home`."""

    settings: Settings

    @property
    def path(self) -> Path:
        return self.settings.home.absolute()

    def __truediv__(self, name: str | Path) -> Path:
        return self.path / name

    @property
    def register(self) -> Path | str:
        """A file of SQLite's, or the URL of a server with its password.

        Raises:
            Misconfigured: the password cannot be read.
        """
        database = self.settings.database
        if not database.url:
            return self / "register.sqlite3"
        if not database.password_file:
            return database.url
        password = read_secret(self.settings, database.password_file, "The database's password")
        return with_password(database.url, password)

    @property
    def archive(self) -> Path:
        return self / "archive"

    @property
    def root_certificate(self) -> Path:
        return self / "pki/root.cer"

    @property
    def ca_request(self) -> Path:
        return self / "pki/ca.csr"

    @property
    def mail_certificate(self) -> Path:
        return self / "pki/mail.cer"

    @property
    def published(self) -> Path:
        """The folder that the web serves."""
        return self / "published"

    @property
    def ca_certificate(self) -> Path:
        return self.published / CERTIFICATE_FILE

    @property
    def services(self) -> Path:
        """Every certificate that our own services had, named by its serial number (hex)."""
        return self.published / SERVICES_FOLDER

    @property
    def ocsp_certificate(self) -> Path:
        return self.published / RESPONDER_FILE

    @property
    def crl(self) -> Path:
        return self.published / CRL_FILE

    @property
    def maildir(self) -> Path:
        return self / "outgoing/mail"

    @property
    def sms(self) -> Path:
        return self / "outgoing/sms"


def with_password(url: str, password: str) -> str:
    """`url` with the password of its user."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def addresses(settings: Settings) -> Addresses:
    """Where relying parties look, as certificates say it."""
    base = settings.web.base_url.rstrip("/")
    return Addresses(
        f"{base}/pki/{CRL_FILE}", f"{base}/pki/{CERTIFICATE_FILE}", f"{base}{OCSP_PATH}"
    )


def pin_file(settings: Settings, label: str) -> Path:
    """The file that holds the PIN of the token `label`."""
    return settings.under_home(settings.tokens.pins) / label


def read_secret(settings: Settings, path: Path, what: str) -> str:
    """The one line of a secret's file; relative paths lie under `home`.

    Raises:
        Misconfigured: it cannot be read. `what` is whose secret it is.
    """
    path = settings.under_home(path)
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        remedy = "Write the file (mode 0600), readable by this user."
        raise Misconfigured(f"{what} is not in {path}.", remedy) from None


def read_certificate(path: Path) -> x509.Certificate:
    """One certificate, PEM or DER: ours, or one that somebody hands us.

    Raises:
        Misconfigured: the file cannot be read, or holds none.
    """
    try:
        content = path.read_bytes()
        if content.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except FileNotFoundError:
        remedy = "Check the path; `bot init` makes the bot's own certificates."
        raise Misconfigured(f"{path} does not exist.", remedy) from None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.", "Check it.") from None
    except ValueError:
        raise Misconfigured(f"{path} holds no certificate.", "Export it as PEM or DER.") from None


def read_calendar(settings: Settings) -> Calendar:
    """The working days, with the override file if there is one.

    Raises:
        Misconfigured: the file is no calendar.
    """
    path = settings.under_home(settings.calendar)
    try:
        return Calendar.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return Calendar()
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(f"{path} cannot be read.", "Mend or delete it.") from None
