"""What every test may ask for. Peers are real: a missing one is a failure."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from bot.register import connection

pytest_plugins = ["tests.hsm_fixtures", "tests.house"]

# Examples take as long as the machine is busy; what hangs has pytest's timeout.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def blank_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated register without a row, that nobody has open: migrating anew takes long."""
    path = tmp_path_factory.mktemp("blank") / "register.sqlite3"

    async def migrated() -> None:
        async with connection.opened(path):
            pass

    with asyncio.Runner() as runner:
        runner.run(migrated())
    return path


@pytest.fixture
async def register(blank_register: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """An empty register of this test's own, open on its event loop."""
    path = tmp_path / "register.sqlite3"
    shutil.copyfile(blank_register, path)
    async with connection.opened(path):
        yield path


@pytest.fixture
def now() -> datetime:
    """A working Monday morning in Hà Nội, some days before an exceptional holiday."""
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
