"""One conversation at the door, in SMTP or LMTP, over aiosmtpd.

It differs from aiosmtpd in this: DATA is read in pieces, not lines, as far as
the door has room; LMTP has a reply for each recipient; every reply has a status
code (RFC 2034); there is no AUTH; and who floods the door or only makes errors
is hung up on.
"""

import asyncio
import re
import ssl
from collections.abc import Sequence
from typing import AnyStr, Protocol

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, syntax

from bot.inbox.commands import Commands
from bot.sections.servers import Door

log = structlog.get_logger()

PIECE = 65_536  # bytes read at once, about; no command is longer
MOST_ERRORS = 20  # since the last mail
MOST_REPLIES = 1_000  # since the last mail

END = b"\r\n.\r\n"
NO_STATUS = re.compile(r"\A(?!220)([245])\d\d (?!\d\.\d)")  # a greeting has none
NO_ROOM = "452 4.3.1 Too many mails at once, try again later"
TOO_BIG = "552 5.3.4 The mail is bigger than the size limit"


class Host(Protocol):
    """The door, as its conversations see it."""

    settings: Door
    mailboxes: Sequence[str]

    def has_room(self, size: int) -> bool:
        """Whether so many more bytes can be held."""

    async def keep(self, raw: bytes, envelope: Envelope) -> str:
        """Store a mail that was read; the answer, the same for each recipient."""

    def leave(self, conversation: "Conversation") -> None:
        """That conversation is over."""


class Conversation(SMTP):
    """SMTP with one client."""

    line_length_limit = PIECE  # aiosmtpd's name for what its reader holds
    replies_each = False

    def __init__(self, host: Host, hostname: str, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            Commands(host.mailboxes, require_tls=host.settings.require_tls),
            data_size_limit=host.settings.size_limit,
            timeout=host.settings.timeout,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="official mailbox",
            tls_context=tls,
            loop=asyncio.get_running_loop(),
        )
        self._host = host
        self.held = 0  # bytes of a mail that is being read
        self._unanswered = 0  # bytes since our last reply
        self._errors = self._replies = 0
        self._storing = self._ending = False

    def connection_lost(self, error: Exception | None) -> None:
        self._host.leave(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Hang up on a flood: what is too big is read to its end, but not however far."""
        self._unanswered += len(data)
        if self._unanswered > 2 * self._host.settings.size_limit:
            log.warning("door.flood")
            self.hang_up()
            return
        super().data_received(data)

    async def push(self, status: AnyStr) -> None:
        """Reply. A `str` without a status code gets the general one of its kind."""
        line = status if isinstance(status, bytes) else _with_status(status)
        self._unanswered = 0
        self._errors += line.startswith(b"5")
        self._replies += line[3:4] == b" "
        await super().push(line)
        if self._errors >= MOST_ERRORS or self._replies >= MOST_REPLIES:
            log.warning("door.fruitless")
            await super().push(b"421 4.7.0 Too much without a mail")
            self.hang_up()

    def hang_up(self) -> None:
        """Close the connection; a mail that is being stored is stored all the same."""
        if self.transport is not None:
            self.transport.close()

    def end(self) -> None:
        """Close the connection, but answer a mail that is being stored first."""
        self._ending = True
        if not self._storing:
            self.hang_up()

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's names
        await self.push("502 5.5.1 Command not implemented")

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if self.session is not None and self.session.ssl is not None:
            await self.push("503 5.5.1 TLS is active already")
            return
        await super().smtp_STARTTLS(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 Send RCPT first")
        elif arg:
            await self.push("501 5.5.4 Syntax: DATA")
        elif not self._host.has_room(_announced(envelope.mail_options)):
            await self.push(NO_ROOM)
        else:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            raw, answer = await self._read()
            self._storing = True
            answer = answer or await self._host.keep(raw, envelope)
            self._storing = False
            if answer.startswith("250"):
                self._errors = self._replies = 0
            self.envelope = Envelope()
            answers = len(envelope.rcpt_tos) if self.replies_each else 1
            await self.push(b"\r\n".join([_with_status(answer)] * answers))  # counted as one
            if self._ending:
                self.hang_up()

    async def _read(self) -> tuple[bytes, str]:
        """A mail, exact to the byte; or why it is not taken, when all of it has come."""
        # The CRLF of the command itself may begin the end (RFC 5321 4.1.1.4).
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # there is no unread
        pieces: list[bytes] = []
        refusal, ended = "", False
        while not ended:
            piece, ended = await self._piece()
            refusal = refusal or self._refusal(len(piece))
            if refusal:
                pieces.clear()
                self.held = 0
            else:
                pieces.append(piece)
                self.held += len(piece)
        self.held = 0  # from now on the door counts it, or nobody
        raw = b"".join(pieces).replace(b"\r\n.", b"\r\n")[2:-2]  # RFC 5321 4.5.2
        if len(raw) > self._host.settings.size_limit:
            refusal = TOO_BIG
        return raw, refusal

    async def _piece(self) -> tuple[bytes, bool]:
        """What comes next, and whether it ends the mail."""
        try:
            return await self._reader.readuntil(END), True
        except asyncio.LimitOverrunError as overrun:
            return await self._reader.readexactly(overrun.consumed), False

    def _refusal(self, size: int) -> str:
        """Why so many more bytes of this mail cannot be held, if so."""
        # A line of one dot comes as four bytes for three (RFC 1870 3 does not count the fourth).
        if self.held + size > len(b"\r\n" + END) + self._host.settings.size_limit * 4 // 3:
            return TOO_BIG
        return "" if self._host.has_room(size) else NO_ROOM


class LmtpConversation(Conversation, LMTP):
    """LMTP with one client."""

    replies_each = True


def _with_status(reply: str) -> bytes:
    return NO_STATUS.sub(r"\g<0>\1.0.0 ", reply, count=1).encode(errors="replace")


def _announced(options: list[str]) -> int:
    """SIZE of MAIL (RFC 1870), which aiosmtpd has checked."""
    return max((int(one[5:]) for one in options if one.startswith("SIZE=")), default=0)
