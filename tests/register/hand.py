"""A process that works on a register others work on too: `python -m tests.register.hand …`.

    work PLACE    lease, number and end tasks until none is due, a third of the results undone
    open PLACE    open and close

Prints a line for each task it ended: its subject and the number it got.
"""

import asyncio
import sys
from pathlib import Path

from tortoise.transactions import in_transaction

from bot.register import audit, connection, tasks
from bot.register.counter import Counter
from bot.register.place import Place
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


async def main(what: str, place: Place) -> None:
    async with connection.opened(place):
        while what == "work" and (handed := await tasks.lease(NOW, Queue, most=4)):
            leases = [await tasks.begin(one, NOW) for one in handed]
            await asyncio.gather(*(finish(lease) for lease in leases if lease))


if __name__ == "__main__":
    where = sys.argv[2]
    asyncio.run(main(sys.argv[1], where if "://" in where else Path(where)))
