"""Revocation by officers' order: a dossier for each agency, and then as for any letter."""

import pytest

from bot.clock import REVOCATION
from bot.outbox.agency_notices import Result
from bot.outbox.subscriber_notices import Revoked
from bot.procedures.power.mass_revocation import (
    CertificatesUnknown,
    revoke_by_order,
    serials_in_force,
)
from bot.register.lifecycle import (
    CertificateMove,
    CertificateStatus,
    DossierStatus,
    ItemStatus,
    Verb,
)
from bot.register.models import Agency, Dossier, Item, Notice, Order, Task
from bot.register.place import Place
from bot.register.tasks import Kind
from tests.ca.builders import NOW
from tests.procedures.revoking import (
    AGO,
    a_holder,
    another,
    carried_out,
    outside,
    standing,
)
from tests.procedures.status_world import World
from tests.register.rows import a_mail, an_agency, an_officer

__all__ = ["outside"]  # a fixture

GROUND = "Sự cố lộ khóa tại nhà cung cấp"


@pytest.fixture
async def order(register: Place) -> Order:
    return await Order.create(
        officer=await an_officer(), mail=await a_mail(), verb=Verb.ACCEPT, made_at=NOW
    )


@pytest.fixture
async def agencies(register: Place) -> list[Agency]:
    return [await an_agency(mailbox=f"{name}@hanoiedu.vn") for name in ("mot", "hai")]


async def test_each_agency_has_a_dossier_and_everybody_is_told(
    agencies: list[Agency], order: Order, outside: World
) -> None:
    certificates = [await a_holder(agencies[at]) for at in (0, 0, 1)]
    dossiers = await revoke_by_order(order, [one.serial for one in certificates], GROUND, NOW)
    assert [one.agency_id for one in dossiers] == [one.id for one in agencies]
    assert [one.due_at - NOW for one in dossiers] == [REVOCATION, REVOCATION]
    assert not await Notice.exists()
    for item in await Item.all().order_by("id").select_related("dossier"):
        if item.status is ItemStatus.ACCEPTED:
            await carried_out(outside, item)
    assert {await standing(one) for one in certificates} == {CertificateStatus.REVOKED}
    assert await Dossier.filter(status=DossierStatus.COMPLETED).count() == 2
    results = [Result.read(one.data) for one in await Notice.filter(kind="result").order_by("id")]
    assert [[row.outcome for row in one.rows] for one in results] == [["revoked"] * 2, ["revoked"]]
    assert [one.by_order for one in results] == [True, True]
    told = [Revoked.read(one.data) for one in await Notice.filter(kind="revoked")]
    assert {(one.asked_by, one.ground) for one in told} == {("", GROUND)}
    assert len(told) == 3
    clocks = await Task.filter(kind=Kind.CLOCK).values_list("due_at", flat=True)
    assert clocks == [NOW + REVOCATION / 2] * 2


async def test_of_an_agency_the_current_certificates_are_meant(
    agencies: list[Agency], register: Place
) -> None:
    current = await a_holder(agencies[0])
    await another(current.subscriber)  # left to expire: it goes with the current one
    await a_holder(agencies[0], not_after=AGO)
    await a_holder(agencies[1])
    gone = await a_holder(agencies[0])
    await gone.make(CertificateMove.REVOKE, because="test", now=NOW, current_of=None)
    assert await serials_in_force(agencies[0], NOW) == [current.serial]


async def test_one_that_nobody_has_stops_all(agencies: list[Agency], order: Order) -> None:
    one = await a_holder(agencies[0])
    with pytest.raises(CertificatesUnknown) as refused:
        await revoke_by_order(order, [one.serial, "3a91", one.serial], GROUND, NOW)
    assert refused.value.serials == ("3a91",)
    assert not await Item.filter(dossier__procedure="revoke").exists()
