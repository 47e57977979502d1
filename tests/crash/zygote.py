"""A process that has everything loaded and forks bots, each to be killed at one point.

    python -m tests.crash.zygote FOLDER TOKENS REVOCATION STAGE

FOLDER/start is a home where one mail was acknowledged. Prints a line of JSON for an
undisturbed run, then one for each point that STAGE passes: the facts in the
end of a house that was killed there and started again.
"""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Coroutine, Set
from datetime import timedelta
from pathlib import Path
from typing import Any

import weasyprint  # noqa: F401 - what is loaded before the fork is loaded once

from bot import actors, app, logs, tools
from bot.config import Settings
from bot.home import Home
from bot.register import connection, tasks
from bot.register.connection import clock
from bot.register.models import Task
from bot.register.tasks import HandOver, Kind, Queue
from tests.crash.facts import facts
from tests.crash.points import Points, at_work, lay
from tests.house import settings_for

VET = {Kind.IDENTIFY, Kind.DECIDE}
MAKE = {Kind.ISSUE, Kind.PUBLISH}
SOON = timedelta(seconds=5)
STAGES = {"vet": VET, "issue": MAKE, "post": set(Kind) - VET - MAKE}
BEFORE = {"vet": set(), "issue": VET, "post": VET | MAKE}


class NoSandbox:
    """Stands where nothing is vetted: its warm process would be loaded for nothing."""

    def __init__(self, *_: object) -> None:
        pass

    async def close(self) -> None:
        pass


def main(folder: Path, tokens: Path, revocation: str, stage: str) -> None:
    logs.configure()
    ready, home = folder / "ready", folder / "home"
    settings = settings_for(home, tokens, revocation)
    shutil.copytree(folder / "start", home)
    in_a_fork(run(settings, BEFORE[stage]))
    shutil.copytree(home, ready)
    if stage != "vet":
        setattr(tools, "Sandbox", NoSandbox)  # noqa: B010 - mypy knows it as another class
    undisturbed = in_a_fork(run(settings, set(Kind), watch=STAGES[stage]))
    tell(None, in_a_fork(conclude(settings)))
    for point in one_of_a_kind(undisturbed):
        shutil.rmtree(home)
        shutil.copytree(ready, home)
        in_a_fork(run(settings, set(Kind), fatal=point))
        in_a_fork(run(settings, set(Kind)))
        tell(point, in_a_fork(conclude(settings)))


def one_of_a_kind(points: list[str]) -> list[str]:
    """Each step of each kind of task once: a second receipt takes the same steps as the first."""
    kinds: dict[str, str] = {}
    for point in points:
        kind, _, step = point.split(" ", 2)
        kinds.setdefault(f"{kind} {step}", point)
    return list(kinds.values())


def tell(point: str | None, found: Any) -> None:
    print(json.dumps({"point": point, "facts": found}), flush=True)  # noqa: T201


def in_a_fork(story: Coroutine[Any, Any, Any]) -> Any:
    """What `story` returned in a process of its own; None if that was killed."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reader)
        try:
            with os.fdopen(writer, "w") as pipe:
                json.dump(asyncio.run(story), pipe, default=str)
        finally:
            os._exit(0)
    story.close()
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else None


async def run(
    settings: Settings,
    kinds: Set[Kind],
    *,
    fatal: str | None = None,
    watch: Set[Kind] = frozenset(),
) -> list[str]:
    """What a bot does with the tasks of `kinds`, one at a time; the points of `watch` it passed."""
    points = Points(fatal)
    async with (
        connection.opened(Home(settings).register),
        tools.tools(settings, Queue) as made,
    ):
        lay(points)
        await app.begin(app.utc_now())
        while handed := await _next(kinds):
            task = await Task.get(id=handed.task)
            kind = Kind(task.kind)
            at_work.set(f"{kind} {task.subject}")
            await actors.work(handed, made[kind.queue], clock)
            at_work.set("relay")
    return [point for point in points.passed if point.split()[0] in watch]


async def _next(kinds: Set[Kind]) -> HandOver | None:
    """The next task of `kinds` that is due soon; those of other kinds stand back."""
    others = [kind for kind in Kind if kind not in kinds]
    while await Task.exists(kind__in=list(kinds), due_at__lt=app.utc_now() + SOON):
        now = app.utc_now()
        await Task.filter(kind__in=others, due_at__lte=now).update(due_at=now + SOON / 10)
        if handed := await tasks.lease(now, Queue, most=1):
            return handed[0]
        await asyncio.sleep(0.05)
    return None


async def conclude(settings: Settings) -> dict[str, Any]:
    async with connection.opened(Home(settings).register):
        return await facts(settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
