"""The composition root: settings in, a wired house out. Nothing else wires anything."""

import asyncio
import fcntl
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dramatiq
import uvicorn
from tortoise.transactions import in_transaction

from bot import actors, broker, web
from bot.config import Settings, template_folder
from bot.errors import Misconfigured
from bot.home import Home, addresses, pin_file, read_calendar, read_certificate, read_secret
from bot.hsm import softhsm
from bot.hsm.keys import find_key, mac
from bot.hsm.subject_keys import SubjectKeys
from bot.hsm.token import Module, Token
from bot.inbox import intake
from bot.inbox.archive import Archive
from bot.inbox.smtpd import SmtpDoor
from bot.outbox.delivery import Post
from bot.outbox.mailer import Mailer
from bot.outbox.render import Renderer
from bot.outbox.transport import MaildirTransport
from bot.procedures.publish import REGULAR
from bot.procedures.services import Issuer, Services
from bot.register import connection, tasks
from bot.register.models import Task
from bot.register.tasks import Queue
from bot.sandbox import Sandbox
from bot.signatures.examine import PRELOAD, Examiner
from bot.signatures.revocation import Fetcher
from bot.signatures.trust import TrustStore
from bot.sms.gateway import FileGateway

CA_KEY = "ca"
SUBJECTS_KEK = "kek"
MAIL_KEY = "mail"
PASSCODE_SECRET = "passcode"  # noqa: S105 - a label, not a secret
STOPS_WITHIN = 100  # milliseconds until an idle worker thread notices that it shall stop
THREADS = 32  # blocking calls at a time: a mail is not kept waiting by a key that is made


def utc_now() -> datetime:
    return datetime.now(UTC)


def token(settings: Settings, label: str) -> Token:
    """This process's login to one token.

    Raises:
        Misconfigured: the module or the file with its PIN cannot be read.
    """
    if (Home(settings) / "softhsm").is_dir():
        softhsm.use(Home(settings) / "softhsm")
    pin = read_secret(settings, pin_file(settings, label), f"The PIN of token {label}")
    return Token(Module.load(settings.tokens.module), label, pin)


@asynccontextmanager
async def services(settings: Settings) -> AsyncIterator[Services]:
    """Everything the procedures need, from the tokens to the way out.

    Raises:
        Misconfigured: naming the setting and the remedy.
    """
    home = Home(settings)
    issuer = read_certificate(home.ca_certificate)
    trust = TrustStore.load(settings.trust, home.path)
    ca, subjects, post = (
        token(settings, label)
        for label in (settings.tokens.ca, settings.tokens.subjects, settings.tokens.post)
    )
    async with AsyncExitStack() as stack:
        sandbox = Sandbox(settings.sandbox, PRELOAD)
        stack.push_async_callback(sandbox.close)
        fetcher = await stack.enter_async_context(Fetcher(settings.trust))
        mail_certificate = read_certificate(home.mail_certificate)
        yield Services(
            settings=settings,
            calendar=read_calendar(settings),
            archive=Archive(home.archive),
            examiner=Examiner(sandbox, trust, fetcher),
            issuer=Issuer(
                issuer,
                find_key(ca, CA_KEY),
                addresses(settings),
                home.published,
                require_key=partial(find_key, ca, CA_KEY),
            ),
            subjects=SubjectKeys(subjects, SUBJECTS_KEK),
            post=Post(
                settings=settings,
                renderer=Renderer(settings, template_folder()),
                mailer=Mailer(settings, find_key(post, MAIL_KEY), mail_certificate, (issuer,)),
                transport=MaildirTransport(home.maildir),
                gateway=FileGateway(home.sms),
                mac=partial(mac, post, PASSCODE_SECRET),
            ),
        )


@dataclass(frozen=True)
class Running:
    """A running bot and the ports it really listens on."""

    services: Services
    door: int
    web: int


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[Running]:
    """The whole bot in this process and on this loop, while the block runs.

    Raises:
        Misconfigured: something is missing, or another bot runs on this home.
    """
    home = Home(settings)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    async with AsyncExitStack() as stack:
        stack.enter_context(_only_one(home / "bot.lock"))
        await stack.enter_async_context(connection.opened(home.register))
        wired = await stack.enter_async_context(services(settings))
        await begin(utc_now())
        site = await stack.enter_async_context(_web(settings, home.published))
        await stack.enter_async_context(_working(wired))
        door = SmtpDoor(
            settings.door,
            frozenset(settings.mailboxes.official),
            lambda raw, mailbox, sender: intake.store(
                wired.archive, raw, mailbox=mailbox, envelope_from=sender, now=utc_now()
            ),
        )
        await stack.enter_async_context(door.listening())
        yield Running(wired, door.port, site)


async def begin(now: datetime) -> None:
    """One process owns this register: what an earlier one held is free, and the CRL goes round."""
    await tasks.release_all()
    async with in_transaction():
        await tasks.call(tasks.Kind.PUBLISH, REGULAR, due=now)
        # now, whatever an earlier clock said
        await Task.filter(kind=tasks.Kind.PUBLISH, subject=REGULAR).update(due_at=now)


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
async def _working(wired: Services) -> AsyncIterator[None]:
    carrier = broker.embedded(asyncio.get_running_loop())
    declared = actors.declare(carrier, wired, utc_now)
    # as many vetters as children that open files: nobody waits for a child with a lease in hand
    hands = dict.fromkeys(Queue, 2) | {Queue.VET: wired.settings.sandbox.children}
    worker = dramatiq.Worker(
        carrier, worker_threads=sum(hands.values()), worker_timeout=STOPS_WITHIN
    )
    worker.start()
    relay = asyncio.create_task(actors.relay(declared, hands, utc_now))
    try:
        yield
    finally:
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay
        await asyncio.to_thread(worker.stop)


class _WebServer(uvicorn.Server):
    """Leaves signals to the application."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _web(settings: Settings, published: Path) -> AsyncIterator[int]:
    listener = socket.create_server((settings.web.host, settings.web.port))
    pages = web.site(published, utc_now)
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
