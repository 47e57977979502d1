"""Mails acknowledged durably: our door beside Dovecot's LMTP, on the same disk."""

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.rounds import Effort, interleaved, ratio
from bench.table import Line
from demo.peers.dovecot import dovecot
from demo.peers.postgres import postgres
from demo.peers.processes import answers, free_port, stop, wait_until

CONNECTIONS = 16
OURS = "hoso@ca.example.gov.vn"
SIZES = {10_000: 800, 100_000: 400}  # bytes, and how many mails of them a round


async def on_sqlite(effort: Effort) -> AsyncIterator[Line]:
    with tempfile.TemporaryDirectory(prefix="bench-") as home, _door(Path(home), "") as port:
        async for line in _beside_dovecot("sqlite", port, effort):
            yield line


async def on_postgresql(effort: Effort) -> AsyncIterator[Line]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as home,
        postgres() as server,
        _door(Path(home), server.create("bench")) as port,
    ):
        async for line in _beside_dovecot("postgresql", port, effort):
            yield line


async def _beside_dovecot(register: str, port: int, effort: Effort) -> AsyncIterator[Line]:
    with dovecot() as peer:
        for size, usual in SIZES.items():
            count = effort.of(usual)

            async def ours(size: int = size, count: int = count) -> float:
                return await rate(port, size, count, lambda _: OURS)

            async def theirs(size: int = size, count: int = count) -> float:
                # a mailbox a connection, since deliveries to one wait for each other
                return await rate(peer, size, count, lambda number: f"box{number}@example.vn")

            await ours(), await theirs()
            found = await interleaved(effort, ours=ours, dovecot=theirs)
            yield Line(
                f"door-{size // 1000}k-{register}",
                f"mails of {size // 1000} kB acknowledged by `bot door` (LMTP), register on "
                f"{register}, {CONNECTIONS} connections",
                "the same by Dovecot's LMTP into Maildirs (mail_fsync = optimized)",
                ratio(found["ours"], found["dovecot"]),
                "≥ 0.8",
                f"{median(found['ours']):.0f} and {median(found['dovecot']):.0f} mails/s",
            )


@contextmanager
def _door(home: Path, database: str) -> Iterator[int]:
    """A `bot door` of its own; the port it listens on."""
    port = free_port()
    settings = {
        "BOT_HOME": str(home),
        "BOT_DATABASE__URL": database,
        "BOT_DOOR__PROTOCOL": "lmtp",
        "BOT_DOOR__PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "door"], env=os.environ | settings,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: answers(port), process, "bot door")
        yield port
    finally:
        stop(process)


async def rate(port: int, size: int, count: int, recipient: Callable[[int], str]) -> float:
    """Mails per second, from the first connection to the last acknowledgement."""
    each = -(-count // CONNECTIONS)
    start = time.perf_counter()
    async with asyncio.TaskGroup() as clients:
        for number in range(CONNECTIONS):
            clients.create_task(_send(port, size, each, recipient(number)))
    return CONNECTIONS * each / (time.perf_counter() - start)


async def _send(port: int, size: int, count: int, recipient: str) -> None:
    """`count` mails over one connection, the envelope pipelined (RFC 2920)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await _reply(reader, b"220")
    writer.write(b"LHLO bench\r\n")
    await _reply(reader, b"250")
    envelope = f"MAIL FROM:<bench@example.vn>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
    for _ in range(count):
        writer.write(envelope)
        for code in (b"250", b"250", b"354"):
            await _reply(reader, code)
        writer.write(_mail(size))
        await _reply(reader, b"250")
    writer.close()
    await writer.wait_closed()


def _mail(size: int) -> bytes:
    """A mail like no other, ended by its dot."""
    line = secrets.token_hex(38).encode() + b"\r\n"
    head = b"Subject: bench\r\nMessage-ID: <%s@bench>\r\n\r\n" % secrets.token_hex(20).encode()
    return head + line * ((size - len(head)) // len(line)) + b".\r\n"


async def _reply(reader: asyncio.StreamReader, code: bytes) -> None:
    """Read one answer.

    Raises:
        SystemExit: it is another one.
    """
    line = await reader.readline()
    while line[3:4] == b"-":
        line = await reader.readline()
    if not line.startswith(code):
        raise SystemExit(f"The door says: {line.decode(errors='replace').strip()}")
