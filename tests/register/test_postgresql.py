"""The PostgreSQL engine: whatever happens to the server, whoever asks next is served."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tortoise import Tortoise
from tortoise.transactions import in_transaction

from bot.errors import Misconfigured
from bot.register import connection
from bot.register.counter import Counter
from bot.register.place import CONNECTIONS
from bot.register.postgresql import RegisterUnavailable
from demo.peers.postgres import Postgres, postgres
from demo.peers.tls import make_server_certificate
from tests.registers import BLANK, QUICK, migrated

MANY = CONNECTIONS + 2  # were one kept for each, none would be left

OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def cut_off(server: Postgres, url: str) -> None:
    """End every connection but our own, as an administrator may."""
    await asyncio.to_thread(server.run, OTHERS, url.rpartition("/")[2])


async def forgotten() -> None:
    """Whoever asks first may be told of a connection that was cut off; each only once."""
    for _ in range(CONNECTIONS):
        with suppress(RegisterUnavailable):
            await Counter.all().count()


async def test_a_transaction_that_is_cut_off_is_undone_and_the_next_one_works(
    server: Postgres, postgresql_register: str
) -> None:
    async def undone() -> None:
        async with in_transaction():
            await Counter.next("x")
            await cut_off(server, postgresql_register)
            await Counter.next("x")

    for _ in range(MANY):
        with pytest.raises(RegisterUnavailable):
            await undone()
        await forgotten()
    assert await Counter.all().count() == 0
    async with in_transaction():
        assert await Counter.next("x") == 1


async def test_connections_that_were_cut_off_between_two_steps_are_made_anew(
    server: Postgres, postgresql_register: str
) -> None:
    for number in range(1, MANY):
        async with in_transaction():
            assert await Counter.next("x") == number
        await cut_off(server, postgresql_register)
        await forgotten()


async def test_what_is_cancelled_in_a_transaction_leaves_nothing(postgresql_register: str) -> None:
    async def for_ever() -> None:
        async with in_transaction():
            await Counter.next("x")
            begun.set()
            await asyncio.Event().wait()

    for _ in range(MANY):
        begun = asyncio.Event()
        waiting = asyncio.create_task(for_ever())
        await begun.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with in_transaction():
        assert await Counter.next("x") == 1


async def test_two_that_wait_for_each_other_are_no_fault_of_the_program(
    postgresql_register: str,
) -> None:
    met = asyncio.Barrier(2)

    async def step(first: str, second: str) -> None:
        async with in_transaction():
            await Counter.next(first)
            await met.wait()
            await Counter.next(second)

    async with in_transaction():
        for name in ("x", "y"):
            await Counter.next(name)
    ends = await asyncio.gather(step("x", "y"), step("y", "x"), return_exceptions=True)
    assert sorted(map(type, ends), key=str) == [type(None), RegisterUnavailable] or sorted(
        map(type, ends), key=str
    ) == [RegisterUnavailable, type(None)]


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    with postgres(*QUICK) as running:
        migrated(running.create(BLANK))
        yield running


async def test_a_server_that_is_away_is_said_to_be_and_comes_back(own_server: Postgres) -> None:
    url = own_server.url(BLANK)
    async with connection.opened(url):
        await asyncio.to_thread(own_server.stop)
        for _ in range(MANY):
            with pytest.raises(RegisterUnavailable):
                await Counter.all().count()
            with pytest.raises(RegisterUnavailable):
                async with in_transaction():
                    await Counter.next("x")
        await asyncio.to_thread(own_server.start)
        async with in_transaction():
            assert await Counter.next("x") == 1
    await asyncio.to_thread(own_server.stop)
    with pytest.raises(RegisterUnavailable):
        async with connection.opened(url):
            pass


@pytest.fixture
def secured() -> Iterator[tuple[Postgres, Path]]:
    """A server with TLS, and the folder of its CA (`ca.pem`) and of another (`others.pem`)."""
    with TemporaryDirectory() as name:
        folder, key = Path(name), Path(name, "server.pem")
        make_server_certificate(folder / "others.pem", key)
        make_server_certificate(folder / "ca.pem", key)
        for path in (folder, key):
            shutil.chown(path, "nobody")
        with postgres(
            *QUICK, "ssl = on", f"ssl_cert_file = '{key}'", f"ssl_key_file = '{key}'"
        ) as it:
            yield it, folder


async def test_a_server_is_verified_where_that_is_asked_for(
    secured: tuple[Postgres, Path],
) -> None:
    server, folder = secured
    url = server.url("postgres").replace("127.0.0.1", "localhost") + "?sslmode=verify-full"
    async with connection.opened(f"{url}&sslrootcert={folder}/ca.pem"):
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        [row] = await Tortoise.get_connection("default").execute_query_dict(query)
    assert row == {"ssl": True}
    for wrong in ("others", "missing"):
        with pytest.raises(Misconfigured):
            async with connection.opened(f"{url}&sslrootcert={folder}/{wrong}.pem"):
                pass


@pytest.mark.parametrize("wrong", ["no-such-database", "user"])
async def test_what_the_server_does_not_let_in_is_for_the_operator(
    server: Postgres, wrong: str
) -> None:
    url = server.url("no-such-database" if wrong == "no-such-database" else BLANK)
    if wrong == "user":
        url = url.replace("bot@", "stranger@")
    with pytest.raises(Misconfigured) as told:
        async with connection.opened(url):
            pass
    assert "database.url" in told.value.remedy
