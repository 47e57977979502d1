"""A house to measure in: tokens, a CA, a register of either kind, and hands that work."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import population
from bot import actors, app, install, logs, tools
from bot.config import Settings
from bot.hsm.keys import generate_key
from bot.register import tasks
from bot.register.connection import clock
from bot.register.models import Task
from bot.register.tasks import Queue
from bot.sections.authority import Issuing, KeyAlgorithm


@contextmanager
def founded(
    algorithm: KeyAlgorithm, ca_algorithm: KeyAlgorithm = install.SERVICE_KEY
) -> Iterator[Settings]:
    """A home after `bot init --demo-root`, with CA and subject keys of these kinds.

    Log lines are written as ever, to nowhere.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Path(os.devnull).open("w") as nowhere,
    ):
        logs.configure(nowhere)
        settings = Settings(home=Path(folder), issuing=Issuing(algorithm=algorithm))
        list(install.make_tokens(settings))
        generate_key(tools.token(settings, settings.tokens.ca), tools.CA_KEY, ca_algorithm)
        for step in (
            install.make_folders(settings),
            install.make_keys(settings),
            install.make_request(settings),
            install.make_demo_root(settings, datetime.now(UTC)),
        ):
            list(step)
        yield settings


@dataclass(frozen=True)
class Worker:
    """A worker process of one queue, without a broker: what it was handed over, it does.

    The register must be open.
    """

    queue: Queue
    tools: Any
    hands: int = app.HANDS

    @classmethod
    @asynccontextmanager
    async def of(
        cls, queue: Queue, settings: Settings, hands: int = app.HANDS
    ) -> AsyncIterator["Worker"]:
        async with tools.tools(settings, [queue]) as made:
            yield cls(queue, made[queue], hands)

    async def issue(self, count: int) -> float:
        """Certificates per second, of `count` accepted rows."""
        await population.accepted(count)
        return count / await self.work()

    async def work(self) -> float:
        """Do whatever is due; the seconds it took.

        Raises:
            SystemExit: something was not done.
        """
        start = time.perf_counter()
        while handed := await tasks.lease(await clock(), [self.queue], most=app.AHEAD):
            await asyncio.gather(*(self._hand(handed) for _ in range(self.hands)))
        took = time.perf_counter() - start
        left = await Task.filter(kind__in=[kind for kind in tasks.Kind if kind.queue is self.queue])
        if left:
            raise SystemExit(f"{len(left)} tasks were not done: {left[0].last_error}")
        return took

    async def _hand(self, waiting: list[tasks.HandOver]) -> None:
        while waiting:
            await actors.work(waiting.pop(0), self.tools, clock)
