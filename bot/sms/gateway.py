"""The seam where a carrier stands, and the carrier that is a folder."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.errors import Refused, Unavailable
from bot.files import write_once


class GatewayUnavailable(Unavailable):
    """The carrier did not answer."""

    code = "sms.unavailable"


class NumberRefused(Refused):
    """The carrier will never deliver to this number."""

    code = "sms.refused"


class Gateway(Protocol):
    """Who carries short messages."""

    async def send(self, to: str, text: str, reference: str, *, since: datetime | None) -> str:
        """Hand `text` over for `to` (E.164).

        Args:
            reference: what we call it; the same again changes nothing, if the carrier can.
            since: when an earlier try began whose outcome is unknown; None: there was none.

        Returns:
            What the carrier calls it; empty when it gives it no name of its own.

        Raises:
            GatewayUnavailable: try again later.
            NumberRefused: never try again.
        """


class FileGateway:
    """One file a message, named by its reference."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, to: str, text: str, reference: str, *, since: datetime | None) -> str:
        file = self.folder / f"{reference}.txt"
        try:
            await asyncio.to_thread(write_once, file, f"To: {to}\n\n{text}\n".encode())
        except OSError as error:
            raise GatewayUnavailable(type(error).__name__) from None
        return ""
