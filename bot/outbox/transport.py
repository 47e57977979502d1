"""The seam where mail leaves."""

from typing import Protocol

from bot.errors import Misconfigured, Refused, Unavailable


class TransportUnavailable(Unavailable):
    """The mail server did not take the message now, or did not say whether it did."""

    code = "mail.unavailable"


class RecipientRefused(Refused):
    """The mail server will never take this message for this recipient."""

    code = "mail.refused"


class ServerMisconfigured(Misconfigured):
    """The mail server takes nothing from us: no recipient is at fault.

    Args:
        code: which of our arrangements with the server is wrong.
    """

    def __init__(self, code: str, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.code = code  # type: ignore[misc]  # the instance narrows it


class Transport(Protocol):
    """Who carries mail."""

    async def deliver(self, message_id: str, recipient: str, raw: bytes) -> str:
        """Hand over `raw` (CRLF lines); the same Message-ID again changes nothing if it can.

        Returns:
            What the peer calls it, 128 characters at most; empty when it gives it no name.

        Raises:
            TransportUnavailable: try again later.
            RecipientRefused: never try again.
            ServerMisconfigured: try again when the operator has acted.
        """

    async def knows(self, message_id: str) -> bool | None:
        """Whether that message was handed over; None when nobody can tell."""
