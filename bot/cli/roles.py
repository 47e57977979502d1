"""`bot run`, and its parts as processes of their own."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

import typer

from bot import app
from bot.cli.output import err
from bot.config import Settings
from bot.home import Home
from bot.inbox.imap_sweep import folder_url
from bot.procedures.services import OCSP_PATH
from bot.register.connection import clock
from bot.register.tasks import Queue
from bot.supervisor import watched
from bot.tools import tools


def run(context: typer.Context) -> None:
    """Run the whole bot in this process: door, web, relay and workers; Ctrl-C stops it."""
    asyncio.run(_until_stopped(_run(context.obj)))


def door(context: typer.Context) -> None:
    """Take mail, or fetch it (IMAP), and keep it before it is acknowledged. Any number may run."""
    asyncio.run(_until_stopped(_door(context.obj)))


def relay(context: typer.Context) -> None:
    """Send what is due to the workers, through the broker. Any number may run."""
    asyncio.run(_until_stopped(_relay(context.obj)))


def worker(
    context: typer.Context,
    queue: Annotated[
        list[Queue],
        typer.Option(
            help="urgent: the CRL (token ca) · ca: certificates (tokens ca and subjects) · "
            "vet: mails and letters (no token) · post: notices (token post). May be repeated."
        ),
    ],
) -> None:
    """Do the work of one or more queues. Any number may run; SIGTERM lets it finish first."""
    asyncio.run(_until_stopped(_worker(context.obj, list(dict.fromkeys(queue)))))


def web(context: typer.Context) -> None:
    """Serve the CRL, the CA's certificate and OCSP (token ocsp). Any number may run.

    While register or token are away, everything but OCSP is served.
    """
    asyncio.run(_until_stopped(_web(context.obj)))


def callbacks(context: typer.Context) -> None:
    """Hear from the carrier what became of messages, and what people write. Any number may run."""
    asyncio.run(_until_stopped(_callbacks(context.obj)))


async def _until_stopped(role: AbstractAsyncContextManager[str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with role as says, watched():
        err.print(says, highlight=False, soft_wrap=True)
        await stop.wait()


@asynccontextmanager
async def _run(settings: Settings) -> AsyncIterator[str]:
    home = Home(settings)
    async with app.embedded(settings) as running:
        yield (
            f"{_at_door(settings, running.door)}\n{_at_web(settings, running.web)}\n"
            f"mail out: {home.maildir}\nSMS out: {home.sms}"
        )


@asynccontextmanager
async def _door(settings: Settings) -> AsyncIterator[str]:
    async with app.opened(settings), app.receiving(settings) as port:
        yield _at_door(settings, port)


@asynccontextmanager
async def _relay(settings: Settings) -> AsyncIterator[str]:
    carriers = app.carriers(settings, Queue)
    async with app.opened(settings):
        await app.go_round(await clock())
        async with app.relaying(carriers, app.FAR_AHEAD):
            yield "relaying"


@asynccontextmanager
async def _worker(settings: Settings, queues: list[Queue]) -> AsyncIterator[str]:
    carriers = app.carriers(settings, queues)
    async with (
        app.opened(settings),
        tools(settings, queues) as made,
        app.working(settings, carriers, made),
    ):
        yield f"working: {', '.join(queues)}"


@asynccontextmanager
async def _web(settings: Settings) -> AsyncIterator[str]:
    async with app.serving(settings) as port, app.opened_in_time(settings):
        yield _at_web(settings, port)


@asynccontextmanager
async def _callbacks(settings: Settings) -> AsyncIterator[str]:
    async with app.opened(settings), app.called_back(settings) as port:
        called = settings.sms.callbacks
        yield f"calls to {called.base_url}: http://{called.host}:{port}"


def _at_door(settings: Settings, port: int) -> str:
    official = ", ".join(settings.mailboxes.official)
    listens = f"mail for {official}: {settings.door.protocol}://{settings.door.host}:{port}"
    fetched = [f"mail fetched: {folder_url(account)}" for account in settings.imap.accounts]
    return "\n".join([listens, *fetched])


def _at_web(settings: Settings, port: int) -> str:
    web = f"http://{settings.web.host}:{port}"
    return f"CRL and CA certificate: {web}/pki/\nOCSP: {web}{OCSP_PATH}"
