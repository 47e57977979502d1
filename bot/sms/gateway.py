"""The seam where a carrier stands, and the carrier that is a folder."""

import asyncio
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

    async def send(self, to: str, text: str, reference: str) -> None:
        """Hand `text` over for `to` (E.164); the same `reference` again changes nothing.

        Raises:
            GatewayUnavailable: try again later.
            NumberRefused: never try again.
        """


class FileGateway:
    """One file a message, named by its reference."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, to: str, text: str, reference: str) -> None:
        file = self.folder / f"{reference}.txt"
        try:
            await asyncio.to_thread(write_once, file, f"To: {to}\n\n{text}\n".encode())
        except OSError as error:
            raise GatewayUnavailable(type(error).__name__) from None
