"""`bot doctor`: what is wrong, and how to mend it."""

import asyncio
import sqlite3
from dataclasses import asdict
from datetime import datetime

import typer
from tortoise.exceptions import BaseORMException

from bot import app
from bot.cli import backlog, parts
from bot.cli.output import NO, Json, show_list
from bot.cli.parts import OK, Check
from bot.cli.register import register
from bot.config import Settings
from bot.errors import BotError, Misconfigured, code_of


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Look at settings, tokens, certificates, folders, register, clock and what waits.

    Exits with 1 if anything is wrong: if what it says of a part does not begin with "ok".
    """
    now = app.utc_now()
    checks = [_look(part, context.obj, now) for part in parts.LOOKS]
    checks += asyncio.run(_register(context.obj, now))
    show_list([asdict(check) for check in checks], as_json=as_json, empty="")
    if not all(check.says.startswith(OK) for check in checks):
        raise typer.Exit(NO)


def _look(part: str, settings: Settings, now: datetime) -> Check:
    try:
        parts.LOOKS[part](settings, now)
    except Exception as wrong:
        return _wrong(part, wrong)
    return Check(part, OK)


def _wrong(part: str, wrong: Exception) -> Check:
    if isinstance(wrong, Misconfigured):
        return Check(part, wrong.what, wrong.remedy)
    return Check(part, f"does not answer ({code_of(wrong)})", "Check the device or the disk.")


async def _register(settings: Settings, now: datetime) -> list[Check]:
    try:
        async with register(settings):
            return [check async for check in backlog.look(now)]
    except (BotError, BaseORMException, sqlite3.Error, OSError) as wrong:
        return [_wrong("register", wrong)]
