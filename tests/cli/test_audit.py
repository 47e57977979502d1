"""`bot audit`: a trail that was tampered with anywhere is not whole."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.register import audit
from bot.register.audit import Event
from bot.register.counter import Counter
from bot.register.lifecycle import DossierMove
from bot.register.models import Dossier
from bot.register.trail import chains, looked_over
from tests.cli.command import Desk
from tests.register.rows import NOW, a_dossier

NUMBER = "HS-2026-900001"


async def lived() -> Dossier:
    """A dossier with three events, and one of the system."""
    dossier = await a_dossier(number=NUMBER)
    await dossier.record("dossier.open", because="signer.registered", now=NOW)
    await dossier.make(DossierMove.HOLD, because="mail.from", now=NOW)
    await dossier.make(DossierMove.RETURN, because="officer", now=NOW)
    await audit.append(audit.SYSTEM, "task.park", because="hsm.away", now=NOW, subject=1)
    return dossier


def of_it(sequence: int) -> dict[str, Any]:
    return {"chain__startswith": "dossier:", "sequence": sequence}


async def forge() -> None:
    """A last link that fits, and that nobody has counted."""
    last = await Event.get(**of_it(3))
    event = Event(
        chain=last.chain, sequence=4, at=NOW, code="dossier.accept", because="x", details={},
        previous=last.digest,
    )  # fmt: skip
    event.digest = audit.digest_of(event)
    await event.save()


async def whole_and_gone() -> None:
    """Every trace of a chain is taken away; the dossier still stands."""
    await Event.filter(chain__startswith="dossier:").delete()
    await Counter.filter(name__startswith="dossier:").delete()


TAMPERINGS: dict[str, Callable[[], Awaitable[object]]] = {
    "changed": lambda: Event.filter(**of_it(2)).update(because="rules.passed"),
    "left out": lambda: Event.filter(**of_it(2)).delete(),
    "cut off": lambda: Event.filter(**of_it(3)).delete(),
    "all cut off": lambda: Event.filter(chain__startswith="dossier:").delete(),
    "uncounted": forge,
    "gone": whole_and_gone,
}


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=list(TAMPERINGS))
async def test_what_was_tampered_with_is_not_whole(tamper: Callable[[], Awaitable[object]]) -> None:
    dossier = await lived()
    name = await dossier.chain()
    assert await chains() == [name, audit.SYSTEM]
    assert all([(await looked_over(one)).is_whole for one in await chains()])
    await tamper()
    assert await chains() == [name, audit.SYSTEM]
    assert not (await looked_over(name)).is_whole
    assert (await looked_over(audit.SYSTEM)).is_whole


@pytest.mark.usefixtures("register")
async def test_what_is_missing_is_counted() -> None:
    dossier = await lived()
    await Event.filter(chain=await dossier.chain(), sequence__gte=2).delete()
    found = await looked_over(await dossier.chain())
    assert (found.links, found.broken, found.missing, found.uncounted) == (1, (), 2, 0)


@pytest.mark.usefixtures("register")
async def test_long_chains_are_read_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE", 2)
    dossier = await lived()
    found = await looked_over(await dossier.chain())
    assert (found.links, found.is_whole) == (3, True)
    await Event.filter(**of_it(2)).update(because="x")
    assert (await looked_over(found.name)).broken == (2,)


def test_a_whole_trail_is_said_to_be(desk: Desk) -> None:
    desk.register(lived)
    done = CliRunner().invoke(cli, ["--home", str(desk.home), "audit", "verify"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert "2 chains with 4 links are whole" in done.stderr
    assert [one["whole"] for one in desk.json("audit", "verify")] == [True, True]
    [one] = desk.json("audit", "verify", NUMBER)
    assert (one["links"], one["whole"]) == (3, True)


def test_a_trail_that_is_not_ends_with_1_and_names_the_chain(desk: Desk) -> None:
    dossier = desk.register(lived)
    desk.register(TAMPERINGS["cut off"])
    done = CliRunner().invoke(cli, ["--home", str(desk.home), "audit", "verify", "--json"])
    assert done.exit_code == 1
    found = {one["name"]: one for one in json.loads(done.stdout)}
    assert found[f"dossier:{dossier.id}"]["missing"] == 1
    assert found["system"]["whole"]
    said = desk.refuses("audit", "verify")
    assert "1 of 2 chains are not whole" in said
    assert "keep everything as it is" in said


def test_a_chain_is_shown_link_by_link(desk: Desk) -> None:
    desk.register(lived)
    shown = desk.json("audit", "show", NUMBER)
    assert [(one["link"], one["what"]) for one in shown] == [
        (1, "dossier.open"), (2, "dossier.hold"), (3, "dossier.return"),
    ]  # fmt: skip
    assert shown == desk.json("audit", "show", NUMBER.lower())
    assert len(desk.json("audit", "show", "system")) == 1
    assert "bot audit verify" in desk.refuses("audit", "show", "dossier:404")
