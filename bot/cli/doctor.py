"""`bot doctor`: what is wrong, and how to mend it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NoReturn

import typer
from cryptography import x509
from tortoise.exceptions import BaseORMException

from bot import app
from bot.cli.output import NO, Json, show_list
from bot.config import Settings, template_folder
from bot.errors import BotError, Misconfigured, code_of
from bot.home import Home, read_calendar, read_certificate
from bot.hsm.keys import find_key, mac
from bot.register import audit, connection
from bot.register.models import Agency, Officer, Task
from bot.signatures.trust import TrustStore

FREE_SPACE = 1_000_000_000  # bytes
OK = "ok"


@dataclass(frozen=True)
class Check:
    """`says` is "ok" or what is wrong; `remedy` is what to do about it."""

    part: str
    says: str
    remedy: str = ""


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Look at settings, tokens, certificates, folders, register and clock.

    Exits with 1 if anything is wrong.
    """
    checks = asyncio.run(_all(context.obj))
    show_list([asdict(check) for check in checks], as_json=as_json, empty="")
    if any(check.says != OK for check in checks):
        raise typer.Exit(NO)


async def _all(settings: Settings) -> list[Check]:
    now = app.utc_now()
    checks = [_try(part, look, settings, now) for part, look in LOOKS.items()]
    return [*checks, *[check async for check in _register(settings, now)]]


def _try(
    part: str, look: Callable[[Settings, datetime], None], settings: Settings, now: datetime
) -> Check:
    try:
        look(settings, now)
    except Misconfigured as wrong:
        return Check(part, wrong.what, wrong.remedy)
    except (BotError, OSError) as wrong:
        return Check(part, f"does not answer ({code_of(wrong)})", "Check the device or the disk.")
    return Check(part, OK)


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
    find_key(app.token(settings, settings.tokens.ca), app.CA_KEY)


def _subjects_token(settings: Settings, now: datetime) -> None:
    with app.token(settings, settings.tokens.subjects).session():
        pass


def _post_token(settings: Settings, now: datetime) -> None:
    post = app.token(settings, settings.tokens.post)
    find_key(post, app.MAIL_KEY)
    mac(post, app.PASSCODE_SECRET, b"doctor")


def _certificates(settings: Settings, now: datetime) -> None:
    home = Home(settings)
    for path in (home.ca_certificate, home.mail_certificate):
        if read_certificate(path).not_valid_after_utc <= now:
            _wrong(f"{path} has expired.", "Renew it at the root above.")


def _crl(settings: Settings, now: datetime) -> None:
    path = Home(settings).crl
    try:
        next_update = x509.load_der_x509_crl(path.read_bytes()).next_update_utc
    except (OSError, ValueError):
        _wrong(f"{path} is not there yet.", "Start the bot: it publishes within seconds.")
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


async def _register(settings: Settings, now: datetime) -> AsyncIterator[Check]:
    try:
        async with connection.opened(Home(settings).register):
            for part, says, remedy in [line async for line in _rows(now)]:
                yield Check(part, says, remedy)
    except (BaseORMException, OSError) as wrong:
        yield Check("register", f"cannot be opened ({code_of(wrong)})", "Check the file's rights.")


async def _rows(now: datetime) -> AsyncIterator[tuple[str, str, str]]:
    yield "register", OK, ""
    officers = OK if await Officer.exists() else "No officer is registered."
    yield "officers", officers, "" if officers == OK else "Run `bot init --officer-mailbox …`."
    agencies = OK if await Agency.exists() else "No agency is registered."
    yield "agencies", agencies, "" if agencies == OK else "Run `bot agency add --help`."
    parked = await Task.filter(parked_at__isnull=False).count()
    yield (
        ("tasks", f"{parked} given up.", "Officers were told of each by mail, with its code.")
        if parked
        else ("tasks", OK, "")
    )
    try:
        await audit.require_clock(now)
        yield "clock", OK, ""
    except audit.ClockBehind:
        yield "clock", "The clock stands before the last event.", "Set it right (timedatectl)."


def _wrong(what: str, remedy: str) -> NoReturn:
    raise Misconfigured(what, remedy)
