"""What must be true of a house in the end, however often it was killed on the way."""

import re
import subprocess
from email import message_from_bytes
from email.policy import default
from typing import Any

from cryptography import x509

from bot.accounts.account import activate
from bot.app import utc_now
from bot.config import Settings
from bot.home import Home
from bot.register import audit
from bot.register.audit import Event
from bot.register.lifecycle import CertificateStatus
from bot.register.models import (
    Account,
    Certificate,
    Dossier,
    Item,
    Mail,
    Notice,
    SubjectKey,
    Subscriber,
    Task,
)


async def facts(settings: Settings) -> dict[str, Any]:
    """The same for every run, killed or not."""
    home = Home(settings)
    valid = await Certificate.filter(status=CertificateStatus.VALID)
    burnt = [one.serial for one in await Certificate.filter(status=CertificateStatus.BURNT)]
    return {
        "mails": await Mail.all().values_list("status", flat=True),
        "dossiers": await Dossier.all().values_list("number", "status"),
        "items": await Item.all().order_by("position").values_list("status", flat=True),
        "valid": [one.item_id for one in valid],
        "keys of the valid": await SubjectKey.filter(certificates__status="valid").count(),
        "keys": await SubjectKey.all().count(),
        "subscribers": await Subscriber.all().count(),
        "accounts": await Account.all().count(),
        "signing": await Certificate.filter(status=CertificateStatus.SIGNING).count(),
        "at most one burnt": len(burnt) <= 1,
        "burnt not in CRL": sorted(set(burnt) - _listed(home)),
        "notices": sorted(await Notice.all().values_list("kind", "channel", "status")),
        "mails out": len(list((home.maildir / "new").iterdir())),
        "SMS out": len(list(home.sms.glob("*.txt"))),
        "still to do": await Task.exclude(kind__in=["publish", "result"]).values_list(
            "kind", "last_error"
        ),
        "broken chains": [
            chain
            for chain in set(await Event.all().values_list("chain", flat=True))
            async for _ in audit.broken(str(chain))
        ],
        "activated": await _activate(settings),
    }


def _listed(home: Home) -> set[str]:
    path = home.ca_certificate.parent / "ca.crl"
    if not path.exists():
        return set()
    return {f"{one.serial_number:x}" for one in x509.load_der_x509_crl(path.read_bytes())}


async def _activate(settings: Settings) -> int:
    """How many credential mails open an account: the subscriber tries each."""
    home = Home(settings)
    passcodes = [
        code
        for path in home.sms.glob("*")
        for code in re.findall(r"\b[A-Z2-9]{12}\b", path.read_text())
    ]
    opened = 0
    for path in (home.maildir / "new").iterdir():
        message = message_from_bytes(path.read_bytes(), policy=default)
        for part in message.walk():
            if part.get_content_type() == "application/pdf":
                slip = part.get_payload(decode=True)
                for code in {code for one in passcodes for code in _codes(bytes(slip), one)}:
                    await activate(message["To"], code, limits=settings.accounts, now=utc_now())
                    opened += 1
    return opened


def _codes(slip: bytes, passcode: str) -> list[str]:
    read = subprocess.run(
        ["pdftotext", "-upw", passcode, "-", "-"], input=slip, capture_output=True
    )
    return re.findall(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b", read.stdout.decode())
