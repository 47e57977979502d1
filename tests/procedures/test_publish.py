"""The CRL: regular, never lapsing, with every burnt serial."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from tortoise.connection import get_connection

from bot.ca import crl as lists
from bot.ca.crl import Revoked, entry
from bot.home import Home
from bot.procedures.status import publish
from bot.procedures.status.publish import REGULAR
from bot.register import tasks
from bot.register.lifecycle import CertificateStatus
from bot.register.models import Certificate, Item, Task
from bot.register.tasks import Kind, Queue
from tests.ca.builders import Chain
from tests.dossiers.desk import plain_form
from tests.house import House
from tests.procedures.status_world import World, a_world
from tests.register.rows import a_certificate


def crl(house: House) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(Home(house.settings).crl.read_bytes())


async def publish_again(house: House) -> None:
    """As if the regular task had come due."""
    await Task.filter(kind=Kind.PUBLISH, subject=REGULAR).update(due_at=datetime.now(UTC))
    await house.quiet()


async def test_the_regular_list_comes_round_before_it_ends(house: House) -> None:
    await house.quiet()
    first = crl(house)
    task = await Task.get(kind=Kind.PUBLISH, subject=REGULAR)
    assert first.next_update_utc is not None
    assert task.due_at < first.next_update_utc - timedelta(hours=12)
    await publish_again(house)
    number = x509.CRLNumber
    second = crl(house)
    assert (
        second.extensions.get_extension_for_class(number).value.crl_number
        > first.extensions.get_extension_for_class(number).value.crl_number
    )


async def test_an_interrupted_issue_burns_its_serial_and_keeps_its_key(house: House) -> None:
    house = replace(house, blank=plain_form(house.blank))
    await house.send(house.letter())
    await house.quiet()
    one = await Certificate.get(item__position=1)
    await interrupt(one)
    await house.quiet()
    [burnt] = await Certificate.filter(status=CertificateStatus.BURNT)
    again = await Certificate.get(item_id=one.item_id, status=CertificateStatus.VALID)
    assert (again.key_id, again.serial == burnt.serial) == (burnt.key_id, False)
    assert [f"{entry.serial_number:x}" for entry in crl(house)] == [burnt.serial]


async def interrupt(one: Certificate) -> None:
    """Put an issued certificate's item back to where a crash between the commits leaves it."""
    now = datetime.now(UTC)
    await Certificate.filter(id=one.id).update(status=CertificateStatus.SIGNING, der=None)
    await Item.filter(id=one.item_id).update(status="accepted")
    await tasks.call(Kind.ISSUE, one.item_id, due=now)


async def test_what_was_listed_once_is_not_encoded_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(one: Revoked) -> bytes:
        made.append(one.serial)
        return entry(one)

    monkeypatch.setattr(lists, "entry", counted)
    monkeypatch.setattr(publish, "ROWS", 2)
    for count in (5, 1, 0):
        for _ in range(count):
            await a_certificate(
                status=CertificateStatus.REVOKED, revoked_at=world.clock.time, reason="superseded"
            )
        await a_certificate(status=CertificateStatus.VALID)
        await world.publish()
    listed = await Certificate.filter(status=CertificateStatus.REVOKED).order_by("id")
    assert made == [int(one.serial, 16) for one in listed]
    assert [one.serial_number for one in world.crl] == made


async def test_a_device_that_is_away_never_parks_the_list(house: House) -> None:
    await house.quiet()
    now = datetime.now(UTC)
    away = house.running.tools[Queue.URGENT].published
    away.rename(away.with_name("away"))
    away.write_bytes(b"a file where the folder should be")
    await Task.filter(kind=Kind.PUBLISH, subject=REGULAR).update(due_at=now, attempts=50)
    while (task := await Task.get(kind=Kind.PUBLISH, subject=REGULAR)).attempts == 50:
        await asyncio.sleep(0.02)
    assert task.parked_at is None
    away.unlink()
    away.with_name("away").rename(away)
    await publish_again(house)
    assert crl(house).next_update_utc is not None


async def test_however_many_have_called_a_list_comes_and_serves_some(
    postgresql_register: str, chain: Chain, tmp_path: Path
) -> None:
    """More than a question to PostgreSQL has room for: all of a CA, revoked at once."""
    await get_connection("default").execute_script(
        "INSERT INTO task (key, kind, subject, since, due_at, attempts, last_error) "
        "SELECT 'publish:' || one, 'publish', one, now(), now(), 0, '' "
        "FROM generate_series(1, 33000) AS one"
    )
    (tmp_path / "published").mkdir()
    async with a_world(tmp_path / "published", chain) as world:
        await world.publish()
        assert len(world.crl) == 0
    assert await Task.filter(kind=Kind.PUBLISH).exclude(subject=REGULAR).count() < 33_000
