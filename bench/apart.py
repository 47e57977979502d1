"""Each measure in a process of its own: the PKCS#11 library reads its configuration once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.rounds import Effort
from bench.table import Line

Measure = Callable[[Effort], AsyncIterator[Line]]


def apart(measure: Measure, effort: Effort) -> list[Line]:
    """What `measure` finds, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_measured, measure, effort).result()


def _measured(measure: Measure, effort: Effort) -> list[Line]:
    async def collect() -> list[Line]:
        return [line async for line in measure(effort)]

    return asyncio.run(collect())
