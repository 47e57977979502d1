"""`bot board`: everything that is open, the most urgent first, live in the terminal."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.text import Text
from tortoise.exceptions import BaseORMException

from bot.cli import health
from bot.cli.board_view import drawn, room_for
from bot.cli.health import Part, Watch
from bot.cli.output import Json, err, out, show_record
from bot.cli.register import in_register, register
from bot.clock import Calendar
from bot.config import Settings
from bot.errors import BotError, code_of
from bot.home import Home, read_calendar
from bot.procedures.overview import ALL, Overview, overview
from bot.register.connection import clock

REFRESH = 2  # seconds

Seen = tuple[Overview, Sequence[Part]]


def board(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Print it once, whole.")] = False,
    as_json: Json = False,
) -> None:
    """Every open dossier by time left, what waits for officers, and how the machine is.

    Shows as many dossiers as fit, until Ctrl-C; into a file or a pipe it is printed once.
    """
    settings: Settings = context.obj
    is_live = out.is_terminal and not (as_json or once)
    calendar, watch = read_calendar(settings), Watch(settings, again=is_live)
    if not is_live:
        view, parts = in_register(settings, _look, settings, calendar, watch.first())
        if as_json:
            show_record(_plain(view, parts), as_json=True)
        else:
            out.print(drawn(view, parts, out.width))
        return
    try:
        asyncio.run(_live(settings, calendar, watch))
    except KeyboardInterrupt:
        err.print("This was only looking: whatever runs goes on.")


async def _look(
    settings: Settings, calendar: Calendar, around: Sequence[Part], most: int = ALL
) -> Seen:
    now = await clock()
    kind = "PostgreSQL" if isinstance(Home(settings).register, str) else "SQLite"
    fetched = await health.last_fetched(settings, now)
    view = await overview(calendar, now, most=most)
    return view, [*around, *fetched, Part("register", kind, "answers")]


async def _live(settings: Settings, calendar: Calendar, watch: Watch) -> None:
    with Live(console=out, screen=True, auto_refresh=False) as live:
        while True:
            try:
                async with register(settings):
                    await _follow(live, settings, calendar, watch)
            except (BotError, BaseORMException, sqlite3.Error, OSError) as wrong:
                says = f"The register does not answer ({code_of(wrong)}). It is asked again."
                live.update(Text(says, style="red"), refresh=True)
            await asyncio.sleep(REFRESH)


async def _follow(live: Live, settings: Settings, calendar: Calendar, watch: Watch) -> None:
    while True:
        room = room_for(out.height)
        view, parts = await _look(settings, calendar, watch.seen, room)
        live.update(drawn(view, parts, out.width), refresh=True)
        await asyncio.sleep(REFRESH)


def _plain(view: Overview, parts: Sequence[Part]) -> dict[str, Any]:
    """The same for scripts: times as such, and seconds that are left."""
    plain = asdict(view)
    for line, dossier in zip(plain["dossiers"], view.dossiers, strict=True):
        line["left_seconds"] = int((dossier.due - view.at).total_seconds())
        line["overdue"] = dossier.due <= view.at
        line["used"] = round(dossier.used, 1)
    return {**plain, "health": [asdict(part) for part in parts]}
