"""The carrier that is a folder."""

import asyncio
from datetime import datetime
from pathlib import Path

from bot.files import write_once
from bot.sms.gateway import GatewayUnavailable


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
