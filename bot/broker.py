"""The broker that carries task numbers, and the loop that its actors share.

In-process or RabbitMQ, by URL: nothing else knows which. Either may lose
everything at any moment: the register is the truth. No retries, delays or
results live here.
"""

import asyncio
import threading
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar
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


class _Forgetful(RabbitmqBroker):
    """Messages that nobody has taken in time are gone: the relay has sent others by then."""

    def __init__(self, url: str, forget: timedelta, middleware: list[dramatiq.Middleware]) -> None:
        super().__init__(url=url, middleware=middleware)
        self._forget = forget

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        return {"x-message-ttl": round(self._forget.total_seconds() * 1000)}


def connect(url: str, forget: timedelta) -> dramatiq.Broker:
    """The broker at `url` (amqp, amqps), connected when first used; in this process when empty.

    Args:
        forget: how long a message is worth keeping.
    """
    middleware: list[dramatiq.Middleware] = [CurrentMessage()]
    if not url:
        return StubBroker(middleware=middleware)
    waits = f"connection_attempts=1&socket_timeout={PATIENCE}&blocked_connection_timeout={PATIENCE}"
    joint = "&" if urlsplit(url).query else "?"
    return _Forgetful(f"{url}{joint}{waits}", forget, middleware)


def is_redelivered() -> bool:
    """Whether whoever had this actor's message before is gone."""
    return bool(getattr(CurrentMessage.get_current_message(), "redelivered", False))
