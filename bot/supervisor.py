"""Telling systemd that this process is up, and that its loop still turns (sd_notify(3))."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def watched() -> AsyncIterator[None]:
    """Say that we are ready, then, while the block runs, as often as the watchdog wants to hear."""
    _say("READY=1")
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        _say("STOPPING=1")
        beating.cancel()


async def _beat() -> None:
    if every := int(os.environ.get("WATCHDOG_USEC", "0")):
        while True:
            _say("WATCHDOG=1")
            await asyncio.sleep(every / 3_000_000)


def _say(what: str) -> None:
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out, suppress(OSError):
            out.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
            out.send(what.encode())
