"""How a task ends: what may never be given up is tried again, and officers hear of it."""

from datetime import datetime
from typing import Any

import pytest

from bot import actors
from bot.errors import Refused
from bot.register import tasks
from bot.register.models import Task
from bot.register.tasks import Kind, Lease

pytestmark = pytest.mark.usefixtures("sqlite_register")


class Unlawful(Refused):
    code = "lint.refused"


async def tried(kind: Kind, error: Exception, now: datetime, patch: pytest.MonkeyPatch) -> Task:
    async def story(lease: Lease, tools: Any, at: datetime) -> None:
        raise error

    async def clock() -> datetime:
        return now

    patch.setattr(actors, "STORIES", {**actors.STORIES, kind: story})
    await tasks.call(kind, 1, due=now)
    [handed] = await tasks.lease(now, [kind.queue], most=1)
    await actors.work(handed, None, clock)
    return await Task.get(kind=kind)


@pytest.mark.parametrize("error", [Unlawful(), ValueError()], ids=["refused", "crashed"])
@pytest.mark.parametrize("kind", [Kind.REVOKE, Kind.CONFIRM, Kind.PUBLISH])
async def test_what_is_urgent_goes_on_and_officers_hear(
    kind: Kind, error: Exception, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await tried(kind, error, now, monkeypatch)
    assert task.parked_at is None
    assert task.due_at > now
    assert await Task.filter(kind=Kind.ESCALATE, subject=task.id).exists()


async def test_what_else_is_refused_is_parked(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await tried(Kind.ISSUE, Unlawful(), now, monkeypatch)
    assert task.parked_at == now
    assert await Task.filter(kind=Kind.ESCALATE, subject=task.id).exists()


async def test_telling_that_fails_is_not_told(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await tried(Kind.ESCALATE, ValueError(), now, monkeypatch)
    assert task.parked_at is None
    assert await Task.all().count() == 1
