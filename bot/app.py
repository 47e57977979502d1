"""The composition root: settings in, processes of the bot out. Nothing else wires anything.

`receiving`, `relaying`, `working`, `serving` and `called_back` are the roles;
`embedded` is all of them in one process. Each runs while its block does.
"""

import asyncio
import fcntl
import socket
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import dramatiq
import structlog
import uvicorn
from starlette.applications import Starlette
from tortoise.transactions import in_transaction

from bot import actors, broker, callbacks, web
from bot.config import Settings
from bot.errors import Misconfigured, Unavailable
from bot.home import Home, read_secret, with_password
from bot.inbox.archive import Archive
from bot.inbox.imap import collecting
from bot.inbox.intake import Intake
from bot.inbox.smtpd import SmtpDoor
from bot.inbox.starttls import context as starttls
from bot.mailboxes import collectors
from bot.outbox.handouts import Handouts
from bot.procedures.status.publish import REGULAR
from bot.procedures.status.respond import Responder
from bot.register import connection, tasks
from bot.register.connection import clock
from bot.register.models import Task
from bot.register.tasks import Kind, Queue
from bot.relay import relay
from bot.sms.twilio_callbacks import Callbacks
from bot.tools import Tools, responding, tools

log = structlog.get_logger()

STOPS_WITHIN = 100  # milliseconds until an idle worker thread notices that it shall stop
DRAINS_WITHIN = 600_000  # milliseconds for what is under way
THREADS = 32  # blocking calls at a time: a mail is not kept waiting by a key that is made
ASKS_AGAIN = 5  # seconds until a register that did not answer is asked again
HANDS = 2  # of a queue in one process; vetters are as many as children that open files
AHEAD, FAR_AHEAD = 8, 64  # messages of a queue on the way: to one process, to any number

