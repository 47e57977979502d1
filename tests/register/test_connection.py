"""Opening: a register that a newer program has changed is none of ours; one clock for all."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tortoise import Tortoise

from bot.errors import Misconfigured
from bot.register import connection
from bot.register.connection import clock
from bot.register.models import Task
from bot.register.place import Place
from demo.peers.postgres import Postgres
from tests.registers import BLANK, BOTH

NEWER = """
    INSERT INTO tortoise_migrations (app, name, applied_at)
    VALUES ('register', '9999_of_tomorrow', '2030-01-01 00:00:00')
"""


@pytest.mark.parametrize("kind", BOTH)
async def test_a_register_newer_than_the_program_is_left_alone(
    kind: str, server: Postgres, tmp_path: Path
) -> None:
    place: Place = tmp_path / "register.sqlite3"
    if kind == "postgresql":
        place = server.create(tmp_path.name, BLANK)
    async with connection.opened(place):
        await Tortoise.get_connection("default").execute_script(NEWER)
    with pytest.raises(Misconfigured) as told:
        async with connection.opened(place):
            pytest.fail("it was opened")
    assert "9999_of_tomorrow" in told.value.what


@pytest.mark.usefixtures("register")
async def test_its_clock_is_the_time_of_day_in_utc() -> None:
    now = await clock()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
    assert await Task.filter(due_at__lte=now).count() == 0  # as any column takes it
