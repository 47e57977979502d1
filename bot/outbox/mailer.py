"""One notice, one recipient, one signed MIME message (RFC 5322, RFC 8551)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from cryptography import x509

from bot.clock import HANOI
from bot.config import Settings
from bot.errors import Refused
from bot.outbox.cms import PrivateKey
from bot.outbox.render import Letter
from bot.outbox.signed import multipart_signed
from bot.outbox.words import one_line

NAME_LIMIT = 150  # characters of a file's name; its end says what it is
UNNAMED = "tep-dinh-kem"
MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")


class AddressRefused(Refused):
    """No mail can ever be addressed there."""

    code = "mail.address"


@dataclass(frozen=True)
class Attachment:
    name: str
    content: bytes
    type: str = "application/pdf"


class Mailer:
    """Writes and signs mail in the authority's name.

    Args:
        key: of the `post` token; only `sign` and `public_key` are used.
        certificate: of that key, for the mailbox we send from.
        chain: the intermediates above it.
    """

    def __init__(
        self,
        settings: Settings,
        key: PrivateKey,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate] = (),
    ) -> None:
        self._settings = settings
        self._key, self._certificate, self._chain = key, certificate, chain

    def message_id(self, notice: int, attempt: int | None = None) -> str:
        """The same whenever it is asked for; only credentials have attempts of their own."""
        name = f"notice-{notice}" if attempt is None else f"notice-{notice}.{attempt}"
        return f"<{name}@{self._settings.mailboxes.sender.partition('@')[2]}>"

    def message(
        self,
        letter: Letter,
        *,
        to: str,
        message_id: str,
        now: datetime,
        answers: str | None = None,
        reply_to: str = "",
        attachments: Sequence[Attachment] = (),
    ) -> bytes:
        """The whole message, CRLF lines, exactly as it is to be sent. Uses the token.

        Args:
            answers: Message-ID of the mail that this answers, as its sender wrote it, or ""
                if it had none; None when it answers no mail.
            reply_to: where answers are read, if not where we send from.

        Raises:
            AddressRefused: `to` is no address.
        """
        named = EmailMessage(policy=SMTP)
        named["From"] = _address(self._settings.mailboxes.sender, self._settings.authority.name)
        named["To"] = _address(to)
        if reply_to:
            named["Reply-To"] = _address(reply_to)
        named["Date"] = format_datetime(now.astimezone(HANOI))
        headers = [SMTP.fold_binary(name, value) for name, value in named.items()]
        # where `email` breaks a long text it loses the space between the words
        subject = Header(letter.subject, "utf-8", header_name="Subject").encode(linesep="\r\n")
        headers.append(f"Subject: {subject}\r\n".encode("ascii"))
        # written as they are: `email` would encode a long Message-ID as if it were text
        headers.append(f"Message-ID: {message_id}\r\n".encode("ascii"))
        if answers and MESSAGE_ID.fullmatch(answers):
            headers.append(f"In-Reply-To: {answers}\r\nReferences: {answers}\r\n".encode("ascii"))
        automatic = "auto-generated" if answers is None else "auto-replied"  # RFC 3834 5
        headers.append(f"Auto-Submitted: {automatic}\r\n".encode("ascii"))
        return b"".join(headers) + multipart_signed(
            _entity(letter, attachments), self._key, self._certificate, self._chain, now
        )


def _entity(letter: Letter, attachments: Sequence[Attachment]) -> bytes:
    """What is signed: text and HTML as alternatives, then the attachments."""
    entity = EmailMessage(policy=SMTP)
    entity.set_content(letter.text, cte="quoted-printable")
    entity.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for attachment in attachments:
        maintype, _, subtype = attachment.type.partition("/")
        entity.add_attachment(
            attachment.content,
            maintype=maintype,
            subtype=subtype,
            filename=_file_name(attachment.name),
        )
    del entity["MIME-Version"]  # the message has it; a part does not
    return entity.as_bytes()


def _file_name(name: str) -> str:
    """One that stays in its header and in its folder, whoever gave it.

    `email` would decode RFC 2047 words even here, line breaks and all.
    """
    return re.sub(r"[/\\]", "_", one_line(name)).replace("=?", "=_")[-NAME_LIMIT:] or UNNAMED


def _address(mailbox: str, name: str = "") -> Address:
    if not mailbox.isascii():  # RFC 6531 would have to be spoken all the way
        raise AddressRefused
    try:
        return Address(name, addr_spec=mailbox)
    except (MessageError, ValueError, IndexError):
        raise AddressRefused from None
