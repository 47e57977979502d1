"""The relay: due tasks go out as messages, for ever."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import dramatiq
import structlog

from bot.errors import code_of
from bot.register import tasks
from bot.register.tasks import HandOver, Queue

log = structlog.get_logger()

LOOK_EVERY = 0.2  # seconds


async def relay(
    carriers: Mapping[Queue, dramatiq.Broker],
    ahead: int,
    now: Callable[[], Awaitable[datetime]],
) -> None:
    """Hand due tasks over, of each queue at most `ahead` that nobody has begun yet.

    So hardly a lease runs out while its message waits, and however many relays
    there are, one task is in one message.
    """
    with ThreadPoolExecutor(1, "relay") as sender:  # a broker's connection belongs to one thread
        loop = asyncio.get_running_loop()
        for queue, carrier in carriers.items():
            carrier.declare_queue(queue)
        while True:
            sent = 0
            for queue in await _due(carriers, now):
                try:
                    at = await now()
                    room = ahead - await tasks.on_the_way(at, [queue])
                    for handed in await tasks.lease(at, [queue], most=room) if room > 0 else ():
                        message = _message(queue, handed)
                        await loop.run_in_executor(sender, carriers[queue].enqueue, message)
                        sent += 1
                except Exception as error:  # register or broker may be away for a while
                    log.error("relay.failed", queue=queue, code=code_of(error))
            if not sent:
                await asyncio.sleep(LOOK_EVERY)


async def _due(queues: Iterable[Queue], now: Callable[[], Awaitable[datetime]]) -> list[Queue]:
    """Those that have anything to hand over: one question where mostly nothing is due."""
    try:
        return await tasks.due_queues(await now(), queues)
    except Exception as error:  # the register may be away for a while
        log.error("relay.failed", code=code_of(error))
        return []


def _message(queue: Queue, handed: HandOver) -> dramatiq.Message[None]:
    return dramatiq.Message(
        queue_name=queue, actor_name=queue, args=(handed.task, handed.token), kwargs={}, options={}
    )
