"""People with certificates, letters that want them revoked, and the steps of the queue `urgent`."""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.actors import STORIES
from bot.dossier.application import as_json
from bot.dossier.form import Procedure
from bot.register import tasks
from bot.register.lifecycle import AccountStatus, CertificateStatus, DossierStatus, ItemStatus
from bot.register.models import Agency, Certificate, Dossier, Item, Subscriber, Task
from bot.register.place import Place
from bot.register.tasks import Kind, Lease
from tests.ca.builders import NOW, Chain
from tests.dossier.builders import a_revocation, a_row, an_application
from tests.procedures.status_world import World, a_world
from tests.register.rows import a_certificate, a_dossier, a_key, a_subscriber, an_account, an_item

AGO, LATER = NOW - timedelta(days=400), NOW + timedelta(days=400)


@pytest.fixture
async def outside(register: Place, chain: Chain, tmp_path: Path) -> AsyncIterator[World]:
    """What relying parties see of a register of either kind."""
    (tmp_path / "published").mkdir()
    async with a_world(tmp_path / "published", chain) as world:
        yield world


async def a_holder(agency: Agency, **changes: Any) -> Certificate:
    """The current certificate of somebody with an account in use."""
    subscriber = await a_subscriber(agency=agency)
    await an_account(subscriber=subscriber, status=AccountStatus.ACTIVE)
    return await another(subscriber, **{"current_of": subscriber.id, **changes})


async def another(subscriber: Subscriber, **changes: Any) -> Certificate:
    """One more certificate of that person, with a key of its own unless told otherwise."""
    values: dict[str, Any] = {
        "item": changes.get("item") or await an_item(status=ItemStatus.DONE),
        "key": changes.get("key") or await a_key(subscriber=subscriber),
        "subscriber_id": subscriber.id,
        "serial": f"{1 << 150 | secrets.randbits(150):x}",
        "status": CertificateStatus.VALID,
        "not_before": AGO,
        "not_after": LATER,
    }
    made = await a_certificate(**values | changes)
    return await Certificate.get(id=made.id).select_related("subscriber__agency", "key")


async def a_letter(certificate: Certificate, **changes: Any) -> Item:
    """The vetted row of a letter that wants it revoked, and what waits for it."""
    typed = {"serial": certificate.serial, "reason": changes.pop("reason", "Mất điện thoại")}
    application = an_application(a_revocation(1, **typed), procedure=Procedure.REVOKE)
    dossier = await a_dossier(
        **{"agency": certificate.subscriber.agency, "application": as_json(application), **changes},
        procedure=Procedure.REVOKE, status=DossierStatus.ACCEPTED,
    )  # fmt: skip
    item = await an_item(
        dossier=dossier, status=ItemStatus.ACCEPTED, asked=as_json(application.rows[0]),
        person=certificate.subscriber.personal_number,
    )  # fmt: skip
    await tasks.call(Kind.REVOKE, item.id, due=NOW)
    return item


async def under_way(
    subscriber: Subscriber,
    status: ItemStatus = ItemStatus.ACCEPTED,
    letter: DossierStatus = DossierStatus.ACCEPTED,
    **changes: Any,
) -> Item:
    """A row of a letter that would give that person a certificate."""
    values = {"agency": subscriber.agency, "procedure": Procedure.CHANGE, "status": letter}
    dossier = await a_dossier(**{**values, **changes}, application=as_json(an_application()))
    return await an_item(
        dossier=dossier, status=status, person=subscriber.personal_number, asked=as_json(a_row())
    )


async def begun(kind: Kind, subject: int) -> Lease:
    """The right to do that task."""
    await Task.filter(kind=kind, subject=subject).update(due_at=AGO)
    [message] = await tasks.lease(NOW, [kind.queue], most=1)
    lease = await tasks.begin(message, NOW)
    assert lease
    assert (lease.kind, lease.subject) == (kind, subject)
    return lease


async def do(world: World, kind: Kind, item: Item) -> None:
    await STORIES[kind](await begun(kind, item.id), world.services, world.clock.time)


async def publish(world: World) -> None:
    """Do what has been called for."""
    for called in await Task.filter(kind=Kind.PUBLISH):
        if await Task.exists(id=called.id):  # one list serves all who called for it
            await STORIES[Kind.PUBLISH](
                await begun(Kind.PUBLISH, called.subject), world.services, world.clock.time
            )


async def carried_out(world: World, item: Item) -> Item:
    """Both steps, and a CRL between them."""
    await do(world, Kind.REVOKE, item)
    await publish(world)
    if await Task.exists(kind=Kind.CONFIRM, subject=item.id):
        await do(world, Kind.CONFIRM, item)
    return await again(item)


async def again(item: Item) -> Item:
    return await Item.get(id=item.id).select_related("dossier")


async def standing(certificate: Certificate) -> CertificateStatus:
    status: CertificateStatus = (await Certificate.get(id=certificate.id)).status
    return status


async def state(dossier: Dossier) -> DossierStatus:
    status: DossierStatus = (await Dossier.get(id=dossier.id)).status
    return status
