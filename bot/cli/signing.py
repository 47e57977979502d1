"""An order from the command line: composed, signed and stored as a mail that came in.

The bot obeys it as any other order, and only then is the outcome known; so what
an officer types and what they mail go the same way and leave the same evidence.
"""

import asyncio
import mimetypes
import os
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path

import typer
from cryptography import x509

from bot import app
from bot.cli.by import By
from bot.cli.outcome import tell, wait_for
from bot.cli.output import fail
from bot.cli.register import register
from bot.clock import HANOI
from bot.config import Settings
from bot.home import Home
from bot.inbox.archive import Archive
from bot.inbox.intake import Intake
from bot.outbox.cms import PrivateKey
from bot.outbox.signed import multipart_signed
from bot.procedures.telling import officers_at
from bot.register.connection import clock
from bot.register.lifecycle import Role
from bot.register.models import Mail, Officer

POLICY = SMTP.clone(cte_type="7bit")


def order(settings: Settings, text: str, by: By) -> None:
    """Sign `text`, whose first line is an order, and let the bot obey it.

    Ends the command with 1 if nothing came of it, 75 if the bot has not looked
    at it within `by.wait` seconds.
    """
    key = by.open_key()
    files = [(path.name, _content(path)) for path in by.evidence or []]
    code = asyncio.run(_ordered(settings, text, files, key, by))
    if code:
        raise typer.Exit(code)


async def _ordered(
    settings: Settings,
    text: str,
    files: Sequence[tuple[str, bytes]],
    key: PrivateKey,
    by: By,
) -> int:
    async with register(settings):
        officer = await whose(key, await clock())
        raw = await asyncio.to_thread(composed, settings, officer, text, files, key, app.utc_now())
        mail = await _stored(settings, officer, raw)
        found = await wait_for(mail, by.wait)
        return await tell(mail, found, as_json=by.as_json)


async def whose(key: PrivateKey, now: datetime) -> Officer:
    """The officer in force whose registered certificate is of `key`; ends the command else."""
    async for officer in officers_at(now).exclude(role=Role.WATCH):
        certificate = x509.load_der_x509_certificate(bytes(officer.certificate or b""))
        if certificate.public_key() == key.public_key():
            return officer
    raise fail(
        "This key is of no officer who may order.",
        "See `bot officer list`: somebody must register its certificate (`bot officer add`).",
    )


def composed(
    settings: Settings,
    officer: Officer,
    text: str,
    files: Sequence[tuple[str, bytes]],
    key: PrivateKey,
    now: datetime,
) -> bytes:
    """The mail that orders `text`, as the officer's mail program would send it. Uses the key."""
    entity = EmailMessage(policy=POLICY)
    entity.set_content(text, charset="utf-8", cte="base64")
    for name, content in files:
        kind, _ = mimetypes.guess_type(name)
        maintype, _, subtype = (kind or "application/octet-stream").partition("/")
        entity.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    del entity["MIME-Version"]  # the message has it; a part does not
    head = EmailMessage(policy=POLICY)
    head["From"] = Address(officer.name, addr_spec=officer.mailbox)
    head["To"] = Address(addr_spec=settings.mailboxes.official[0])
    head["Subject"] = text.partition("\n")[0]
    head["Date"] = format_datetime(now.astimezone(HANOI))
    head["Message-ID"] = make_msgid(domain=officer.mailbox.partition("@")[2])
    headers = b"".join(POLICY.fold_binary(name, value) for name, value in head.items())
    certificate = x509.load_der_x509_certificate(bytes(officer.certificate or b""))
    return headers + multipart_signed(entity.as_bytes(), key, certificate, (), now)


async def _stored(settings: Settings, officer: Officer, raw: bytes) -> Mail:
    archive = Archive(Home(settings).archive)
    await asyncio.to_thread(_put, archive, raw)
    intake = Intake(archive, clock, settings.mailboxes.precheck)
    return await intake.store(raw, settings.mailboxes.official[0], officer.mailbox)


def _put(archive: Archive, raw: bytes) -> None:
    """Into the archive; what root puts there is its owner's, or the bot could not read it."""
    path = archive.path(archive.put(raw))
    if os.geteuid() == 0:
        owner = archive.folder.stat()
        for made in (path, path.parent):
            os.chown(made, owner.st_uid, owner.st_gid)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
