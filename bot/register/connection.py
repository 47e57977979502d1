"""Opening the register: connect, migrate, hand out; and the time it goes by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pkgutil import iter_modules

from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.migrations.api import migrate

from bot.errors import Misconfigured
from bot.register import migrations
from bot.register.place import Place, alone, config


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[None]:
    """The register at `place`, made or migrated first, on this event loop.

    One at a time in a process: models find it wherever the loop calls them.

    Raises:
        Misconfigured: a newer bot has migrated it, or it does not let us in.
        RegisterUnavailable: its server does not answer.
    """
    try:
        async with alone(place):
            await migrate(config=config(place))
        await Tortoise.close_connections()  # they belong to the migration's context
        EXECUTOR_CACHE.clear()  # statements by table, also of another kind of database
        await Tortoise.init(config=config(place), _enable_global_fallback=True)
        # Now: were the first to ask cancelled while it is made, it would lack its pragmas.
        await Tortoise.get_connection("default").create_connection(with_db=True)
        await _require_known()
        yield
    finally:
        await Tortoise.close_connections()


async def clock() -> datetime:
    """The register's own time: machines whose clocks differ all go by one."""
    client = Tortoise.get_connection("default")
    if client.capabilities.dialect != "postgres":
        return datetime.now(UTC)
    _, [row] = await client.execute_query("SELECT clock_timestamp() AS now")
    now: datetime = row["now"]
    return now


async def _require_known() -> None:
    """Columns that a newer program has made may mean what this one does not know."""
    known = {module.name for module in iter_modules(migrations.__path__)}
    _, rows = await Tortoise.get_connection("default").execute_query(
        "SELECT name FROM tortoise_migrations WHERE app = 'register'"
    )
    if newer := sorted({row["name"] for row in rows} - known):
        raise Misconfigured(
            f"A newer bot has migrated the register ({newer[-1]}).", "Install that version here."
        )
