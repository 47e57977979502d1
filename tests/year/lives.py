"""What happens in the year: lives that say when they go on, and what they expect to be told."""

import heapq
import json
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime, timedelta
from itertools import count, cycle
from random import Random

from bot.clock import HANOI
from bot.dossier.form import Procedure
from bot.outbox.readable import grouped
from bot.register.lifecycle import ProposalStatus
from bot.register.models import Hold, Proposal
from tests.year.paper import Written
from tests.year.people import School, Teacher
from tests.year.world import World

OFFICIAL = "hoso@ca.example.gov.vn"

Life = AsyncIterator[datetime]  # it goes on at each of these times


async def live(world: World, lives: Iterable[Life], end: datetime) -> None:
    """Let each go on at its times, and the bot do what is due in between."""
    order = count()
    ahead: list[tuple[datetime, int, Life]] = []

    async def wait(life: Life) -> None:
        if moment := await anext(life, None):
            heapq.heappush(ahead, (moment, next(order), life))

    for life in lives:
        await wait(life)
    while ahead and ahead[0][0] <= end:
        moment, _, life = heapq.heappop(ahead)
        await world.until(moment)
        await wait(life)
    await world.until(end)


async def _asks(world: World, school: School, *teachers: Teacher, **changes: str) -> None:
    """Form 01; everybody in it is issued a certificate."""
    rows = [teacher.row() for teacher in teachers]
    letter = school.letter(Procedure.ISSUE, *rows, now=world.now, **changes)
    await world.send(letter, OFFICIAL)
    for teacher in teachers:
        teacher.is_issued()


async def plain(world: World, school: School, start: datetime) -> Life:
    """A teacher, and nothing further."""
    yield start
    await _asks(world, school, *school.teachers(1))


async def careless(world: World, school: School, start: datetime) -> Life:
    """One row comes back, and is mended the day after."""
    yield start
    good, bad = school.teachers(2)
    rows = good.row(), bad.row(mailbox=bad.mailbox.replace(".edu", ",edu"))
    await world.send(school.letter(Procedure.ISSUE, *rows, now=world.now), OFFICIAL)
    good.is_issued()
    school.returned += 1
    yield start + timedelta(days=1)
    await _asks(world, school, bad)


async def with_a_head(world: World, school: School, start: datetime) -> Life:
    """A deputy head asks: an officer decides."""
    yield start
    [teacher], head = school.teachers(1), school.head()
    rows = teacher.row(), head.row()
    await world.send(school.letter(Procedure.ISSUE, *rows, now=world.now), OFFICIAL)
    teacher.is_issued()
    if is_let_pass(school.agency.code):
        head.is_issued()
    else:
        school.returned += 1


async def twice(world: World, school: School, start: datetime) -> Life:
    """The same person is asked for again: that comes back."""
    yield start
    [teacher] = school.teachers(1)
    await _asks(world, school, teacher)
    yield start + timedelta(days=20)
    await world.send(school.letter(Procedure.ISSUE, teacher.row(), now=world.now), OFFICIAL)
    school.returned += 1


async def moving(world: World, school: School, start: datetime) -> Life:
    """A mailbox changes: the certificate with it."""
    yield start
    [teacher] = school.teachers(1)
    await _asks(world, school, teacher)
    yield start + timedelta(days=60)
    row = await teacher.change(
        amend="on", what="Địa chỉ thư điện tử công vụ", new=teacher.next_mailbox
    )
    await world.send(school.letter(Procedure.CHANGE, row, now=world.now), OFFICIAL)
    teacher.moves()


async def renewing(world: World, school: School, start: datetime) -> Life:
    """Renewed ten days after the first reminder."""
    yield start
    [teacher] = school.teachers(1)
    await _asks(world, school, teacher)
    yield start + timedelta(days=365 - 80)
    row = await teacher.change(renew="on")
    await world.send(school.letter(Procedure.CHANGE, row, now=world.now), OFFICIAL)
    teacher.told["changed", "email"] += 1


async def losing(world: World, school: School, start: datetime) -> Life:
    """A phone is lost on a Saturday night: revoked within 12 hours, then asked for anew."""
    yield start
    [teacher] = school.teachers(1)
    await _asks(world, school, teacher)
    yield _saturday_night(start + timedelta(days=20))
    row = await teacher.revocation("Mất điện thoại, nghi lộ khóa")
    await world.send(school.letter(Procedure.REVOKE, row, now=world.now), OFFICIAL)
    teacher.is_revoked()
    yield world.now + timedelta(days=3)
    await _asks(world, school, teacher)


def is_let_pass(code: str) -> bool:
    """What officers think of the deputy heads of the agency with that code."""
    return int(code.rpartition("-")[2]) // 12 % 2 == 0


async def deciding(
    world: World, officer: str, every: timedelta, theirs: Callable[[int], bool]
) -> Life:
    """An officer who comes to it every so often, and takes on dossiers with such numbers."""
    while True:
        yield world.now + every
        for hold in await Hold.filter(ended_at__isnull=True).select_related("dossier__agency"):
            if theirs(int(hold.dossier.number[-6:])):
                await world.send(written_by(officer, _order(hold)), OFFICIAL)


def _order(hold: Hold) -> str:
    about = f"{hold.dossier.number} {grouped(hold.code)}"
    if is_let_pass(hold.dossier.agency.code):
        return f"DUYỆT {about}"
    return f"TRẢ LẠI {about}: không thuộc đối tượng"


async def overhaul(world: World, proposer: str, other: str, start: datetime) -> Life:
    """Issuing stands still for five days: one officer stops it, two let it go on."""
    yield start
    await world.send(written_by(proposer, _proposal("pause")), OFFICIAL)
    yield start + timedelta(days=5)
    await world.send(written_by(proposer, _proposal("resume")), OFFICIAL)
    yield start + timedelta(days=5, minutes=30)

    proposal = await Proposal.get(status=ProposalStatus.PROPOSED)
    order = f"DUYỆT {proposal.number} {grouped(proposal.code)}"
    await world.send(written_by(other, order), OFFICIAL)


def _proposal(act: str) -> str:
    return f"ĐỀ NGHỊ {act}\n\n" + json.dumps({"queue": "ca", "reason": "Bảo trì HSM"})


def written_by(officer: str, text: str) -> Written:
    """A mail of an officer's, signed."""
    return Written(f"{officer}@ca.example.gov.vn", sealed_by=officer, said=text)


def _saturday_night(after: datetime) -> datetime:
    local = after.astimezone(HANOI)
    days = (5 - local.weekday()) % 7
    return (local + timedelta(days=days)).replace(hour=23, minute=40)


EVENTFUL: tuple[Callable[[World, School, datetime], Life], ...] = (
    careless, with_a_head, twice, moving, renewing, losing
)  # fmt: skip


def all_lives(world: World, schools: Iterable[School], chance: Random) -> list[Life]:
    """One for each school, begun at any hour of the first weeks, Tết included."""
    return [
        life(world, school, world.now + timedelta(minutes=chance.randrange(60 * 24 * 50)))
        for life, school in zip(cycle((*EVENTFUL, *[plain] * len(EVENTFUL))), schools, strict=False)
    ]
