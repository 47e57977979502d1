"""The door: SMTP (RFC 5321) or LMTP (RFC 2033); bytes first, then the acknowledgement.

250 means: in the archive, fsynced, and a row committed. Anything that goes
wrong on our side is 451 or 452: the sender keeps the mail and tries again.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import cast

import structlog
from aiosmtpd.smtp import Envelope

from bot.errors import code_of
from bot.inbox.commands import TRY_AGAIN
from bot.inbox.conversation import Conversation, LmtpConversation
from bot.inbox.receipt import relayed_at
from bot.sections.servers import Door

log = structlog.get_logger()

# raw, mailbox, envelope sender, when our MTA had it
Store = Callable[[bytes, str, str, datetime | None], Awaitable[object]]

FAREWELL = 5  # seconds for the last answers, when the door closes
NULL_SENDER = "<>"  # RFC 5321 4.5.5: bounces and the like


class SmtpDoor:
    """The listening door; `port` is the real one, also when 0 was asked for.

    Args:
        mailboxes: ours, case-folded; the same bytes for several of them are one mail,
            to the first of these.
        store: keeps one mail; what it raises is answered 451.
        tls: STARTTLS is offered with it.
    """

    def __init__(
        self,
        settings: Door,
        mailboxes: Sequence[str],
        store: Store,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self.mailboxes = mailboxes
        self.open: set[Conversation] = set()
        self.storing: dict[asyncio.Task[str], int] = {}  # how many bytes
        self.port = settings.port
        self._store = store
        self._tls = tls
        self._empty = asyncio.Event()
        self._hostname = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Accept connections while the block runs."""
        self._hostname = await asyncio.to_thread(socket.getfqdn)  # asks the DNS: only once
        server = await asyncio.get_running_loop().create_server(
            self._greet, self.settings.host, self.settings.port
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for conversation in list(self.open):
                conversation.end()
            await asyncio.gather(*self.storing)
            if self.open:  # each gets its answer, if it cares to hear it
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._empty.wait(), FAREWELL)
            for conversation in list(self.open):
                conversation.hang_up()
            await server.wait_closed()

    def _greet(self) -> asyncio.Protocol:
        if len(self.open) >= self.settings.connections:
            return _Busy()
        kind = LmtpConversation if self.settings.protocol == "lmtp" else Conversation
        conversation = kind(self, self._hostname, self._tls)
        self._empty.clear()
        self.open.add(conversation)  # counted from now on: many may come before any is connected
        return conversation

    def leave(self, conversation: Conversation) -> None:
        self.open.discard(conversation)
        if not self.open:
            self._empty.set()

    def has_room(self, size: int) -> bool:
        reading = sum(conversation.held for conversation in self.open)
        return reading + sum(self.storing.values()) + size <= self.settings.memory

    async def keep(self, raw: bytes, envelope: Envelope) -> str:
        told = {address.casefold() for address in envelope.rcpt_tos}
        mailbox = next(one for one in self.mailboxes if one in told)
        sender = "" if envelope.mail_from in (None, NULL_SENDER) else envelope.mail_from
        storing = asyncio.create_task(self._keep(raw, mailbox, sender))
        self.storing[storing] = len(raw)
        storing.add_done_callback(self.storing.pop)
        # A client that goes away in the middle cancels us, never the storing.
        return await asyncio.shield(storing)

    async def _keep(self, raw: bytes, mailbox: str, sender: str) -> str:
        try:
            await self._store(raw, mailbox, sender, relayed_at(raw, self.settings.relay))
        except Exception as error:
            log.error("door.failed", code=code_of(error))
            return TRY_AGAIN
        return "250 2.0.0 Stored"


class _Busy(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        busy = cast("asyncio.WriteTransport", transport)
        busy.write(b"421 4.7.0 Too many connections, try again later\r\n")
        busy.close()
