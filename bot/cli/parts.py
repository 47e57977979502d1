"""What `bot doctor` looks at outside the register: folders, tokens, certificates, trust."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from cryptography import x509
from dateutil.relativedelta import relativedelta

from bot import tools
from bot.config import KeyAlgorithm, Settings, template_folder
from bot.errors import Misconfigured
from bot.home import Home, read_calendar, read_certificate
from bot.hsm.keys import find_key, mac
from bot.hsm.subject_keys import SubjectKeys
from bot.signatures.trust import TrustStore

FREE_SPACE = 1_000_000_000  # bytes
OK = "ok"


@dataclass(frozen=True)
class Check:
    """`says` begins with "ok", or is what is wrong; `remedy` is what to do about it."""

    part: str
    says: str
    remedy: str = ""


def _home(settings: Settings, now: datetime) -> None:
    home = Home(settings)
    if not home.path.is_dir():
        _wrong(f"{home.path} does not exist.", "Run `bot init`.")
    if shutil.disk_usage(home.path).free < FREE_SPACE:
        _wrong(f"Less than 1 GB is free under {home.path}.", "Make room: mail is kept there.")


def _templates(settings: Settings, now: datetime) -> None:
    if not template_folder().is_dir():
        _wrong("The templates are missing.", "Install the package again.")


def _calendar(settings: Settings, now: datetime) -> None:
    path = settings.under_home(settings.calendar)
    if not path.exists():
        _wrong(f"{path} is missing.", "Run `bot init`; it writes an example.")
    read_calendar(settings)


def _ca_token(settings: Settings, now: datetime) -> None:
    key = find_key(tools.token(settings, settings.tokens.ca), tools.CA_KEY)
    if key.public_key() != read_certificate(Home(settings).ca_certificate).public_key():
        _wrong(
            "The CA key is not the one that the CA certificate is for.",
            "See that tokens.ca names the token of the ceremony, or import that key's "
            "certificate: bot init --answer FILE",
        )


def _subjects_token(settings: Settings, now: datetime) -> None:
    keys = SubjectKeys(tools.token(settings, settings.tokens.subjects), tools.SUBJECTS_KEK)
    with keys.unwrapped(keys.generate(KeyAlgorithm.EC_P256)):
        pass  # it has signed: that is how it is proved


def _post_token(settings: Settings, now: datetime) -> None:
    post = tools.token(settings, settings.tokens.post)
    key = find_key(post, tools.MAIL_KEY)
    mac(post, tools.PASSCODE_SECRET, b"doctor")
    home = Home(settings)
    if key.public_key() != read_certificate(home.mail_certificate).public_key():
        _wrong("The mail key is not the one that its certificate is for.", _certify_mail(home))


def _certificates(settings: Settings, now: datetime) -> None:
    home = Home(settings)
    ca = read_certificate(home.ca_certificate).not_valid_after_utc
    if ca <= now:
        _wrong("The CA certificate has expired.", RENEW_CA)
    years = settings.issuing.validity_years
    if ca < now + relativedelta(years=years, seconds=-1):  # as `issue` would have it
        _wrong(
            f"The CA certificate ends on {ca:%Y-%m-%d}, less than {years} years from now: "
            "nothing can be issued.",
            f"{RENEW_CA} Until then lower issuing.validity_years.",
        )
    if read_certificate(home.mail_certificate).not_valid_after_utc <= now:
        _wrong("The mail-signing certificate has expired.", _certify_mail(home))


RENEW_CA = "Let the root above certify pki/ca.csr again, then: bot init --answer FILE"


def _certify_mail(home: Home) -> str:
    return f"Have it certified anew: bot init --answer {home.ca_certificate}"


def _crl(settings: Settings, now: datetime) -> None:
    path = Home(settings).crl
    try:
        next_update = x509.load_der_x509_crl(path.read_bytes()).next_update_utc
    except FileNotFoundError:
        _wrong(f"{path} is not there yet.", "Start the bot: it publishes within seconds.")
    except ValueError:
        _wrong(f"{path} is no CRL.", "Start the bot: it publishes within seconds.")
    if next_update is None or next_update <= now:
        _wrong(f"{path} has lapsed.", "Start the bot; look for clock.behind or hsm in its log.")


def _trust(settings: Settings, now: datetime) -> None:
    store = TrustStore.load(settings.trust, Home(settings).path)
    if not store.roots:
        folder = settings.under_home(settings.trust.roots)
        _wrong("No root is trusted: every signature will be unknown.", f"Put it into {folder}.")
    if not settings.trust.addresses:
        _wrong(
            "No address is allowed for revocation data: nothing can be checked.",
            "Set trust.addresses to the URL prefixes of the agencies' CA.",
        )


def _wrong(what: str, remedy: str) -> NoReturn:
    raise Misconfigured(what, remedy)


LOOKS: dict[str, Callable[[Settings, datetime], None]] = {
    "home": _home,
    "templates": _templates,
    "calendar": _calendar,
    "token ca": _ca_token,
    "token subjects": _subjects_token,
    "token post": _post_token,
    "certificates": _certificates,
    "CRL": _crl,
    "trust": _trust,
}
"""Each raises Misconfigured with what is wrong, and its remedy."""
