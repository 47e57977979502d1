"""One bot for all tests of a file: it must survive every one of them."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from demo.foreign import ForeignPki
from demo.school import School
from tests.dossiers.desk import Desk, plain_form
from tests.house import House, inhabited


@pytest.fixture(scope="session")
def form(blank: bytes) -> bytes:
    return plain_form(blank)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(
    founded: Path,
    token_home: Path,
    pki: ForeignPki,
    school: School,
    form: bytes,
    database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Desk]:
    home = shutil.copytree(founded, tmp_path_factory.mktemp("standing") / "home")
    async with inhabited(home, token_home, pki, school, database) as running:
        desk = Desk(House(running, pki, school, form))
        yield desk
        await desk.still_issues()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(standing: Desk, database: str) -> Desk:
    """Whatever a test hands in, the bot goes on, and in the end a good letter goes through."""
    return standing