Carriers = Mapping[Queue, dramatiq.Broker]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Running:
    """A running bot and the ports it really listens on."""

    settings: Settings
    tools: Tools
    door: int
    web: int


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[Running]:
    """The whole bot in this process and on this loop.

    Raises:
        Misconfigured: something is missing, or another bot runs on this home.
    """
    if settings.broker.url:
        raise Misconfigured(
            "broker.url is set: the bot runs as separate processes.",
            "Start them (bot door, relay, worker, web), or take broker.url out.",
        )
    home = Home(settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(_only_one(home / "bot.lock"))
        await stack.enter_async_context(opened(settings))
        made = await stack.enter_async_context(tools(settings, Queue))
        await begin(settings, await clock())
        site = await stack.enter_async_context(serving(settings))
        if settings.sms.callbacks.base_url:
            await stack.enter_async_context(called_back(settings))
        carriers = {queue: broker.connect("", tasks.HAND_OVER) for queue in Queue}
        await stack.enter_async_context(working(settings, carriers, made))
        await stack.enter_async_context(relaying(carriers, AHEAD))
        port = await stack.enter_async_context(receiving(settings))
        yield Running(settings, made, port, site)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[None]:
    """The register, and threads for what blocks: what every process of the bot begins with."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    async with connection.opened(Home(settings).register):
        yield


@asynccontextmanager
async def opened_in_time(settings: Settings) -> AsyncIterator[None]:
    """The register, as soon as it can be opened; the block does not wait for it."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))

    async def keep_open() -> None:
        while True:
            try:
                async with connection.opened(Home(settings).register):
                    await asyncio.Event().wait()  # until the block ends
            except (Unavailable, Misconfigured) as error:
                log.warning("register.away", code=error.code)
            await asyncio.sleep(ASKS_AGAIN)

    keeping = asyncio.create_task(keep_open())
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def begin(settings: Settings, now: datetime) -> None:
    """Call for what comes round. A file has one owner: what an earlier one held is free."""
    if not settings.database.url:
        await tasks.release_all()
    await go_round(now)


async def go_round(now: datetime) -> None:
    """Call for what comes round by itself, now, whatever an earlier clock said."""
    async with in_transaction():
        for kind in (Kind.PUBLISH, Kind.COLLECT):
            await tasks.call(kind, REGULAR, due=now)
            await Task.filter(kind=kind, subject=REGULAR).update(due_at=now)


def carriers(settings: Settings, queues: Iterable[Queue]) -> Carriers:
    """The broker that separate processes share.

    Raises:
        Misconfigured: the settings name none, or no password for it.
    """
    chosen = settings.broker
    if not chosen.url:
        raise Misconfigured(
            "broker.url is empty: no other process can be reached.",
            "Set it (amqp://…), or run the whole bot in one process: bot run",
        )
    url = chosen.url
    if chosen.password_file:
        password = read_secret(settings, chosen.password_file, "The broker's password")
        url = with_password(url, password)
    elif urlsplit(url).username and urlsplit(url).password is None:
        raise Misconfigured(
            "broker.url names a user without a password.", "Set broker.password_file."
        )
    return {queue: broker.connect(url, tasks.HAND_OVER) for queue in queues}


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Misconfigured(
                f"Another bot runs on {lock.parent}.", "Stop it, or set another `home`."
            ) from None
        yield


@asynccontextmanager
async def receiving(settings: Settings) -> AsyncIterator[int]:
    """The doors: who listens, and who fetches; the port that is listened on."""
    kept = Intake(Archive(Home(settings).archive), clock, settings.mailboxes.precheck)
    ours = [*settings.mailboxes.official, settings.mailboxes.precheck]
    tls = None
    if settings.door.certificate and settings.door.key:
        tls = starttls(
            settings.under_home(settings.door.certificate), settings.under_home(settings.door.key)
        )
    door = SmtpDoor(settings.door, ours, kept.store, tls)
    async with door.listening(), collecting(collectors(settings, kept)):
        yield door.port


@asynccontextmanager
async def relaying(carriers: Carriers, ahead: int) -> AsyncIterator[None]:
    """The relay."""
    running = asyncio.create_task(relay(carriers, ahead, clock))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def working(settings: Settings, carriers: Carriers, made: Tools) -> AsyncIterator[None]:
    """Workers for the queues of `made`; in the end what is under way is finished.

    Each queue has its own hands, so that slow work of one holds up no other.
    """
    broker.share(asyncio.get_running_loop())
    workers = []
    for queue, given in made.items():
        actors.declare(carriers[queue], queue, given, clock)
        hands = settings.sandbox.children if queue is Queue.VET else HANDS
        workers.append(
            dramatiq.Worker(carriers[queue], worker_threads=hands, worker_timeout=STOPS_WITHIN)
        )
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        await asyncio.gather(*(asyncio.to_thread(worker.stop, DRAINS_WITHIN) for worker in workers))


class _WebServer(uvicorn.Server):
    """Leaves signals to the application."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[int]:
    """The web; the port it listens on. Without the register it only lacks OCSP.

    Raises:
        Misconfigured: the module or the PIN of the token `ocsp` cannot be read.
    """
    responder = Responder(responding(settings), clock)
    pages = web.site(Home(settings).published, Handouts(settings), responder, utc_now)
    async with _listening(settings.web.host, settings.web.port, pages) as port:
        yield port


def signed_calls(settings: Settings) -> Callbacks:
    """How the carrier's calls are told from anybody else's.

    Raises:
        Misconfigured: it has no address to call, or the auth token cannot be read.
    """
    sms = settings.sms
    if not sms.callbacks.base_url or not sms.twilio.auth_token_file:
        raise Misconfigured(
            "sms.callbacks.base_url is empty: the carrier calls nobody.",
            "Set it, or do without `bot callbacks`: the carrier is asked instead.",
        )
    token = read_secret(settings, sms.twilio.auth_token_file, "Twilio's auth token")
    return Callbacks(sms.callbacks.base_url, token)


@asynccontextmanager
async def called_back(settings: Settings) -> AsyncIterator[int]:
    """What the carrier calls; the port it listens on. Needs the register.

    Raises:
        Misconfigured: as `signed_calls` says.
    """
    sms = settings.sms
    pages = callbacks.site(signed_calls(settings), clock, inbound=sms.inbound == "callback")
    async with _listening(sms.callbacks.host, sms.callbacks.port, pages) as port:
        yield port


@asynccontextmanager
async def _listening(host: str, port: int, pages: Starlette) -> AsyncIterator[int]:
    listener = socket.create_server((host, port))
    config = uvicorn.Config(
        pages, log_config=None, access_log=False, lifespan="off", server_header=False
    )
    server = _WebServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
