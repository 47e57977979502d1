"""Cut off after every commit and effect of a change and a revocation, and begun anew."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import actors, files
from bot.ca.certificate import sign
from bot.dossier.application import as_json
from bot.dossier.form import Procedure
from bot.procedures import certify, revoke
from bot.procedures.lines import in_force
from bot.procedures.services import Issuing
from bot.procedures.status import publish
from bot.procedures.status.seen import StatusUnseen, status_is_seen
from bot.register import audit, postgresql, sqlite, tasks
from bot.register.lifecycle import CertificateStatus, DossierStatus, ItemStatus
from bot.register.models import Agency, Certificate, Item, Notice, SubjectKey, Subscriber, Task
from bot.register.place import Place
from bot.register.tasks import Kind, Queue
from tests.ca.builders import ADDRESSES, NOW
from tests.dossier.builders import A_ROW, an_application
from tests.procedures.revoking import outside
from tests.procedures.software import SoftKeys
from tests.procedures.status_world import World
from tests.register.rows import a_dossier, an_agency, an_item

__all__ = ["outside"]  # a fixture

KINDS = {Procedure.ISSUE: Kind.ISSUE, Procedure.CHANGE: Kind.CHANGE, Procedure.REVOKE: Kind.REVOKE}
HANDED_OVER = (CertificateStatus.VALID, CertificateStatus.REVOKED)
people = itertools.count(1)


class Died(BaseException):
    """The process was killed."""


class Deaths:
    """Counts commits and effects, and dies after the one whose turn it is.

    Between one of them and the next nothing changes that outlives the process.
    """

    def __init__(self) -> None:
        self.left = 0

    def pass_by(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                raise Died

    def after(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*args: Any, **options: Any) -> Any:
            result = act(*args, **options)
            self.pass_by()
            return result

        return acting

    def after_all(self, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same for a coroutine function."""

        async def acting(*args: Any) -> Any:
            result = await act(*args)
            self.pass_by()
            return result

        return acting


@pytest.fixture
def deaths(monkeypatch: pytest.MonkeyPatch) -> Deaths:
    deaths = Deaths()
    for owner in (sqlite.ImmediateTransaction, postgresql.Transaction):
        monkeypatch.setattr(owner, "commit", deaths.after_all(owner.commit))
    monkeypatch.setattr(certify, "sign", deaths.after(sign))
    monkeypatch.setattr(publish, "replace", deaths.after(files.replace))
    monkeypatch.setattr(revoke, "status_is_seen", deaths.after_all(status_is_seen))
    return deaths


@pytest.fixture
async def agency(register: Place) -> Agency:
    return await an_agency()


async def asked(agency: Agency, procedure: Procedure, person: int, **typed: str) -> Item:
    """A vetted row about that person."""
    application = an_application(A_ROW[procedure](person, **typed), procedure=procedure)
    [row] = application.rows
    dossier = await a_dossier(
        agency=agency, procedure=procedure, status=DossierStatus.ACCEPTED,
        application=as_json(application), received_at=NOW,
    )  # fmt: skip
    item = await an_item(
        dossier=dossier, status=ItemStatus.ACCEPTED, asked=as_json(row),
        person=f"001185{person:06}",
    )  # fmt: skip
    await tasks.call(KINDS[procedure], item.id, due=NOW)
    return item


async def all_done(world: World, deaths: Deaths, after: int = 0) -> bool:
    """What is called for is done, one thing after the other; whether it died of that."""
    keys: Any = SoftKeys()
    issuer = replace(world.services.issuer, addresses=ADDRESSES)  # those of the web here are short
    tools: dict[Queue, Any] = {
        Queue.CA: Issuing(world.services.settings, issuer, keys),
        Queue.URGENT: world.services,
    }
    soon = NOW + timedelta(minutes=1)  # what is not seen yet is looked for again
    while handed := await tasks.lease(soon, tools, most=1):
        kind = Kind((await Task.get(id=handed[0].task)).kind)
        deaths.left = after  # who hands out tasks is killed elsewhere (tests/crash)
        try:
            await actors.work(handed[0], tools[kind.queue], world.clock.register)
        except Died:
            return True
        after, deaths.left = deaths.left, 0
        failed = await Task.exclude(last_error__in=("", StatusUnseen.code)).values_list(
            "last_error"
        )
        assert failed == []
    return False


@pytest.mark.parametrize("procedure", [Procedure.CHANGE, Procedure.REVOKE])
async def test_whenever_it_dies_it_ends_alike(
    agency: Agency, outside: World, deaths: Deaths, procedure: Procedure
) -> None:
    for after in itertools.count(1):
        person = next(people)
        await asked(agency, Procedure.ISSUE, person)
        await all_done(outside, deaths)
        number = f"001185{person:06}"
        known = Certificate.filter(subscriber__personal_number=number)
        await known.update(not_after=NOW + timedelta(days=99))
        item = await asked(agency, procedure, person, serial=(await known.get()).serial)
        if has_died := await all_done(outside, deaths, after):
            await tasks.release_all()
            await all_done(outside, deaths)
        await check(item, number, procedure, outside)
        if not has_died:
            break
    assert after > 5  # times it died


async def check(item: Item, number: str, procedure: Procedure, world: World) -> None:
    item = await Item.get(id=item.id).select_related("dossier")
    assert (item.status, item.dossier.status) == (ItemStatus.DONE, DossierStatus.COMPLETED)
    subscriber = await Subscriber.get(personal_number=number)
    own = await Certificate.filter(subscriber=subscriber).order_by("id")
    standing = [one for one in own if one.status in HANDED_OVER and in_force(one, NOW)]
    current = [one for one in own if one.current_of]
    if procedure is Procedure.REVOKE:
        assert (standing, current) == ([], [])
    else:
        assert [one.id for one in standing] == [one.id for one in current]
        assert len(standing) == 1
    assert not any(one.status is CertificateStatus.SIGNING for one in own)
    ended = (CertificateStatus.BURNT, CertificateStatus.REVOKED)
    await world.publish()
    listed = {f"{entry.serial_number:x}" for entry in world.crl}
    assert {one.serial for one in own if one.status in ended} <= listed
    assert not {one.serial for one in standing} & listed
    [key] = await SubjectKey.filter(subscriber=subscriber)
    assert bool(key.blob) is (procedure is not Procedure.REVOKE)
    notices = await Notice.filter(dossier=item.dossier)
    assert len(notices) == len({(one.kind, one.recipient, one.channel) for one in notices})
    told = "revoked" if procedure is Procedure.REVOKE else "changed"
    assert {"result", told} <= {one.kind for one in notices}
    assert [one async for one in audit.broken(await item.chain())] == []
