"""The broker that carries task ids, and the loop its actors share.

Embedded, it is Dramatiq's in-process broker. It may lose everything at any
moment: the register is the truth. No retries, delays or results live here.
"""

import asyncio
import threading

import dramatiq
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.brokers.stub import StubBroker


class _ApplicationLoop(EventLoopThread):
    """Stands where Dramatiq expects a loop of its own, and hands out the application's."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        threading.Thread.__init__(self)
        self.interrupt_check_ival = 0.1
        self.loop = loop


class SharedLoop(dramatiq.Middleware):
    """Async actors run on the application's event loop: one loop a process."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        set_event_loop_thread(_ApplicationLoop(self.loop))

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        set_event_loop_thread(None)


def embedded(loop: asyncio.AbstractEventLoop) -> dramatiq.Broker:
    """The in-process broker, for actors on `loop`."""
    return StubBroker(middleware=[SharedLoop(loop)])
