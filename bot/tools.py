"""What the hands of each queue work with: tokens, keys and ways out, from the settings.

A process that works for one queue logs in to the tokens of that queue and to
no other; PINs that it does not need may be out of its reach.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from typing import Any

import httpx

from bot.config import Settings, template_folder
from bot.dossier.ruleset import require_known
from bot.home import Home, addresses, pin_file, read_calendar, read_certificate, read_secret
from bot.hsm import softhsm
from bot.hsm.keys import find_key, mac
from bot.hsm.subject_keys import SubjectKeys
from bot.hsm.token import Module, Token
from bot.inbox.archive import Archive
from bot.outbox.delivery import Post
from bot.outbox.enclosures import Enclosures
from bot.outbox.handouts import Handouts
from bot.outbox.maildir import MaildirTransport
from bot.outbox.mailer import Mailer
from bot.outbox.render import Renderer
from bot.outbox.submission import SubmissionTransport
from bot.outbox.transport import Transport
from bot.procedures.services import Issuer, Issuing, Publishing, Responding, Vetting
from bot.register.tasks import Queue
from bot.sandbox import Sandbox
from bot.signatures.examine import PRELOAD, Examiner
from bot.signatures.revocation import Fetcher
from bot.signatures.trust import Policy, TrustStore
from bot.sms.folder import FileGateway
from bot.sms.gateway import Gateway
from bot.sms.twilio import Twilio

CA_KEY = "ca"
SUBJECTS_KEK = "kek"
OCSP_KEY = "ocsp"
MAIL_KEY = "mail"
PASSCODE_SECRET = "passcode"  # noqa: S105 - a label, not a secret

Tools = Mapping[Queue, Any]


def token(settings: Settings, label: str) -> Token:
    """This process's login to one token.

    Raises:
        Misconfigured: the module or the file with its PIN cannot be read.
    """
    pin = read_secret(settings, pin_file(settings, label), f"The PIN of token {label}")
    return Token(module(settings), label, pin)


def module(settings: Settings) -> Module:
    """The device's library.

    Raises:
        Misconfigured: it cannot be loaded.
    """
    if (Home(settings) / "softhsm").is_dir():
        softhsm.use(Home(settings) / "softhsm")
    return Module.load(settings.tokens.module)


@asynccontextmanager
async def tools(settings: Settings, queues: Iterable[Queue]) -> AsyncIterator[Tools]:
    """The tools of `queues`.

    Raises:
        Misconfigured: naming the setting and the remedy.
    """
    async with AsyncExitStack() as stack:
        yield {queue: await _MAKERS[queue](settings, stack) for queue in queues}


async def _vetting(settings: Settings, stack: AsyncExitStack) -> Vetting:
    home = Home(settings)
    require_known(settings.rules)
    sandbox = Sandbox(settings.sandbox, PRELOAD)
    stack.push_async_callback(sandbox.close)
    fetcher = await stack.enter_async_context(Fetcher(settings.trust))
    policy = Policy(unattributed=settings.trust.unattributed)
    return Vetting(
        settings=settings,
        calendar=read_calendar(settings),
        archive=Archive(home.archive),
        examiner=Examiner(sandbox, TrustStore.load(settings.trust, home.path), fetcher, policy),
    )


def _issuer(settings: Settings) -> Issuer:
    ca = token(settings, settings.tokens.ca)
    return Issuer(
        read_certificate(Home(settings).ca_certificate),
        find_key(ca, CA_KEY),
        addresses(settings),
        require_key=partial(find_key, ca, CA_KEY),
    )


async def _publishing(settings: Settings, stack: AsyncExitStack) -> Publishing:
    client = await stack.enter_async_context(outside())
    return Publishing(settings, _issuer(settings), Home(settings).published, client)


def outside() -> httpx.AsyncClient:
    """A client that stands where relying parties do: it follows nobody and knows no proxy."""
    return httpx.AsyncClient(trust_env=False, headers={"Accept-Encoding": "identity"})


def responding(settings: Settings) -> Responding:
    """What the web answers OCSP requests with; its key is found when it is needed first.

    Raises:
        Misconfigured: the module or the PIN of the token `ocsp` cannot be read.
    """
    ocsp = token(settings, settings.tokens.ocsp)
    return Responding(settings, Home(settings).published, cache(partial(find_key, ocsp, OCSP_KEY)))


async def _issuing(settings: Settings, _: AsyncExitStack) -> Issuing:
    subjects = token(settings, settings.tokens.subjects)
    return Issuing(settings, _issuer(settings), SubjectKeys(subjects, SUBJECTS_KEK))


async def _post(settings: Settings, _: AsyncExitStack) -> Post:
    home = Home(settings)
    post = token(settings, settings.tokens.post)
    issuer = read_certificate(home.ca_certificate)
    own = read_certificate(home.mail_certificate)
    return Post(
        settings=settings,
        renderer=Renderer(settings, template_folder()),
        mailer=Mailer(settings, find_key(post, MAIL_KEY), own, (issuer,)),
        transport=transport(settings),
        gateway=gateway(settings),
        mac=partial(mac, post, PASSCODE_SECRET),
        enclosures=Enclosures(Archive(home.archive), Handouts(settings)),
        calendar=read_calendar(settings),
    )


def transport(settings: Settings) -> Transport:
    """How mail leaves.

    Raises:
        Misconfigured: the server's password or authorities cannot be read.
    """
    submission = settings.submission
    if not submission.host:
        return MaildirTransport(Home(settings).maildir)
    if not submission.password_file:
        return SubmissionTransport(settings)
    what = "The mail server's password"
    return SubmissionTransport(settings, read_secret(settings, submission.password_file, what))


def gateway(settings: Settings) -> Gateway:
    """How short messages leave.

    Raises:
        Misconfigured: the carrier's secret cannot be read.
    """
    secret_file = settings.sms.twilio.secret_file
    if settings.sms.carrier == "file" or secret_file is None:
        return FileGateway(Home(settings).sms)
    return Twilio(settings.sms, read_secret(settings, secret_file, "Twilio's secret"))


_MAKERS: Mapping[Queue, Callable[[Settings, AsyncExitStack], Awaitable[Any]]] = {
    Queue.URGENT: _publishing,
    Queue.CA: _issuing,
    Queue.VET: _vetting,
    Queue.POST: _post,
}
