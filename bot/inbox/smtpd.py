"""The SMTP door (RFC 5321): bytes first, then the acknowledgement.

250 means: in the archive, fsynced, and a row committed. Anything that goes
wrong on our side is 451: the sender keeps the mail and tries again.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import AnyStr, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.config import Door
from bot.errors import code_of

log = structlog.get_logger()

Store = Callable[[bytes, str, str], Awaitable[object]]  # raw, mailbox, envelope sender

NULL_SENDER = "<>"  # RFC 5321 4.5.5: bounces and the like
TRY_AGAIN = "451 4.3.0 Cannot store the mail now, try again later"


class Handler:
    """What the door answers; `store` keeps one mail."""

    def __init__(self, mailboxes: frozenset[str], store: Store) -> None:
        self.mailboxes = mailboxes
        self.store = store
        self.storing: set[asyncio.Task[str]] = set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.casefold() not in self.mailboxes:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.original_content or b""
        mailbox = envelope.rcpt_tos[0].casefold()
        sender = "" if envelope.mail_from in (None, NULL_SENDER) else envelope.mail_from
        storing = asyncio.create_task(self._keep(raw, mailbox, sender))
        self.storing.add(storing)
        storing.add_done_callback(self.storing.discard)
        # A client that goes away in the middle cancels us, never the storing.
        return await asyncio.shield(storing)

    async def _keep(self, raw: bytes, mailbox: str, sender: str) -> str:
        try:
            await self.store(raw, mailbox, sender)
        except Exception as error:
            return await self.handle_exception(error)
        return "250 2.0.0 Stored"

    async def handle_exception(self, error: Exception) -> str:
        log.error("door.failed", code=code_of(error))
        return TRY_AGAIN


class _Server(SMTP):
    line_length_limit = 100_000  # real clients send lines far over RFC 5321's 1,000

    def __init__(self, door: "SmtpDoor") -> None:
        super().__init__(
            door.handler,
            data_size_limit=door.settings.size_limit,
            timeout=door.settings.timeout,
            enable_SMTPUTF8=True,
            hostname=door.hostname,
            ident="official mailbox",
            loop=asyncio.get_running_loop(),
        )
        self._door = door
        self._unanswered = 0  # bytes since our last reply

    def connection_lost(self, error: Exception | None) -> None:
        self._door.open.discard(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Hang up on a flood: aiosmtpd reads an oversized mail to its end, however far."""
        self._unanswered += len(data)
        if self._unanswered > 2 * self._door.settings.size_limit:
            log.warning("door.flood")
            if self.transport is not None:
                self.transport.close()
            return
        super().data_received(data)

    async def push(self, status: AnyStr) -> None:
        self._unanswered = 0
        await super().push(status)


class _Busy(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        busy = cast("asyncio.WriteTransport", transport)
        busy.write(b"421 4.7.0 Too many connections, try again later\r\n")
        busy.close()


class SmtpDoor:
    """The listening door; `port` is the real one, also when 0 was asked for."""

    def __init__(self, settings: Door, mailboxes: frozenset[str], store: Store) -> None:
        self.settings = settings
        self.handler = Handler(mailboxes, store)
        self.open: set[_Server] = set()
        self.port = settings.port
        self.hostname = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Accept connections while the block runs."""
        self.hostname = await asyncio.to_thread(socket.getfqdn)  # asks the DNS: only once
        server = await asyncio.get_running_loop().create_server(
            self._greet, self.settings.host, self.settings.port
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for connection in list(self.open):
                if connection.transport is not None:
                    connection.transport.close()
            await server.wait_closed()
            await asyncio.gather(*self.handler.storing)

    def _greet(self) -> asyncio.Protocol:
        if len(self.open) >= self.settings.connections:
            return _Busy()
        server = _Server(self)
        self.open.add(server)  # counted from now on: many may come before any is connected
        return server
