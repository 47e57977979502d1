"""`bot doctor`: what is wrong, and how to mend it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from tortoise.exceptions import BaseORMException

from bot import app
from bot.cli import backlog, database, governance
from bot.cli.output import NO, Json, show_list
from bot.cli.parts import OK, OWN_LOOKS, Check, Duty, Look
from bot.cli.peers import PEER_LOOKS
from bot.cli.register import register
from bot.config import Settings
from bot.errors import BotError, Misconfigured, code_of
from bot.register.connection import clock
from bot.register.postgresql import RegisterUnavailable
from bot.register.tasks import Queue

LOOKS = (*OWN_LOOKS, *PEER_LOOKS)
WATCHES_THE_REGISTER = frozenset({Duty.RUN, Duty.RELAY})
OBEYS_OFFICERS = frozenset({Duty.RUN, Duty.VET})


class Role(StrEnum):
    DOOR = "door"
    RELAY = "relay"
    WORKER = "worker"
    WEB = "web"
    CALLBACKS = "callbacks"


def doctor(
    context: typer.Context,
    role: Annotated[
        Role | None,
        typer.Option(help="Look only at what that role needs. Default: all that `bot run` needs."),
    ] = None,
    queue: Annotated[
        list[Queue] | None, typer.Option(help="With --role worker: its queues.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at what the bot needs, with its eyes: files, tokens, servers, register, clock, backlog.

    What waits in the register is looked at for `bot run` and for the relay. Exits
    with 1 if anything is wrong: if what it says of a part does not begin with "ok".
    """
    settings: Settings = context.obj
    duties = _duties(settings, role, queue or [])
    now = app.utc_now()
    checks = [_look(look, settings, now) for look in LOOKS if look.needed_by & duties]
    checks += asyncio.run(_register(settings, duties))
    show_list([asdict(check) for check in checks], as_json=as_json, empty="")
    if not all(check.says.startswith(OK) for check in checks):
        raise typer.Exit(NO)


def _duties(settings: Settings, role: Role | None, queues: Sequence[Queue]) -> frozenset[Duty]:
    if (role is Role.WORKER) != bool(queues):
        raise typer.BadParameter("--role worker and --queue go together")
    if role is Role.WORKER:
        return frozenset(Duty(queue) for queue in queues)
    if role:
        return frozenset({Duty(role)})
    called = bool(settings.sms.callbacks.base_url)
    return frozenset({Duty.RUN, Duty.CALLBACKS} if called else {Duty.RUN})


def _look(look: Look, settings: Settings, now: datetime) -> Check:
    try:
        more = look.see(settings, now)
    except Exception as wrong:
        return _wrong(look.part, wrong)
    return Check(look.part, f"{OK}, {more}" if more else OK)


def _wrong(part: str, wrong: Exception) -> Check:
    if isinstance(wrong, Misconfigured):
        return Check(part, wrong.what, wrong.remedy)
    remedy = "Check the device or the disk."
    if isinstance(wrong, RegisterUnavailable):
        remedy = "See that the database server runs, and that database.url names it."
    return Check(part, f"does not answer ({code_of(wrong)})", remedy)


async def _register(settings: Settings, duties: frozenset[Duty]) -> list[Check]:
    try:
        async with register(settings):
            return [check async for check in _in_register(settings, duties)]
    except (BotError, BaseORMException, sqlite3.Error, OSError) as wrong:
        return [_wrong("register", wrong)]


async def _in_register(settings: Settings, duties: frozenset[Duty]) -> AsyncIterator[Check]:
    yield await database.server()
    yield await database.clocks(app.utc_now)
    now = await clock()
    yield await backlog.clock(now)
    if duties & WATCHES_THE_REGISTER:
        async for check in backlog.look(now):
            yield check
        async for check in governance.look(settings, now):
            yield check
    if duties & OBEYS_OFFICERS:
        async for check in governance.certificates(settings, now):
            yield check
