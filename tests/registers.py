"""Registers for tests: SQLite's files and PostgreSQL's databases, copied from blank ones."""

import asyncio
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from bot.register import connection
from bot.register.place import Place
from demo.peers.postgres import Postgres, postgres

BLANK, SHARED = "blank", "shared"
# TRUNCATE makes every file of every table and index anew: that takes ten times as long.
EMPTY = """
    DO $$ DECLARE one text; BEGIN
        SET LOCAL session_replication_role = replica; -- rows go, whatever points at them
        FOR one IN SELECT quote_ident(tablename) FROM pg_tables
            WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'
        LOOP EXECUTE 'DELETE FROM ' || one; END LOOP;
        PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
            FROM pg_sequences WHERE last_value IS NOT NULL;
    END $$
"""
# What a power failure would lose is not tried here, and a test's database is soon forgotten.
QUICK = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")


def migrated(place: Place) -> None:
    """A register without a row, that nobody has open: migrating anew takes long."""

    async def migrate() -> None:
        async with connection.opened(place):
            pass

    with asyncio.Runner() as runner:
        runner.run(migrate())


@pytest.fixture(scope="session")
def blank_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "register.sqlite3"
    migrated(path)
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server with a blank register; for all tests of this process."""
    with postgres(*QUICK) as running:
        migrated(running.create(BLANK))
        running.create(SHARED, BLANK)
        yield running


def sqlite_place(blank: Path, folder: Path) -> Path:
    path = folder / "register.sqlite3"
    shutil.copyfile(blank, path)
    return path


def server_place(server: Postgres) -> str:
    """The server's register without a row: emptying one takes far less than making another."""
    url = server.url(SHARED)

    async def empty() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(EMPTY)
        await connection.close()

    with asyncio.Runner() as runner:
        runner.run(empty())
    return url


@pytest.fixture
async def sqlite_register(blank_register: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """An empty SQLite register of this test's own, open on its event loop."""
    path = sqlite_place(blank_register, tmp_path)
    async with connection.opened(path):
        yield path


@pytest.fixture
def postgresql_place(server: Postgres) -> str:
    return server_place(server)


@pytest.fixture
async def postgresql_register(postgresql_place: str) -> AsyncIterator[str]:
    """An empty PostgreSQL register of this test's own, open on its event loop."""
    async with connection.opened(postgresql_place):
        yield postgresql_place


BOTH = ["sqlite", "postgresql"]


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> str:
    """The setting `database.url` of a module's house: SQLite's, unless the module asks for BOTH."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    server: Postgres = request.getfixturevalue("server")
    return server.create(f"house-{secrets.token_hex(4)}", BLANK)


@pytest.fixture(params=BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where an empty register of this test's own is: the test runs with each kind."""
    if request.param == "sqlite":
        return sqlite_place(request.getfixturevalue("blank_register"), tmp_path)
    return server_place(request.getfixturevalue("server"))


@pytest.fixture
async def register(place: Place) -> AsyncIterator[Place]:
    """That register, open on the test's event loop."""
    async with connection.opened(place):
        yield place


def everything(place: Place) -> bytes:
    """Every byte that stands in the register."""
    if isinstance(place, Path):
        return b"".join(file.read_bytes() for file in place.parent.glob(f"{place.name}*"))
    dump = ["pg_dump", "--inserts", "--dbname", place]
    return subprocess.run(dump, check=True, capture_output=True).stdout
