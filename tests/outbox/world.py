"""A post office with everything real: token keys and their chain, a Maildir, a folder of SMS."""

import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bot.clock import SWAP_DAYS, Calendar
from bot.config import Settings, template_folder
from bot.hsm.keys import PublicKey, generate_key, generate_secret, mac
from bot.hsm.token import Token
from bot.inbox.archive import Archive
from bot.outbox.cms import PrivateKey
from bot.outbox.delivery import Post
from bot.outbox.enclosures import Enclosures
from bot.outbox.handouts import Handouts
from bot.outbox.maildir import MaildirTransport
from bot.outbox.mailer import Mailer
from bot.outbox.render import Renderer
from bot.register import audit, tasks
from bot.register.audit import Event
from bot.register.models import Account, Agency, Dossier, Mail, Subscriber
from bot.register.tasks import Kind, Lease, Queue
from bot.sections.authority import KeyAlgorithm
from bot.sms.folder import FileGateway
from tests.outbox.examples import AGENCY, DUE, NOW, NUMBER

SETTINGS = Settings()
SENDER = SETTINGS.mailboxes.sender


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Signer:
    """A mail-signing key, its certificate, and those above it."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    root: x509.Certificate


def a_signer(key: PrivateKey) -> Signer:
    """Root, intermediate and a mail certificate for `key`."""
    root_key, middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Root", root_key.public_key(), "Root", root_key, ca=True)
    middle = _certificate("Middle", middle_key.public_key(), "Root", root_key, ca=True)
    leaf = _certificate("Post", key.public_key(), "Middle", middle_key, ca=False)
    return Signer(key, leaf, (middle,), root)


def a_token_signer(token: Token, algorithm: KeyAlgorithm) -> Signer:
    return a_signer(generate_key(token, f"post {secrets.token_hex(4)}", algorithm))


def _certificate(
    name: str, public_key: PublicKey, issuer: str, issuer_key: PrivateKey, *, ca: bool
) -> x509.Certificate:
    subject, above = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]) for common in (name, issuer)
    )
    usage = dict.fromkeys(
        (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    usage["key_cert_sign" if ca else "digital_signature"] = True
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
    )
    if not ca:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        ).add_extension(x509.SubjectAlternativeName([x509.RFC822Name(SENDER)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def verified(raw: bytes, root: x509.Certificate, folder: Path) -> bytes | None:
    """What OpenSSL takes for signed in `raw`, trusting `root` alone; None when it refuses."""
    (folder / "mail.eml").write_bytes(raw)
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    run = subprocess.run(
        [
            *("openssl", "cms", "-verify", "-purpose", "smimesign"),
            *("-in", folder / "mail.eml", "-CAfile", folder / "root.pem"),
        ],
        capture_output=True,
        check=False,
    )
    return run.stdout if run.returncode == 0 else None


def a_post(token: Token, signer: Signer, folder: Path, **changes: Any) -> Post:
    """Services whose mail goes to `folder`/mail and whose SMS goes to `folder`/sms."""
    label = f"passcodes {secrets.token_hex(4)}"
    generate_secret(token, label)
    settings = changes.pop("settings", SETTINGS)
    post = Post(
        settings=settings,
        renderer=Renderer(settings, template_folder()),
        mailer=Mailer(settings, signer.key, signer.certificate, signer.chain),
        transport=MaildirTransport(folder / "mail"),
        gateway=FileGateway(folder / "sms"),
        mac=partial(mac, token, label),
        enclosures=Enclosures(Archive(folder / "archive"), Handouts(settings)),
        calendar=Calendar.parse(SWAP_DAYS),
    )
    return replace(post, **changes)


def mails(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted((folder / "mail" / "new").glob("*"))]


def messages(folder: Path) -> list[str]:
    return [file.read_text() for file in sorted((folder / "sms").glob("*"))]


async def an_agency() -> Agency:
    return await Agency.create(
        code="CVA",
        name=AGENCY,
        province="Hà Nội",
        organization="SỞ GIÁO DỤC VÀ ĐÀO TẠO HÀ NỘI",
        mailbox="c3chuvanan@hanoiedu.vn",
        registered_at=NOW,
    )


async def a_mail(**changes: Any) -> Mail:
    values: dict[str, Any] = {
        "digest": secrets.token_hex(32),
        "size": 1000,
        "mailbox": SENDER,
        "envelope_from": "c3chuvanan@hanoiedu.vn",
        "message_id": "<AM6PR01MB5432.dossier@hanoiedu.vn>",
        "received_at": NOW,
    }
    return await Mail.create(**values | changes)


async def a_dossier(agency: Agency, mail: Mail) -> Dossier:
    return await Dossier.create(
        number=NUMBER,
        mail=mail,
        place=f"{mail.id}/1",
        agency=agency,
        letter_digest="0" * 64,
        received_at=NOW,
        due_at=DUE,
    )


async def a_subscriber(agency: Agency, **changes: Any) -> Subscriber:
    values: dict[str, Any] = {
        "personal_number": "001190000001",
        "full_name": "Nguyễn Thị Hồng Ánh",
        "mailbox": "ntha@hanoiedu.vn",
        "mobile": "+84912345678",
        "agency": agency,
    }
    return await Subscriber.create(**values | changes)


async def take(kind: Kind, now: datetime = NOW) -> Lease:
    """The lease of the one due task of `kind`, as after a restart."""
    await tasks.release_all()
    leases = [await tasks.begin(one, now) for one in await tasks.lease(now, Queue, most=10)]
    [lease] = [one for one in leases if one and one.kind is kind]
    return lease


async def events(code: str) -> Sequence[Event]:
    return await Event.filter(code=code).order_by("id")


async def all_chains_hold() -> bool:
    chains = set(await Event.all().values_list("chain", flat=True))
    return not [link for chain in chains async for link in audit.broken(str(chain))]


async def account_of(subscriber: Subscriber) -> Account:
    return await Account.get(subscriber=subscriber)
