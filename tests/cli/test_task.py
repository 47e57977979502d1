"""`bot task`: what was given up is seen, and begins anew when somebody says so."""

from bot.register import tasks
from bot.register.models import Task
from bot.register.tasks import Kind
from tests.cli.command import Desk
from tests.register.rows import NOW


async def given_up() -> int:
    await tasks.call(Kind.DECIDE, 1, due=NOW)
    await Task.all().update(parked_at=NOW, attempts=8, last_error="crash.KeyError")
    return int((await Task.get()).id)


def test_a_task_that_was_given_up_is_listed_and_resumed(desk: Desk) -> None:
    number = desk.register(given_up)
    [shown] = desk.json("task", "list")
    assert (shown["state"], shown["error"]) == ("given up", "crash.KeyError")
    desk.does("task", "resume", str(number))
    task = desk.register(lambda: Task.get(id=number))
    assert (task.parked_at, task.attempts) == (None, 0)
    assert "bot task list" in desk.refuses("task", "resume", str(number))


def test_what_does_not_exist_cannot_be_resumed(desk: Desk) -> None:
    assert "No such task was given up" in desk.refuses("task", "resume", "404")
