"""A process that works on a register others work on too: `python -m tests.register.hand …`.

    work PATH    lease, number and end tasks until none is due, a third of the results undone
    open PATH    open and close

Prints a line for each task it ended: its subject and the number it got.
"""

import asyncio
import sys
from pathlib import Path

from tortoise.transactions import in_transaction

from bot.register import audit, connection, tasks
from bot.register.counter import Counter
from bot.register.tasks import Lease, Queue
from tests.register.rows import NOW


class Undone(Exception):
    """The step failed after it was written."""


async def result(lease: Lease, *, fails: bool) -> int:
    async with in_transaction():
        number = await Counter.next("done")
        await audit.append(audit.SYSTEM, "done", because="x", now=NOW, subject=lease.subject)
        await lease.end()
        if fails:
            raise Undone
    return number


async def finish(lease: Lease) -> None:
    """End the task; every third one only when it is tried again."""
    try:
        number = await result(lease, fails=lease.subject % 3 == 0)
    except Undone:
        number = await result(lease, fails=False)
    sys.stdout.write(f"{lease.subject} {number}\n")


async def main(what: str, path: Path) -> None:
    async with connection.opened(path):
        while what == "work" and (leases := await tasks.lease(NOW, Queue, most=4)):
            await asyncio.gather(*map(finish, leases))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
