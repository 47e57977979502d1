from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ca.builders import Chain, a_chain
from tests.procedures.status_world import World, a_world


@pytest.fixture(scope="session")
def chain() -> Chain:
    return a_chain()


@pytest.fixture
async def world(sqlite_register: Path, chain: Chain, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "published").mkdir()
    async with a_world(tmp_path / "published", chain) as world:
        yield world
