"""The way out that is a mail server (RFC 6409): one connection, one recipient, one message.

What goes wrong is sorted by who must act. 4xx, silence and lost connections:
nobody, it is tried again. 5xx: if every recipient would get that answer, the
operator; an officer, if it is about this recipient or this message.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from aiosmtplib import SMTP, SMTPConnectError, SMTPException, SMTPResponseException

from bot.config import Settings
from bot.errors import Misconfigured
from bot.outbox.transport import RecipientRefused, ServerMisconfigured, TransportUnavailable

REFERENCE = 128  # characters
GOODBYE = 2  # seconds for the answer to QUIT, on which nothing depends

QUEUED = re.compile(r"\bqueued as (\w+)", re.ASCII)  # Postfix
# RFC 4954 6: a login or TLS is wanting
UNAUTHENTICATED = frozenset({530, 534, 535, 538})
# RFC 3463 3.8: we may not send there, and 3.2: our address; many servers wait for RCPT to say so
OF_US = re.compile(r"5\.(7\.\d+|1\.[78])\b")

FAULTS: Mapping[str, tuple[str, str]] = {
    "mail.greeting": (
        "does not talk to this machine",
        "Have the server's operator let this machine in.",
    ),
    "mail.ehlo": (
        "does not take the name that this machine says",
        "Set submission.ehlo to its full name.",
    ),
    "mail.starttls": (
        "does not offer STARTTLS",
        'Check submission.port, or set submission.tls to "implicit" and the port for that.',
    ),
    "mail.tls": (
        "does not speak TLS in the way of submission.tls",
        "Check submission.port and submission.tls.",
    ),
    "mail.certificate": (
        "has a certificate that is not to be trusted",
        "Set submission.host to a name in it, and submission.ca_file to the root above it.",
    ),
    "mail.login": (
        "does not take submission.login, or wants one, or TLS first",
        "Check submission.login, submission.password_file and submission.tls.",
    ),
    "mail.sender": (
        "does not let us send from mailboxes.sender to others",
        "Set submission.login, and have the server's operator let it send from that mailbox.",
    ),
}


class SubmissionTransport:
    """Hands each message to `submission.host`, as from `mailboxes.sender`.

    Args:
        password: of `submission.login`.

    Raises:
        Misconfigured: `submission.ca_file` holds no certificate.
    """

    def __init__(self, settings: Settings, password: str = "") -> None:
        self._server = settings.submission
        self._sender = settings.mailboxes.sender
        self._password = password
        self._trust = _trust(settings)

    async def deliver(self, message_id: str, recipient: str, raw: bytes) -> str:
        async with self._opened() as client:
            return await self._send(client, recipient, raw)

    async def check(self) -> None:
        """Connect and log in as for a message, and send none.

        Raises:
            TransportUnavailable: the server does not answer.
            ServerMisconfigured: it would take nothing from us.
        """
        async with self._opened():
            pass

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[SMTP]:
        """A connection on which a transaction may begin; all within `submission.timeout`."""
        client = SMTP(
            hostname=self._server.host,
            port=self._server.port,
            local_hostname=self._server.ehlo or None,
            use_tls=self._server.tls == "implicit",
            start_tls=False,
            tls_context=self._trust,
            timeout=None,  # of one reply; a server that drips replies must end, too
        )
        try:
            async with asyncio.timeout(self._server.timeout):
                await self._open(client)
                yield client
        except (SMTPException, OSError) as error:  # TimeoutError is an OSError
            raise TransportUnavailable(type(error).__name__) from None
        finally:
            await _leave(client)

    async def knows(self, message_id: str) -> None:
        """SMTP has no way to ask."""

    async def _open(self, client: SMTP) -> None:
        """From the connection to where a transaction may begin."""
        with self._secured(), self._blaming_us("mail.greeting"):
            await client.connect()
        with self._blaming_us("mail.ehlo"):
            await client.ehlo()
        if self._server.tls == "starttls":
            await self._start_tls(client)
        if self._server.login:
            await self._log_in(client)

    async def _start_tls(self, client: SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise self._fault("mail.starttls")
        with self._secured(), self._blaming_us("mail.starttls"):
            await client.starttls()
        with self._blaming_us("mail.ehlo"):
            await client.ehlo()

    async def _log_in(self, client: SMTP) -> None:
        """With one mechanism, once: servers count wrong passwords."""
        with self._blaming_us("mail.login"):
            if "plain" in client.server_auth_methods:
                await client.auth_plain(self._server.login, self._password)
            elif "login" in client.server_auth_methods:
                await client.auth_login(self._server.login, self._password)
            else:
                raise self._fault("mail.login")

    async def _send(self, client: SMTP, recipient: str, raw: bytes) -> str:
        """One transaction (RFC 5321 3.3).

        No SIZE is announced: then what MAIL is answered is about the sender alone.
        """
        with self._blaming_us("mail.sender"):
            await client.mail(self._sender)
        with self._blaming_recipient(unless=OF_US):
            await client.rcpt(recipient)
        with self._blaming_recipient():
            reply = await client.data(raw)
        return _reference(reply.message)

    @contextmanager
    def _blaming_us(self, code: str) -> Iterator[None]:
        """5xx is for the operator to mend."""
        try:
            yield
        except SMTPResponseException as reply:
            if _permanent(reply):
                wanting = reply.code in UNAUTHENTICATED
                raise self._fault("mail.login" if wanting else code) from None
            raise

    @contextmanager
    def _blaming_recipient(self, *, unless: re.Pattern[str] | None = None) -> Iterator[None]:
        """5xx is about this recipient or message, unless its text begins otherwise."""
        try:
            yield
        except SMTPResponseException as reply:
            if reply.code in UNAUTHENTICATED:
                raise self._fault("mail.login") from None
            if _permanent(reply) and unless and unless.match(reply.message):
                raise self._fault("mail.sender") from None
            if _permanent(reply):
                raise RecipientRefused(reply.code) from None
            raise
        except ValueError:  # it cannot be written on a command line
            raise RecipientRefused from None

    @contextmanager
    def _secured(self) -> Iterator[None]:
        """What TLS finds wrong is for the operator to mend; a line that is cut is not."""
        try:
            yield
        except (ssl.SSLError, SMTPConnectError) as error:
            cause = error if isinstance(error, ssl.SSLError) else error.__cause__
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise self._fault("mail.certificate") from None
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
                raise self._fault("mail.tls") from None
            raise

    def _fault(self, code: str) -> ServerMisconfigured:
        what, remedy = FAULTS[code]
        return ServerMisconfigured(code, f"{self._server.host}:{self._server.port} {what}.", remedy)


async def _leave(client: SMTP) -> None:
    """Say QUIT where somebody still listens; whatever comes of it, the outcome stands."""
    line = client.transport
    with suppress(SMTPException, OSError):
        await client.quit(timeout=GOODBYE)
    client.close()
    if isinstance(line, asyncio.WriteTransport):
        line.abort()  # it would wait for a server that reads no more, or does not end TLS


def _permanent(reply: SMTPResponseException) -> bool:
    """RFC 5321 4.2.1. A reply that is none is as good as silence."""
    return 500 <= reply.code <= 599


def _reference(text: str) -> str:
    """The queue id in the reply to the end of data, or whatever else the server says there."""
    if queued := QUEUED.search(text):
        return queued[1][:REFERENCE]
    return "".join(one for one in " ".join(text.split()) if " " <= one <= "~")[:REFERENCE]


def _trust(settings: Settings) -> ssl.SSLContext | None:
    """Whose certificates are believed; None where there is no TLS."""
    if settings.submission.tls == "none":
        return None
    file = settings.submission.ca_file
    path = settings.under_home(file) if file else None
    try:
        return ssl.create_default_context(cafile=path)
    except OSError:  # SSLError is one
        raise Misconfigured(
            f"submission.ca_file: {path} holds no certificates.", "Export them there as PEM."
        ) from None
