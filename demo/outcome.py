"""What came out of the house: shown as people read it, and checked from outside."""

import email
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from bot.accounts.account import activate
from bot.app import utc_now
from bot.config import Settings
from bot.home import Home
from bot.register.models import Certificate
from demo.status import Off, chain, is_good, openssl


@dataclass(frozen=True)
class Outside:
    """Where mails and messages end: a Maildir, and whatever shows the messages."""

    maildir: Path
    messages: Callable[[], list[str]]

    @classmethod
    def of(cls, home: Home) -> "Outside":
        """Those of a house that sends to folders."""
        return cls(home.maildir, lambda: [path.read_text() for path in _by_age(home.sms, "*.txt")])

    def mails(self) -> list["Sent"]:
        """The oldest first."""
        return [Sent(path, _parsed(path)) for path in _by_age(self.maildir / "new", "*")]


def _by_age(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)


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


def _parsed(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def show(console: Console, outside: Outside) -> None:
    """Every mail and SMS, in the order they left."""
    for sent in outside.mails():
        title = f"[bold]{sent.subject}[/bold] → {sent.message['To']}"
        console.print(Panel(sent.text.strip(), title=title, subtitle=str(sent.path.name)))
    for message in outside.messages():
        console.print(Panel(message.strip(), title="[bold]SMS[/bold]"))
    console.print(f"The mails lie in {outside.maildir}/new.", soft_wrap=True)


async def check(settings: Settings, outside: Outside) -> list[str]:
    """What other people's tools say of the outcome, a line each.

    Raises:
        Off: something is not as it should be.
    """
    return [
        *[is_good(settings, one) async for one in Certificate.filter(status="valid")],
        *_signed_mails(settings, outside),
        *await _activations(settings, outside),
    ]


def _signed_mails(settings: Settings, outside: Outside) -> list[str]:
    root = chain(settings) / "root.pem"
    for sent in outside.mails():
        said = openssl("cms", "-verify", "-in", sent.path, "-CAfile", root, "-out", "/dev/null")
        if "CMS Verification successful" not in said:
            raise Off(f"openssl cms -verify: {sent.path.name}")
    return [f"openssl cms -verify: {len(outside.mails())} mails OK"]


async def _activations(settings: Settings, outside: Outside) -> list[str]:
    """The subscriber's side: the SMS opens the slip, the slip's code opens the account.

    Somebody who got several slips uses the last one, as it says.
    """
    passcodes = [
        found[1]
        for message in outside.messages()
        if (found := re.search(r": ([A-Z2-9-]{10,}) ", message))
    ]
    slips = {str(sent.message["To"]): sent for sent in outside.mails() if sent.slip}
    lines = []
    for login, sent in slips.items():
        text = _read_slip(sent.slip or b"", passcodes)
        code = re.search(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b", text)
        if not code:
            raise Off(f"no activation code on the slip in {sent.path.name}")
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
