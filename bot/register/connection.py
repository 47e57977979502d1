"""Opening the register: connect, migrate, hand out."""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.migrations.api import migrate


def config(path: Path) -> dict[str, Any]:
    """Tortoise's configuration for the SQLite register at `path`."""
    pragmas = {"synchronous": "FULL", "busy_timeout": 30_000}
    return {
        "connections": {
            "default": {
                "engine": "bot.register.sqlite",
                "credentials": {"file_path": str(path), **pragmas},
            }
        },
        "apps": {
            "register": {
                "models": ["bot.register.models", "bot.register.audit", "bot.register.counter"],
                "migrations": "bot.register.migrations",
                "default_connection": "default",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[None]:
    """The register at `path`, made or migrated first, on this event loop.

    One at a time in a process: models find it wherever the loop calls them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _alone(path.parent):
            await migrate(config=config(path))
        await Tortoise.close_connections()  # they belong to the migration's context
        await Tortoise.init(config=config(path), _enable_global_fallback=True)
        # Now: were the first to ask cancelled while it is made, it would lack its pragmas.
        await Tortoise.get_connection("default").create_connection(with_db=True)
        yield
    finally:
        await Tortoise.close_connections()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process migrates in `folder`: two that make the same table would both fail."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
