"""docs/conflicts.md: what becomes of a request where something stands already, cell by cell."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import actors
from bot.dossier.decision import Outcome, RowDecision
from bot.dossier.form import Procedure
from bot.register.lifecycle import ItemStatus
from bot.register.models import Agency, Certificate, Dossier, Item, Task
from bot.register.tasks import Kind
from tests.dossier.builders import a_change, a_revocation
from tests.procedures.office import Office, a_school, at, handed, office
from tests.procedures.software import Tools
from tests.register.rows import NOW

__all__ = ["office"]  # a fixture

PAGE = Path(__file__).parents[2] / "docs" / "conflicts.md"
YEAR = timedelta(days=365)
SAME, OTHER, ANYBODY = "the same agency", "another one", "anybody"


class Scene:
    """A person, the agency that has them, and another one."""

    def __init__(self, office: Office, seams: pytest.MonkeyPatch, *schools: Agency) -> None:
        self.office = office
        self.own, self.other = schools
        self.now = NOW
        self.tools = Tools(office.vetting)
        self.tools.take_their_places(seams.setattr)

    async def letter(self, agency: Agency, procedure: Procedure, **typed: str) -> Dossier:
        """A letter of `agency` about the person, and about their certificate if there is one."""
        newest = await Certificate.all().order_by("-id").first()
        named = {"serial": newest.serial if newest else "01"}
        rows = {
            Procedure.ISSUE: at(agency, 1),
            Procedure.CHANGE: a_change(1, renew="") | named,
            Procedure.REVOKE: a_revocation(1) | named,
        }
        row = rows[procedure]
        return await self.office.letter(agency, row, procedure=procedure, now=self.now, **typed)

    async def asks(self, procedure: Procedure, **typed: str) -> Item:
        """The person's own agency has sent a letter, and it is decided."""
        letter = await self.letter(self.own, procedure, **typed)
        (item,) = await self.office.decided(letter, self.now)
        return item

    async def has_certificate(self) -> None:
        await self.asks(Procedure.ISSUE)
        await self.works(Kind.ISSUE)
        self.now += YEAR

    async def works(self, *kinds: Kind) -> None:
        for kind in kinds:
            message = await handed(await Task.get(kind=kind), self.now)
            await actors.work(message, self.tools.of[kind.queue], self.clock)

    async def clock(self) -> datetime:
        return self.now

    async def said(self, agency: Agency, procedure: Procedure) -> str:
        """What would become of a letter: a cell of the table. Nothing is written down."""
        decision = await self.office.thought(await self.letter(agency, procedure), self.now)
        (row,) = decision.rows
        return cell(row)


def cell(row: RowDecision) -> str:
    codes = " ".join(f"`{fault.code}`" for fault in row.faults)
    match row.outcome:
        case Outcome.ACCEPT:
            return f"goes on, {codes} is told" if codes else "goes on"
        case outcome:
            return f"{outcome} {codes}"


async def nothing(_: Scene) -> None:
    pass


async def an_issue_vetted(scene: Scene) -> None:
    await scene.asks(Procedure.ISSUE)


async def an_issue_held(scene: Scene) -> None:
    item = await scene.asks(Procedure.ISSUE)
    await Item.filter(id=item.id).update(status=ItemStatus.HELD)


async def a_letter_held(scene: Scene) -> None:
    item = await scene.asks(Procedure.ISSUE, letter_signer_title="TL. HIỆU TRƯỞNG")
    assert item.status is ItemStatus.ASKED


async def a_certificate(scene: Scene) -> None:
    await scene.has_certificate()


async def a_change_vetted(scene: Scene) -> None:
    await scene.has_certificate()
    await scene.asks(Procedure.CHANGE)


async def a_revocation_vetted(scene: Scene) -> None:
    await scene.has_certificate()
    await scene.asks(Procedure.REVOKE)


async def a_revocation_done(scene: Scene) -> None:
    await a_revocation_vetted(scene)
    await scene.works(Kind.REVOKE, Kind.CONFIRM)


async def an_expired_one(scene: Scene) -> None:
    await scene.has_certificate()
    scene.now += 4 * YEAR


STANDS: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "nothing": nothing,
    "an issue, vetted": an_issue_vetted,
    "an issue, its row held": an_issue_held,
    "an issue, its letter held": a_letter_held,
    "a certificate": a_certificate,
    "a certificate, its change vetted": a_change_vetted,
    "a certificate, its revocation vetted": a_revocation_vetted,
    "a certificate, revoked": a_revocation_done,
    "a certificate, expired": an_expired_one,
}
WISHES = (Procedure.ISSUE, Procedure.CHANGE, Procedure.REVOKE)


def table() -> Iterator[list[str]]:
    """Its rows: what there is, who asks, and what becomes of each wish."""
    lines = PAGE.read_text(encoding="utf-8").split("| there is |")[1].splitlines()[2:]
    for line in lines:
        if not line.startswith("|"):
            return
        yield [one.strip() for one in line.strip("|").split("|")]


@pytest.fixture
async def scene(sqlite_register: Path, office: Office, monkeypatch: pytest.MonkeyPatch) -> Scene:
    other = "Trường Trung học phổ thông Phan Đình Phùng"
    return Scene(office, monkeypatch, await a_school(), await a_school(other))


def test_the_table_has_every_row_and_no_other() -> None:
    agencies = {(stands, who) for stands in STANDS for who in (SAME, OTHER)}
    expected = {("nothing", ANYBODY), *agencies} - {("nothing", SAME), ("nothing", OTHER)}
    rows = [(row[0], row[1]) for row in table()]
    assert set(rows) == expected
    assert len(rows) == len(expected)


@pytest.mark.parametrize("stands", STANDS)
async def test_every_cell_is_so(scene: Scene, stands: str) -> None:
    await STANDS[stands](scene)
    for _, who, *cells in [row for row in table() if row[0] == stands]:
        agency = scene.other if who == OTHER else scene.own
        assert [await scene.said(agency, wish) for wish in WISHES] == cells
