"""What `bot doctor` looks at outside the register: folders, tokens, certificates, trust."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import NoReturn

from cryptography import x509
from dateutil.relativedelta import relativedelta

from bot import tools
from bot.ca.inquiry import is_delegated
from bot.ca.signing import sign_bytes, verify_bytes
from bot.clock import HANOI
from bot.config import Settings, template_folder
from bot.errors import Misconfigured
from bot.home import Home, read_calendar, read_certificate
from bot.hsm.keys import find_key, mac
from bot.hsm.subject_keys import SubjectKeys
from bot.sections.authority import KeyAlgorithm
from bot.signatures.trust import TrustStore

FREE_SPACE = 1_000_000_000  # bytes
OK = "ok"


class Duty(StrEnum):
    """What a process of the bot does: a role, or the work of one queue."""

    RUN = "run"  # everything, in one process
    DOOR = "door"
    RELAY = "relay"
    WEB = "web"
    CALLBACKS = "callbacks"
    URGENT = "urgent"
    CA = "ca"
    VET = "vet"
    POST = "post"


@dataclass(frozen=True)
class Check:
    """`says` begins with "ok", or is what is wrong; `remedy` is what to do about it."""

    part: str
    says: str
    remedy: str = ""


@dataclass(frozen=True)
class Look:
    """A look at one part, for those who need it.

    `see` returns what else is good to know, or raises `Misconfigured` with what
    is wrong and its remedy.
    """

    part: str
    see: Callable[[Settings, datetime], str | None]
    needed_by: frozenset[Duty]


def needed_by(*duties: Duty) -> frozenset[Duty]:
    """Those, and whoever does everything."""
    return frozenset({Duty.RUN, *duties})


def _home(settings: Settings, now: datetime) -> None:
    if not Home(settings).path.is_dir():
        wrong(f"{Home(settings).path} does not exist.", "Run `bot init`.")


def _archive(settings: Settings, now: datetime) -> None:
    folder = Home(settings).archive
    _require_writable(folder if folder.exists() else folder.parent)
    if shutil.disk_usage(folder.parent).free < FREE_SPACE:
        wrong(f"Less than 1 GB is free for {folder}.", "Make room: mail is kept there.")


def _published(settings: Settings, now: datetime) -> None:
    _require_writable(Home(settings).published)


def _require_writable(folder: Path) -> None:
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        wrong(
            f"{folder} cannot be written: {error.strerror}.",
            "Mount or make it, and let the bot's user own it.",
        )


def _templates(settings: Settings, now: datetime) -> None:
    if not template_folder().is_dir():
        wrong("The templates are missing.", "Install the package again.")


def _calendar(settings: Settings, now: datetime) -> str | None:
    path = settings.under_home(settings.calendar)
    if not path.exists():
        wrong(f"{path} is missing.", "Run `bot init`; it writes an example.")
    calendar = read_calendar(settings)
    this_year = now.astimezone(HANOI).year
    for year in (this_year, this_year + 1):
        if not calendar.knows(year):
            wrong(
                f"The holidays of {year} are not known: due times would be wrong.",
                f"Install a newer version of `holidays`, or list them in {path}.",
            )
    missing = [str(one) for one in (this_year, this_year + 1) if not calendar.has_swaps(one)]
    return f"no swap days of {' and '.join(missing)} in the file" if missing else None


def _ca_token(settings: Settings, now: datetime) -> None:
    key = find_key(tools.token(settings, settings.tokens.ca), tools.CA_KEY)
    if key.public_key() != read_certificate(Home(settings).ca_certificate).public_key():
        wrong(
            "The CA key is not the one that the CA certificate is for.",
            "See that tokens.ca names the token of the ceremony, or import that key's "
            "certificate: bot init --answer FILE",
        )


def _subjects_token(settings: Settings, now: datetime) -> None:
    keys = SubjectKeys(tools.token(settings, settings.tokens.subjects), tools.SUBJECTS_KEK)
    with keys.unwrapped(keys.generate(KeyAlgorithm.EC_P256)):
        pass  # it has signed: that is how it is proved


def _ocsp_token(settings: Settings, now: datetime) -> None:
    key = find_key(tools.token(settings, settings.tokens.ocsp), tools.OCSP_KEY)
    home = Home(settings)
    public_key = read_certificate(home.ocsp_certificate).public_key()
    if key.public_key() != public_key:
        wrong("The OCSP responder's key is not the one of its certificate.", _certify_anew(home))
    verify_bytes(public_key, sign_bytes(key, b"doctor"), b"doctor")


def _post_token(settings: Settings, now: datetime) -> None:
    post = tools.token(settings, settings.tokens.post)
    key = find_key(post, tools.MAIL_KEY)
    mac(post, tools.PASSCODE_SECRET, b"doctor")
    home = Home(settings)
    if key.public_key() != read_certificate(home.mail_certificate).public_key():
        wrong("The mail key is not the one that its certificate is for.", _certify_anew(home))


def _ca_certificate(settings: Settings, now: datetime) -> None:
    ends = read_certificate(Home(settings).ca_certificate).not_valid_after_utc
    if ends <= now:
        wrong("The CA certificate has expired.", RENEW_CA)
    years = settings.issuing.validity_years
    if ends < now + relativedelta(years=years, seconds=-1):  # as `issue` would have it
        wrong(
            f"The CA certificate ends on {ends:%Y-%m-%d}, less than {years} years from now: "
            "nothing can be issued.",
            f"{RENEW_CA} Until then lower issuing.validity_years.",
        )


def _mail_certificate(settings: Settings, now: datetime) -> None:
    home = Home(settings)
    if read_certificate(home.mail_certificate).not_valid_after_utc <= now:
        wrong("The mail-signing certificate has expired.", _certify_anew(home))


def _ocsp_certificate(settings: Settings, now: datetime) -> str:
    home = Home(settings)
    certificate = read_certificate(home.ocsp_certificate)
    if not is_delegated(certificate, read_certificate(home.ca_certificate)):
        wrong(f"{home.ocsp_certificate} is none of this CA's.", _certify_anew(home))
    ends = certificate.not_valid_after_utc
    life = ends - certificate.not_valid_before_utc
    if ends - now < life / 4:  # a new one was due when a third was left
        says = "has ended" if ends <= now else "ends and was not made anew"
        wrong(
            f"The OCSP responder's certificate {says} ({ends:%Y-%m-%d}).",
            "Start the bot (relay, and a worker for urgent). Look for responder in its log.",
        )
    return f"until {ends:%Y-%m-%d}"


RENEW_CA = "Let the root above certify pki/ca.csr again, then: bot init --answer FILE"


def _certify_anew(home: Home) -> str:
    return f"Have it certified anew: bot init --answer {home.ca_certificate}"


def _crl(settings: Settings, now: datetime) -> None:
    path = Home(settings).crl
    start = "Start the bot (relay, and a worker for urgent): it publishes within seconds."
    try:
        next_update = x509.load_der_x509_crl(path.read_bytes()).next_update_utc
    except FileNotFoundError:
        wrong(f"{path} is not there yet.", start)
    except OSError as error:
        wrong(f"{path} cannot be read: {error.strerror}.", "Check the folder and its rights.")
    except ValueError:
        wrong(f"{path} is no CRL.", start)
    if next_update is None or next_update <= now:
        wrong(f"{path} has lapsed.", f"{start} Look for clock.behind or hsm in its log.")


def _trust(settings: Settings, now: datetime) -> None:
    store = TrustStore.load(settings.trust, Home(settings).path)
    if not store.roots:
        folder = settings.under_home(settings.trust.roots)
        wrong("No root is trusted: every signature will be unknown.", f"Put it into {folder}.")
    if not settings.trust.addresses:
        wrong(
            "No address is allowed for revocation data: nothing can be checked.",
            "Set trust.addresses to the URL prefixes of the agencies' CA.",
        )


def wrong(what: str, remedy: str) -> NoReturn:
    raise Misconfigured(what, remedy)


OWN_LOOKS = (
    Look("home", _home, needed_by()),
    Look("archive", _archive, needed_by(Duty.DOOR, Duty.VET)),
    Look("published", _published, needed_by(Duty.URGENT)),
    Look("templates", _templates, needed_by(Duty.POST)),
    Look("calendar", _calendar, needed_by(Duty.VET, Duty.POST)),
    Look("trust", _trust, needed_by(Duty.VET)),
    Look("token ca", _ca_token, needed_by(Duty.URGENT, Duty.CA)),
    Look("token subjects", _subjects_token, needed_by(Duty.CA)),
    Look("token ocsp", _ocsp_token, needed_by(Duty.WEB)),
    Look("token post", _post_token, needed_by(Duty.POST)),
    Look("CA certificate", _ca_certificate, needed_by(Duty.URGENT, Duty.CA)),
    Look("OCSP certificate", _ocsp_certificate, needed_by(Duty.URGENT, Duty.WEB)),
    Look("mail certificate", _mail_certificate, needed_by(Duty.POST)),
    Look("CRL", _crl, needed_by(Duty.URGENT, Duty.WEB)),
)
