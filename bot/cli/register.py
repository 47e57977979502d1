"""The register as commands find it: there, or said to be missing. Only `bot init` makes one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from bot.config import Settings
from bot.errors import Misconfigured
from bot.home import Home
from bot.register import connection

T = TypeVar("T")


@asynccontextmanager
async def register(settings: Settings) -> AsyncIterator[None]:
    """The register of `settings`, while the block runs.

    Raises:
        Misconfigured: there is none.
    """
    place = Home(settings).register
    if isinstance(place, Path) and not place.is_file():
        raise Misconfigured(f"There is no register at {place}.", "Run `bot init`.")
    async with connection.opened(place):
        yield


def in_register(settings: Settings, step: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """What `step` of `arguments` gives, with the register open.

    Raises:
        Misconfigured: there is none.
    """

    async def opened() -> T:
        async with register(settings):
            return await step(*arguments)

    return asyncio.run(opened())
