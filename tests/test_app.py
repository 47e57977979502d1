"""Who may run the whole bot, and what of others it leaves alone."""

from pathlib import Path

import pytest

from bot import app
from bot.config import Settings
from bot.errors import Misconfigured
from bot.register import tasks
from bot.register.models import Task
from bot.register.tasks import Kind, Queue
from bot.sections.servers import Broker, Database
from tests.outbox.examples import NOW


async def test_beside_separate_processes_it_does_not_run(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, broker=Broker(url="amqp://bot@127.0.0.1/"))
    with pytest.raises(Misconfigured) as told:
        async with app.embedded(settings):
            pytest.fail("it runs")
    assert "bot worker" not in told.value.what
    assert "broker.url" in told.value.what


@pytest.mark.parametrize(
    ("database", "is_mine"), [("", True), ("postgresql://bot@127.0.0.1/bot", False)]
)
async def test_leases_of_others_are_theirs_unless_the_register_is_a_file_of_ours(
    sqlite_register: Path, database: str, is_mine: bool
) -> None:
    await tasks.call(Kind.ISSUE, 1, due=NOW)
    [handed] = await tasks.lease(NOW, Queue, most=1)
    lease = await tasks.begin(handed, NOW)
    assert lease
    await app.begin(Settings(database=Database(url=database)), NOW)
    assert await Task.exists(kind=Kind.ISSUE, lease=lease.token) is not is_mine
