"""What came out of the house: shown as people read it, and checked from outside."""

import email
import re
import subprocess
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rich.console import Console
from rich.panel import Panel

from bot.accounts.account import activate
from bot.app import utc_now
from bot.config import Settings
from bot.home import Home
from bot.register.lifecycle import CertificateStatus
from bot.register.models import Certificate


@dataclass(frozen=True)
class Sent:
    """One mail of the Maildir."""

    path: Path
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body else ""

    @property
    def slip(self) -> bytes | None:
        """The attached PDF, if there is one."""
        for part in self.message.walk():
            if part.get_content_type() == "application/pdf":
                return bytes(part.get_payload(decode=True))
        return None


def mails(home: Home) -> list[Sent]:
    paths = sorted((home.maildir / "new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    return [Sent(path, _parsed(path)) for path in paths]


def _parsed(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def short_messages(home: Home) -> list[Path]:
    return sorted(home.sms.glob("*.txt"), key=lambda path: path.stat().st_mtime_ns)


def show(console: Console, home: Home) -> None:
    """Every mail and SMS, in the order they left, and where it lies."""
    for sent in mails(home):
        title = f"[bold]{sent.subject}[/bold] → {sent.message['To']}"
        console.print(Panel(sent.text.strip(), title=title, subtitle=str(sent.path.name)))
    for path in short_messages(home):
        console.print(Panel(path.read_text().strip(), title="[bold]SMS[/bold]", subtitle=path.name))
    console.print(f"Mails lie in {home.maildir}/new, SMS in {home.sms}.", soft_wrap=True)


class Off(Exception):
    """An outside check found something wrong."""


async def check(settings: Settings) -> list[str]:
    """What other people's tools say of the outcome, a line each.

    Raises:
        Off: something is not as it should be.
    """
    home = Home(settings)
    return [
        *await _certificates(settings, home),
        *_signed_mails(home),
        *await _activations(settings, home),
    ]


async def _certificates(settings: Settings, home: Home) -> list[str]:
    pki = home / "outside"
    pki.mkdir(exist_ok=True)
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{settings.web.base_url}/pki/ca.crl")
    crl = x509.load_der_x509_crl(answer.content)
    (pki / "ca.crl.pem").write_bytes(crl.public_bytes(Encoding.PEM))
    for name, path in (("root", home.root_certificate), ("ca", home.ca_certificate)):
        certificate = x509.load_der_x509_certificate(path.read_bytes())
        (pki / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    lines = []
    for one in await Certificate.filter(status=CertificateStatus.VALID):
        leaf = pki / f"{one.serial}.pem"
        certificate = x509.load_der_x509_certificate(one.der or b"")
        leaf.write_bytes(certificate.public_bytes(Encoding.PEM))
        _openssl(
            "verify", "-x509_strict", "-crl_check", "-CRLfile", str(pki / "ca.crl.pem"),
            "-CAfile", str(pki / "root.pem"), "-untrusted", str(pki / "ca.pem"), str(leaf),
        )  # fmt: skip
        lines.append(f"openssl verify -crl_check: {one.serial[:16]}… OK")
    return lines


def _signed_mails(home: Home) -> list[str]:
    root = home / "outside" / "root.pem"
    for sent in mails(home):
        _openssl("cms", "-verify", "-in", str(sent.path), "-CAfile", str(root), "-out", "/dev/null")
    return [f"openssl cms -verify: {len(mails(home))} mails OK"]


async def _activations(settings: Settings, home: Home) -> list[str]:
    """The subscriber's side: the SMS opens the slip, the slip's code opens the account."""
    passcodes = [
        found[1]
        for path in short_messages(home)
        if (found := re.search(r": ([A-Z2-9-]{10,}) ", path.read_text()))
    ]
    lines = []
    for sent in mails(home):
        if sent.slip:
            text = _read_slip(sent.slip, passcodes)
            code = re.search(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b", text)
            if not code:
                raise Off(f"no activation code on the slip in {sent.path.name}")
            login = str(sent.message["To"])
            await activate(login, code[0], limits=settings.accounts, now=utc_now())
            lines.append(f"accounts.activate: {login} is active")
    return lines


def _read_slip(slip: bytes, passcodes: list[str]) -> str:
    """Its text, opened with the one passcode that fits."""
    for passcode in passcodes:
        done = subprocess.run(
            ["pdftotext", "-layout", "-upw", passcode, "-", "-"], input=slip, capture_output=True
        )
        if done.returncode == 0:
            return done.stdout.decode()
    raise Off("no passcode from the SMS opens the slip")


def _openssl(*words: str) -> None:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    if done.returncode:
        raise Off(f"openssl {words[0]}: {done.stderr.strip()}")
