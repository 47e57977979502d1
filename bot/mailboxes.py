"""From settings to the mailboxes that are fetched."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.config import Settings
from bot.errors import Misconfigured
from bot.home import read_secret
from bot.inbox.imap import Collector, Way
from bot.inbox.imap_secret import printed_token
from bot.inbox.intake import Intake, Place
from bot.procedures.mailbox import report_too_big, report_trouble
from bot.register.connection import clock
from bot.sections.imap import Account


def ways(settings: Settings) -> Iterator[Way]:
    """How to get to each account's mailbox.

    Raises:
        Misconfigured: an account is for no mailbox of ours, or its authorities cannot be read.
    """
    boxes = settings.mailboxes
    ours = {*boxes.official, boxes.precheck}
    for account in settings.imap.accounts:
        if account.mailbox not in ours:
            raise Misconfigured(
                f"Setting imap.accounts: {account.mailbox} is no mailbox of ours.",
                "Add it to mailboxes.official, or take the account out.",
            )
        secret = partial(_secret, settings, account)
        tls = _authorities(settings, account)
        yield Way(account, settings.imap, secret, tls, settings.door.size_limit)


def collectors(settings: Settings, intake: Intake) -> list[Collector]:
    """Whoever fetches the mails of each account.

    Raises:
        Misconfigured: as `ways` says.
    """
    return [Collector(way, intake, _tell_trouble, _tell_too_big) for way in ways(settings)]


async def _tell_trouble(mailbox: str, code: str, lasts: timedelta) -> None:
    await report_trouble(mailbox, code, lasts, await clock())


async def _tell_too_big(mailbox: str, place: Place, size: int) -> None:
    await report_too_big(mailbox, place, size, await clock())


def _secret(settings: Settings, account: Account) -> str:
    if account.token_command:
        return printed_token(account.token_command, settings.imap.token_seconds)
    file = settings.imap.passwords / account.mailbox
    return read_secret(settings, file, f"The password of {account.mailbox}")


def _authorities(settings: Settings, account: Account) -> ssl.SSLContext | None:
    if account.tls == "none":
        return None
    file: Path | None = account.ca_file and settings.under_home(account.ca_file)
    try:
        return ssl.create_default_context(cafile=file)
    except OSError:  # ssl.SSLError is one
        raise Misconfigured(
            f"Setting imap.accounts: {file} holds no certificates.", "Export them there as PEM."
        ) from None
