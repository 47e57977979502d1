"""A mail server that says what it is told to, where a real one cannot be made to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HANGS_UP = ""
SAYS_NOTHING = "nothing"

WELL = {
    "greeting": "220 scripted",
    "EHLO": "250-scripted\r\n250 AUTH PLAIN",
    "AUTH": "235 2.7.0 Welcome",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go on",
    ".": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


@dataclass
class Scripted:
    """`heard` is every command, and every end of data (`.`); `data` is what came before that."""

    replies: Mapping[str, str]
    port: int = 0
    heard: list[str] = field(default_factory=list)
    data: bytes = b""
    open: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A new connection."""
        self.open.add(asyncio.create_task(self._talk(reader, writer)))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reply = self.replies["greeting"]
        while reply:
            if reply != SAYS_NOTHING:
                writer.write(f"{reply}\r\n".encode())
            if not (line := await self._next(reader, after=reply)):
                break
            self.heard.append(line)
            reply = self.replies[line.partition(" ")[0]]
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)  # it may be gone

    async def _next(self, reader: asyncio.StreamReader, after: str) -> str:
        """What comes `after` a reply of ours; empty when the client has gone."""
        try:
            if not after.startswith("354"):
                return (await reader.readline()).decode().rstrip()
            self.data = await reader.readuntil(b"\r\n.\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return ""
        return "."


@asynccontextmanager
async def scripted(
    replies: Mapping[str, str], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Scripted]:
    """A server that does well but for `replies`, each by the command it answers."""
    script = Scripted({**WELL, **replies})
    server = await asyncio.start_server(script.accept, "127.0.0.1", 0, ssl=tls)
    script.port = server.sockets[0].getsockname()[1]
    async with server:
        yield script
    await asyncio.gather(*script.open)  # every client has left
