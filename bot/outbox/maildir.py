"""The way out that is a Maildir: where no mail server is set."""

import asyncio
from glob import escape
from pathlib import Path
from urllib.parse import quote

from bot.files import write_once
from bot.outbox.transport import TransportUnavailable


class MaildirTransport:
    """One file a Message-ID, in a Maildir that any mail reader opens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, message_id: str, recipient: str, raw: bytes) -> str:
        try:
            if not await self.knows(message_id):
                await asyncio.to_thread(self._deliver, _name(message_id), raw)
        except OSError as error:
            raise TransportUnavailable(type(error).__name__) from None
        return ""

    def _deliver(self, name: str, raw: bytes) -> None:
        (self._folder / "cur").mkdir(parents=True, exist_ok=True)
        write_once(self._folder / "new" / name, raw, by_way_of=self._folder / "tmp")

    async def knows(self, message_id: str) -> bool:
        """Also when a reader has seen it and moved it to `cur`."""
        name = _name(message_id)
        return await asyncio.to_thread(
            lambda: (
                (self._folder / "new" / name).exists()
                or any((self._folder / "cur").glob(f"{escape(name)}:*"))
            )
        )


def _name(message_id: str) -> str:
    """A file name without what Maildir gives a meaning."""
    return quote(message_id.strip("<>"), safe="@")
