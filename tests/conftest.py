"""What every test may ask for. Peers are real: a missing one is a failure."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.register import connection

pytest_plugins = ["tests.hsm_fixtures", "tests.house"]


@pytest.fixture
async def register(tmp_path: Path) -> AsyncIterator[None]:
    """An empty register on disk, migrated, open on the test's event loop."""
    async with connection.opened(tmp_path / "register.sqlite3"):
        yield


@pytest.fixture
def now() -> datetime:
    """A working Monday morning in Hà Nội, some days before an exceptional holiday."""
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
