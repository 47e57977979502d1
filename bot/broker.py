"""The broker that carries task numbers, and the loop that its actors share.

In-process or RabbitMQ, by URL: nothing else knows which. Either may lose
everything at any moment: the register is the truth. No retries, delays or
results live here.
"""

import asyncio
import threading
from collections.abc import Awaitable
from typing import TypeVar
from urllib.parse import urlsplit

import dramatiq
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import CurrentMessage

R = TypeVar("R")

PATIENCE = 5  # seconds for a connection or a blocked one; the relay tries again


class _ApplicationLoop(EventLoopThread):
    """Stands where Dramatiq expects a loop of its own, and hands out the application's."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        threading.Thread.__init__(self)
        self.loop = loop

    def run_coroutine(self, coro: Awaitable[R]) -> R:
        """What `coro` gives, also when the loop stands still for a while."""

        async def awaited() -> R:
            return await coro

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result()


def share(loop: asyncio.AbstractEventLoop) -> None:
    """Let async actors run on `loop`: one loop a process."""
    set_event_loop_thread(_ApplicationLoop(loop))


def connect(url: str) -> dramatiq.Broker:
    """The broker at `url` (amqp, amqps), connected when first used; in this process when empty."""
    middleware: list[dramatiq.Middleware] = [CurrentMessage()]
    if not url:
        return StubBroker(middleware=middleware)
    waits = f"connection_attempts=1&socket_timeout={PATIENCE}&blocked_connection_timeout={PATIENCE}"
    joint = "&" if urlsplit(url).query else "?"
    return RabbitmqBroker(url=f"{url}{joint}{waits}", middleware=middleware)


def is_redelivered() -> bool:
    """Whether whoever had this actor's message before is gone."""
    return bool(getattr(CurrentMessage.get_current_message(), "redelivered", False))
