"""The register of a test, copied: to migrate an empty one anew each time takes long."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.register import connection


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated register without a row, that nobody has open."""
    path = tmp_path_factory.mktemp("blank") / "register.sqlite3"

    async def migrated() -> None:
        async with connection.opened(path):
            pass

    with asyncio.Runner() as runner:
        runner.run(migrated())
    return path


@pytest.fixture
async def register(blank: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """An empty register of this test's own, open on its event loop."""
    path = tmp_path / "register.sqlite3"
    shutil.copyfile(blank, path)
    async with connection.opened(path):
        yield path
