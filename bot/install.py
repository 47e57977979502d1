"""`bot init`: tokens, keys and certificates of a new house. Repeating it changes nothing.

The CA is a subordinate: its key is made on the token, `pki/ca.csr` goes to the
root above it, and the root's answer is imported. For demonstrations a root is
made here, and its key forgotten when it has signed.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from dateutil.relativedelta import relativedelta
from tortoise.transactions import in_transaction

from bot import tools
from bot.ca import ceremony
from bot.ca.signing import PrivateKey
from bot.clock import SWAP_DAYS
from bot.config import Settings
from bot.errors import Refused
from bot.files import replace, write_once
from bot.home import Home, addresses, pin_file
from bot.hsm import softhsm
from bot.hsm.keys import KeyExists, find_key, generate_key, generate_secret
from bot.hsm.subject_keys import generate_kek
from bot.procedures.power.acts import OfficerEntry
from bot.procedures.power.enrolment import NothingToChange, Right
from bot.procedures.power.officers import enrol_officer, governing
from bot.procedures.telling import officers_at
from bot.register import connection
from bot.register.lifecycle import Role
from bot.sections.authority import KeyAlgorithm

ROOT_LIFE = relativedelta(years=20)
CA_LIFE = relativedelta(years=10)
MAIL_LIFE = relativedelta(years=5)
SERVICE_KEY = KeyAlgorithm.RSA_3072  # of the CA and of outgoing mail: every reader verifies it
RESPONDER_NAME = "OCSP"
DEMO_ROOT_NAME = "Root CA trình diễn"


class EnoughGovern(Refused):
    """As many govern as must sign: they name who else does."""

    code = "officer.enough"


def make_tokens(settings: Settings) -> Iterator[str]:
    """SoftHSM tokens with random PINs, unless the PINs of a real device stand there already.

    Yields:
        What was made, a phrase each.
    """
    chosen = settings.tokens
    labels = (chosen.ca, chosen.subjects, chosen.ocsp, chosen.post)
    pins = {label: pin_file(settings, label) for label in labels}
    if not all(path.exists() for path in pins.values()):
        softhsm.initialise(Home(settings) / "softhsm", pins, settings.tokens.module)
        yield f"SoftHSM tokens {', '.join(labels)}"


def make_keys(settings: Settings) -> Iterator[str]:
    """The keys of every token that lacks them."""
    chosen = settings.tokens
    ca, subjects, ocsp, post = (
        tools.token(settings, label)
        for label in (chosen.ca, chosen.subjects, chosen.ocsp, chosen.post)
    )
    makers: dict[str, Callable[[], object]] = {
        "CA key": lambda: generate_key(ca, tools.CA_KEY, SERVICE_KEY),
        "key-encryption key": lambda: generate_kek(subjects, tools.SUBJECTS_KEK),
        "OCSP responder's key": lambda: generate_key(ocsp, tools.OCSP_KEY, KeyAlgorithm.EC_P256),
        "mail-signing key": lambda: generate_key(post, tools.MAIL_KEY, SERVICE_KEY),
        "passcode secret": lambda: generate_secret(post, tools.PASSCODE_SECRET),
    }
    for name, make in makers.items():
        try:
            make()
        except KeyExists:
            continue
        yield name


def make_request(settings: Settings) -> Iterator[str]:
    """`pki/ca.csr`, for the root above."""
    home = Home(settings)
    if not home.ca_request.exists():
        name = ceremony.authority_name(settings.authority.name, settings.issuing.issuer_name)
        request = ceremony.request(name, _ca_key(settings))
        write_once(home.ca_request, request.public_bytes(Encoding.PEM))
        yield f"certificate request {home.ca_request}"


def make_demo_root(settings: Settings, now: datetime) -> Iterator[str]:
    """A root of our own, its answer to the request, and nothing left to sign with."""
    home = Home(settings)
    if home.ca_certificate.exists():
        return
    request = x509.load_pem_x509_csr(home.ca_request.read_bytes())
    key = ec.generate_private_key(ec.SECP384R1())
    name = ceremony.authority_name(settings.authority.parent, DEMO_ROOT_NAME)
    root = ceremony.make_root(name, key, not_before=now, not_after=now + ROOT_LIFE)
    answer = ceremony.certify(request, root, key, not_before=now, not_after=now + CA_LIFE)
    _save(home.root_certificate, root)
    yield f"demonstration root {home.root_certificate}"
    yield from accept_answer(settings, answer, now)


def accept_answer(settings: Settings, answer: x509.Certificate, now: datetime) -> Iterator[str]:
    """The root's answer becomes the CA's certificate; then OCSP and outgoing mail get their own.

    Raises:
        AnswerUnfit: it is no certificate for our CA key.
    """
    home = Home(settings)
    key = _ca_key(settings)
    _save(home.ca_certificate, ceremony.accept(answer, key.public_key(), now))
    yield f"CA certificate {home.ca_certificate}"
    yield from _certify_responder(settings, answer, key, now)
    yield from _certify_mail(settings, answer, key, now)


def _certify_responder(
    settings: Settings, issuer: x509.Certificate, key: PrivateKey, now: datetime
) -> Iterator[str]:
    """The first one; later ones the bot makes by itself (`bot.procedures.status.delegate`)."""
    home = Home(settings)
    ocsp = tools.token(settings, settings.tokens.ocsp)
    not_before = max(now, issuer.not_valid_before_utc)
    life = relativedelta(days=settings.issuing.responder_days)
    certificate = ceremony.certify_responder(
        ceremony.authority_name(settings.authority.name, RESPONDER_NAME),
        find_key(ocsp, tools.OCSP_KEY).public_key(),
        issuer,
        key,
        not_before=not_before,
        not_after=min(not_before + life, issuer.not_valid_after_utc),
    )
    _save(home.ocsp_certificate, certificate)
    yield f"OCSP responder's certificate {home.ocsp_certificate}"


def _certify_mail(
    settings: Settings, issuer: x509.Certificate, key: PrivateKey, now: datetime
) -> Iterator[str]:
    home = Home(settings)
    post = tools.token(settings, settings.tokens.post)
    not_before = max(now, issuer.not_valid_before_utc)
    certificate = ceremony.certify_mail_signer(
        ceremony.authority_name(settings.authority.name, settings.mailboxes.sender),
        settings.mailboxes.sender,
        find_key(post, tools.MAIL_KEY).public_key(),
        issuer,
        key,
        addresses(settings),
        not_before=not_before,
        not_after=min(not_before + MAIL_LIFE, issuer.not_valid_after_utc),
    )
    _save(home.services / f"{certificate.serial_number:x}.cer", certificate)
    _save(home.mail_certificate, certificate)
    yield f"mail-signing certificate {home.mail_certificate}"


def make_folders(settings: Settings) -> Iterator[str]:
    """The calendar file and the trust store's folders."""
    calendar = settings.under_home(settings.calendar)
    if not calendar.exists():
        write_once(calendar, SWAP_DAYS.encode())
        yield f"calendar {calendar}"
    for folder in (settings.trust.roots, settings.trust.intermediates):
        settings.under_home(folder).mkdir(parents=True, exist_ok=True)


async def name_officer(settings: Settings, asked: OfficerEntry, now: datetime) -> list[str]:
    """Who runs the bot names the first officers: one who is told, and those who govern.

    A new house has nobody to propose them; and where certificates have ended, so
    that fewer govern than must sign, nobody else could help.

    Raises:
        EnoughGovern: officers themselves name who governs now.
        Refused: as `enrol_officer`.
    """
    async with connection.opened(Home(settings).register), in_transaction():
        needed = settings.officers.signatures
        if asked.role is Role.WATCH and await officers_at(now).exists():
            return []
        governors = await governing(now)
        try:
            await enrol_officer(asked, Right("operator.named"), needed, now)
        except NothingToChange:
            return []
        if len(governors) >= max(needed, 1):
            raise EnoughGovern
    return [f"officer {asked.mailbox}"]


def _ca_key(settings: Settings) -> PrivateKey:
    return find_key(tools.token(settings, settings.tokens.ca), tools.CA_KEY)


def _save(path: Path, certificate: x509.Certificate) -> None:
    replace(path, certificate.public_bytes(Encoding.DER))
