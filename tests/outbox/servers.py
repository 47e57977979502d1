"""How the bot is set for a mail server, and what came out of it."""

import asyncio
from pathlib import Path
from typing import Any

from bot.config import Settings
from bot.outbox.submission import SubmissionTransport
from bot.sections.authority import Mailboxes
from bot.sections.servers import Submission
from demo.peers.postfix import Postfix
from tests.outbox.scripted import Scripted
from tests.outbox.world import SENDER


def to_postfix(server: Postfix, *, password: str = "", **changes: Any) -> SubmissionTransport:
    """As an operator sets it up: STARTTLS, login, the server's root."""
    right = {
        "host": "localhost",
        "port": server.submission,
        "ca_file": server.ca_file,
        "login": server.login,
        "password_file": Path("in.no.file"),
    }
    sender = changes.pop("sender", SENDER)
    return _transport(right | changes, password or server.password, sender)


def to_script(server: Scripted, **changes: Any) -> SubmissionTransport:
    """In the clear and without login, unless `changes` say more."""
    return _transport({"host": "127.0.0.1", "port": server.port, "tls": "none"} | changes, "x")


def _transport(submission: Any, password: str, sender: str = SENDER) -> SubmissionTransport:
    settings = Settings(submission=Submission(**submission), mailboxes=Mailboxes(sender=sender))
    return SubmissionTransport(settings, password)


async def arrived(server: Postfix, message_id: str, copies: int = 1) -> list[bytes]:
    """The mails of that Message-ID, as soon as there are as many; CRLF, transport headers first."""
    wanted = f"Message-ID: {message_id}\n".encode()
    async with asyncio.timeout(10):
        while True:
            mails = [file.read_bytes() for file in (server.maildir / "new").glob("*")]
            found = [mail for mail in mails if wanted in mail]
            if len(found) >= copies:
                return [mail.replace(b"\n", b"\r\n") for mail in found]
            await asyncio.sleep(0.01)
