"""A year played through: clocks met or escalated, all told exactly what they should be."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
import structlog
from cryptography import x509

from bot.accounts import credential
from bot.clock import HANOI
from bot.config import Settings
from bot.home import Home
from bot.outbox.enclosures import Enclosures
from bot.register import trail
from bot.register.audit import Event
from bot.register.lifecycle import CertificateStatus, exits
from bot.register.models import Certificate, Dossier, Mail, Notice, Officer, Order, Task
from bot.register.tasks import Kind
from bot.sections.authority import Issuing, KeyAlgorithm, Rules
from bot.sections.servers import Tokens
from tests.year.lives import all_lives, deciding, live, overhaul
from tests.year.people import School, Teacher, enrol, enrol_officer
from tests.year.world import World, founded

START = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)  # a Monday morning in Hà Nội, a month before Tết
END = START + timedelta(days=340)
AGENCIES = 200
STEPS = (50, 80, 100)
CLOSED = ("dossier.complete", "dossier.return", "dossier.withdraw")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Slips and forms are drawn elsewhere; nobody reads a year's log."""
    monkeypatch.setattr(credential, "slip", lambda *_, **__: b"%PDF")
    monkeypatch.setattr(Enclosures, "of", lambda *_: [])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


def settings_for(home: Path, tokens: Path) -> Settings:
    """Certificates of a year, so that they are renewed within it."""
    return Settings(
        home=home,
        tokens=Tokens(pins=tokens / "pins"),
        rules=Rules(renewal_years=1),
        issuing=Issuing(
            algorithm=KeyAlgorithm.EC_P256,
            validity_years=1,
            crl_hours=14 * 24,
            crl_every_hours=7 * 24,
        ),
    )


@pytest.mark.timeout(600)
async def test_a_year(token_home: Path, tmp_path: Path) -> None:
    async with founded(settings_for(tmp_path / "home", token_home), START) as world:
        schools = [await enrol(number, START) for number in range(AGENCIES)]
        officers = [
            await enrol_officer("canbo1", "+84912000001", START),
            await enrol_officer("canbo2", "", START),
        ]
        lives = [
            deciding(world, "canbo1", timedelta(days=1), lambda number: number % 3 > 0),
            deciding(world, "canbo2", timedelta(days=7), lambda number: number % 3 == 0),
            overhaul(world, "canbo1", "canbo2", START + timedelta(days=16)),
            *all_lives(world, schools, Random(2027)),
        ]
        await live(world, lives, END)

        await nothing_is_left(world)
        late = await clocks_are_met_or_told(officers)
        assert 0 < late < await Dossier.all().count() / 4
        await certificates_are_explained(schools)
        for school in schools:
            await they_were_told(school)
        assert not await Order.exclude(refused="").exists()
        assert not [name for name in await trail.chains() if not await is_whole(name)]
        await the_crl_lists_what_is_revoked(world)


async def nothing_is_left(world: World) -> None:
    """But what comes round, and certificates that will end some day."""
    waiting = await Task.exclude(kind__in=[Kind.PUBLISH, Kind.REMIND]).values("kind", "last_error")
    assert not waiting
    assert all(task.due_at > world.now for task in await Task.all())
    assert not [one.number for one in await Dossier.all() if any(exits(one.status))]


async def clocks_are_met_or_told(officers: Sequence[Officer]) -> int:
    """How many dossiers ended too late: officers were told at each step, once; of no other so."""
    late, told = 0, Counter([str(notice.key) async for notice in Notice.filter(kind="clock")])
    for dossier in await Dossier.all():
        ended = await Event.get(chain=f"dossier:{dossier.id}", code__in=CLOSED)
        if is_late := ended.at > dossier.due_at:
            late += 1
        for officer in officers:
            for step in STEPS if is_late else ():
                assert told[f"clock:{dossier.id}:{step}:officer:{officer.id}"] == 1
        assert is_late == (f"clock:{dossier.id}:100:officer:{officers[0].id}:sms" in told)
    return late


async def certificates_are_explained(schools: Iterable[School]) -> None:
    """Each by a dossier, whose mail is kept; a person has one that is current, or none."""
    everybody = {one.personal_number: one for school in schools for one in school.people}
    for one in await Certificate.all().select_related("subscriber", "item__dossier__mail", "key"):
        person = everybody[one.subscriber.personal_number]
        assert one.subscriber.mailbox == person.mailbox
        assert isinstance(one.item.dossier.mail, Mail)
        assert bool(one.key.blob) == (one.key.destroyed_at is None)
    for person in everybody.values():
        current = Certificate.filter(
            subscriber__personal_number=person.personal_number, current_of__isnull=False
        )
        assert await current.count() == person.has_certificate


async def they_were_told(school: School) -> None:
    """People what their certificates came to, agencies what their letters did; nothing else."""
    for person in school.people:
        about = Notice.filter(recipient__in=[*person.mailboxes, person.phone])
        told = Counter([(str(one.kind), str(one.channel)) async for one in about])
        assert told == person.told + Counter({("reminder", "email"): await reminders_of(person)})
    to_agency = Notice.filter(recipient=school.agency.mailbox)
    heard = Counter([notice.kind async for notice in to_agency.only("kind")])
    dossiers = await Dossier.filter(agency=school.agency)
    assert len(dossiers) == heard["receipt"] == school.letters
    ended = [one for one in dossiers if one.status == "completed"]
    assert len(ended) <= heard["result"] <= 2 * len(ended)
    assert heard["returned"] == school.returned


async def reminders_of(person: Teacher) -> int:
    """90, 60 and 40 days before the end of what is current then, at eight in Hà Nội."""
    count = 0
    own = Certificate.filter(subscriber__personal_number=person.personal_number)
    for one in await own:
        newer = [new.not_before async for new in Certificate.filter(replaces=one)]
        until = min([*newer, one.revoked_at or END, END])
        last = one.not_after.astimezone(HANOI).replace(hour=8, minute=0, second=0)
        steps = [last - timedelta(days=days) for days in (90, 60, 40)]
        count += sum(step <= until for step in steps)
    return count


async def is_whole(chain: str) -> bool:
    return (await trail.looked_over(chain)).is_whole


async def the_crl_lists_what_is_revoked(world: World) -> None:
    crl = x509.load_der_x509_crl(Home(world.settings).crl.read_bytes())
    gone = Certificate.filter(status__in=[CertificateStatus.REVOKED, CertificateStatus.BURNT])
    serials = {one.serial async for one in gone}
    assert {f"{one.serial_number:x}" for one in crl} == serials
    assert len(serials) > AGENCIES / 24
