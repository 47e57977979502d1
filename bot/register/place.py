"""Where the register is: a file of SQLite's, or a PostgreSQL server."""

import fcntl
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg

from bot.errors import Misconfigured
from bot.register.postgresql import plainly

Place = Path | str  # SQLite's file, or postgresql://USER:PASSWORD@HOST:PORT/NAME

CONNECTIONS = 8  # of one process
CONNECT_WITHIN = 10  # seconds
ANSWER_WITHIN = 60  # seconds, for one statement
LOCK = 0x62_6F_74  # PostgreSQL's advisory lock of whoever migrates
SERVER = {
    "application_name": "bot",
    "synchronous_commit": "on",  # committed is on the disk, whatever the server's default
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",  # a machine that vanished holds no row for long
    "tcp_keepalives_idle": "30",
    "timezone": "UTC",
}


def config(place: Place) -> dict[str, Any]:
    """Tortoise's configuration for the register at `place`."""
    return {
        "connections": {"default": _sqlite(place) if isinstance(place, Path) else _server(place)},
        "apps": {
            "register": {
                "models": [
                    "bot.register.models",
                    "bot.register.audit",
                    "bot.register.counter",
                ],
                "migrations": "bot.register.migrations",
                "default_connection": "default",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def _sqlite(path: Path) -> dict[str, Any]:
    pragmas = {"synchronous": "FULL", "busy_timeout": 30_000}
    return {"engine": "bot.register.sqlite", "credentials": {"file_path": str(path), **pragmas}}


def _server(url: str) -> dict[str, Any]:
    pool = {
        "maxsize": CONNECTIONS,
        "command_timeout": ANSWER_WITHIN,
        "timeout": CONNECT_WITHIN,
        "server_settings": SERVER,
    }
    return {"engine": "bot.register.postgresql", "credentials": {**_credentials(url), **pool}}


def _credentials(url: str) -> dict[str, Any]:
    """The parts of a URL, named as libpq does; a socket's folder is `host` in its query."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "host": parts.hostname or query.get("host"),
        "port": parts.port or 5432,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path[1:]) or None,
        "ssl": _tls(query.get("sslmode", "prefer"), query.get("sslrootcert")),
    }


def _tls(mode: str, authorities: str | None) -> str | ssl.SSLContext:
    """What asyncpg makes of `mode`; but the server is verified as libpq would verify it."""
    if mode != "verify-full":
        return mode
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError:
        raise Misconfigured(
            f"database.url: {authorities} holds no certificate.",
            "Let sslrootcert name a PEM file with the CA of the database server.",
        ) from None


def alone(place: Place) -> AbstractAsyncContextManager[None]:
    """No other process migrates meanwhile: two that make the same table would both fail."""
    return _alone_in(place.parent) if isinstance(place, Path) else _alone_on(place)


@asynccontextmanager
async def _alone_in(folder: Path) -> AsyncIterator[None]:
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - before anything runs
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def _alone_on(url: str) -> AsyncIterator[None]:
    with plainly():
        connection = await asyncpg.connect(**_credentials(url), timeout=CONNECT_WITHIN)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        yield
    finally:
        await connection.close()
