"""One site for all tests of this folder: it must survive every one of them."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.register import connection
from demo.foreign import ForeignPki
from demo.peers.postgres import Postgres
from demo.peers.rabbitmq import RabbitMq, rabbitmq
from demo.school import School
from tests.dossiers.desk import plain_form
from tests.house import register_officer, register_school
from tests.production.forks import Forked, Forks, forks
from tests.production.site import Site, a_site
from tests.registers import BLANK

ROLES = {
    "door": ("door",),
    "relay": ("relay",),
    "others": ("worker", "--queue", "vet", "--queue", "urgent", "--queue", "post"),
    "ca-1": ("worker", "--queue", "ca"),
    "ca-2": ("worker", "--queue", "ca"),
}


@pytest.fixture(scope="session")
def broker() -> Iterator[RabbitMq]:
    with rabbitmq() as running:
        yield running


@pytest.fixture(scope="session")
def forking() -> Iterator[Forks]:
    with forks() as forking:
        yield forking


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    founded: Path,
    token_home: Path,
    pki: ForeignPki,
    school: School,
    blank: bytes,
    server: Postgres,
    broker: RabbitMq,
    forking: Forks,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    home = shutil.copytree(founded, tmp_path_factory.mktemp("site") / "home")
    url = server.create(f"site-{secrets.token_hex(4)}", BLANK)
    house = a_site(home, token_home / "pins", pki.address, server, broker, url)
    site = Site(house, server, broker, school, plain_form(blank))
    site.processes = {
        name: Forked(house.settings, words, house.log, forks=forking)
        for name, words in ROLES.items()
    }
    async with connection.opened(url):
        await register_school(school, datetime.now(UTC) - timedelta(days=1))
        await register_officer(datetime.now(UTC))
        try:
            yield site
        finally:
            for process in site.processes.values():
                await asyncio.to_thread(process.kill)
