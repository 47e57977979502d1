"""What the door answers to commands, before any mail is read (RFC 5321, 2033, 3207)."""

from collections.abc import Collection

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from bot.errors import code_of

log = structlog.get_logger()

RECIPIENTS = 100  # of one mail: RFC 5321 4.5.3.1.8 wants no fewer
TRY_AGAIN = "451 4.3.0 Cannot store the mail now, try again later"
EXTENSIONS = [b"250-PIPELINING", b"250-ENHANCEDSTATUSCODES"]  # RFC 2033 5 asks for both


class Commands:
    """What aiosmtpd asks while it works through a client's commands.

    `bytes` are said as they are; `str` is a reply that must have a status code.
    """

    def __init__(self, mailboxes: Collection[str], *, require_tls: bool) -> None:
        self._mailboxes = mailboxes
        self._require_tls = require_tls

    async def handle_HELO(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, name: str
    ) -> bytes:
        session.host_name = name
        return f"250 {server.hostname}".encode()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, name: str, replies: list[str]
    ) -> list[bytes]:
        session.host_name = name
        *first, last = (line.encode() for line in replies if not line.startswith("250-AUTH"))
        return [*first, *EXTENSIONS, last]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._require_tls and session.ssl is None:
            return "530 5.7.0 Must issue a STARTTLS command first"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.casefold() not in self._mailboxes:
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, TLSSetupException):
            log.warning("door.handshake")
        else:
            log.error("door.failed", code=code_of(error))
        return TRY_AGAIN
