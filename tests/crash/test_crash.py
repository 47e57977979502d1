"""Killed before and after every commit and every outside effect, and started again.

Each row ends with exactly one certificate and key, one live credential, and
each notice exactly once, whichever way the bot runs.
"""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.home import Home
from bot.register import connection
from bot.register.tasks import Kind
from bot.sections.servers import Submission
from demo.foreign import ForeignPki
from demo.peers.postfix import postfix
from demo.peers.postgres import Postgres
from demo.peers.processes import free_port
from demo.peers.twilio import twilio
from demo.school import TEACHERS, School
from tests.crash.matrix import Facts, Matrix, Undisturbed, Zygote, zygote
from tests.crash.points import BEGUN, steps
from tests.crash.start import begin
from tests.crash.ways import Embedded, Separate
from tests.dossiers.desk import plain_form
from tests.house import a_mail, settings_for
from tests.registers import BLANK
from tests.sms.builders import settings_of

CRASH = "crash"  # the database
ROWS = TEACHERS[:2]  # one good, one faulty

# Changes and revocations die in tests/procedures/test_interrupted.py; the other three do all
# they do in one commit.
NOT_HERE = {Kind.CHANGE, Kind.REVOKE, Kind.CONFIRM, Kind.CLOCK, Kind.REMIND, Kind.LAPSE}
WORKERS = (set(Kind) - NOT_HERE - {Kind.NOTICE, Kind.ARRIVAL}) | {"notice-email", "notice-sms"}
WORKS = WORKERS | {"door", "relay", "issue-given-up"}
FREEZES = (BEGUN, "before check 1", "before check 2")
"""Where a worker freezes: its task is begun, and what it does next must not count any more."""

BURNS = {  # between the intent to sign and the certificate
    ("issue", step)
    for step in (
        "after commit 2",
        "before certificate signature 1",
        "after certificate signature 1",
        "before commit 3",
    )
}
SENDS_AGAIN = {  # between the mail server's word and ours
    (work, step)
    for work in ("notice-email", "credential")
    for step in ("after mail 1", "before commit 3")
}
STILL_TO_DO = [  # some day, or by an officer
    ["clock", False, ""],
    ["issue", True, "worker.died"],
    ["publish", False, ""],
    ["remind", False, ""],
    ["result", False, ""],
]
LIVE = {"passcode told": True, "code good": True}
DEAD = {"passcode told": False, "code good": False}


@pytest.fixture(scope="module")
def mail(school: School, blank: bytes, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of a mail that is handed in at the door."""
    letter = school.write(plain_form(blank), ROWS, datetime.now(UTC).date())
    file = tmp_path_factory.mktemp("mail") / "mail.eml"
    file.write_bytes(a_mail(letter).as_bytes())
    return str(file)


@pytest.fixture(scope="module")
def forking(mail: str) -> Iterator[Zygote]:
    with zygote(mail) as forking:
        yield forking


@pytest.fixture
def embedded(founded: Path, token_home: Path, pki: ForeignPki, tmp_path: Path) -> Embedded:
    home = shutil.copytree(founded, tmp_path / "home")
    return Embedded(settings_for(home, token_home, pki.address), tmp_path / "kept")


@pytest.fixture
def separate(embedded: Embedded, server: Postgres) -> Iterator[Separate]:
    home = embedded.settings.home
    with postfix(free_port()) as post, twilio(delivers=True) as carrier:
        (home / "mail-password").write_text(post.password)
        (home / "auth-token").write_text(carrier.auth_token)
        submission = Submission(
            host="localhost", port=post.submission, ca_file=post.ca_file,
            login=post.login, password_file=Path("mail-password"),
        )  # fmt: skip
        sms = settings_of(carrier, inbound="polling", auth_token_file=Path("auth-token"))
        database = embedded.settings.database.model_copy(
            update={"url": server.create(CRASH, BLANK)}
        )
        settings = embedded.settings.model_copy(
            update={"database": database, "submission": submission, "sms": sms}
        )
        yield Separate(settings, embedded.kept, CRASH, server, post, carrier)


def started(way: Embedded, school: School) -> str:
    """The start stands in the register; the phone of somebody whom it knows."""

    async def start() -> str:
        async with connection.opened(Home(way.settings).register):
            return await begin(school, datetime.now(UTC))

    return asyncio.run(start())


def expected(end: Facts, point: str, *, asks_first: bool) -> Facts:
    """How a house ends that was killed at `point`.

    Args:
        asks_first: whether the way out of mails knows what it has taken.
    """
    work, _ = steps(point)
    if steps(point) in BURNS:
        end = end | {"burnt": end["burnt"] + 1}
    if steps(point) in SENDS_AGAIN and not asks_first:
        again = {"notice-email": [2], "credential": [1, 1]}[work]
        end = end | {"copies of mails": sorted([*end["copies of mails"][1:], again])}
    if steps(point) in SENDS_AGAIN and not asks_first and work == "credential":
        end = end | {"slips": [DEAD, LIVE]}
    return end


def off(matrix: Matrix, undisturbed: Undisturbed, *, asks_first: bool) -> Facts:
    """What is not as expected, by the point at which a house was killed."""
    found = {}
    for point in undisturbed.points:
        if " check " in point:
            continue
        facts = matrix.killed(point, undisturbed)
        right = expected(undisturbed.end, point, asks_first=asks_first)
        if wrong := {name: facts[name] for name in facts if facts[name] != right[name]}:
            found[point] = wrong
    return found


def require_right(end: Facts) -> None:
    """An undisturbed house: what everything else is compared with."""
    assert [status for *_, status in end["items"]] == ["parked", "done", "returned"]
    assert [status for _, status in end["dossiers"]] == ["accepted", "completed"]
    assert (end["valid"], end["signing"], end["burnt"]) == (["2/1"], 0, 1)
    assert {status for *_, status in end["notices"]} == {"sent"}
    assert {*map(tuple, end["copies of mails"]), *map(tuple, end["copies of SMS"])} == {(1,)}
    assert (end["burnt not in CRL"], end["of no notice"], end["broken chains"]) == ([], [], [])
    assert [one for one in end["still to do"] if one[0] != Kind.COLLECT] == STILL_TO_DO
    assert end["slips"] == [LIVE]


@pytest.mark.timeout(400)
def test_over_files(embedded: Embedded, school: School, mail: str, forking: Zygote) -> None:
    started(embedded, school)
    matrix = Matrix(forking, embedded, mail)
    undisturbed = matrix.undisturbed()
    require_right(undisturbed.end)
    assert {steps(point)[0] for point in undisturbed.points} == WORKS | {"start"}
    assert off(matrix, undisturbed, asks_first=True) == {}


@pytest.mark.timeout(400)
def test_over_servers(separate: Separate, school: School, mail: str, forking: Zygote) -> None:
    phone = started(separate, school)
    separate.carrier.write(phone, "Xin chào")
    matrix = Matrix(forking, separate, mail)
    undisturbed = matrix.undisturbed()
    require_right(undisturbed.end)
    assert {steps(point)[0] for point in undisturbed.points} == WORKS | {"arrival"}
    assert off(matrix, undisturbed, asks_first=False) == {}
    at_work = WORKERS | {"arrival"}
    freezing = [
        point
        for point in undisturbed.points
        if steps(point)[0] in at_work and steps(point)[1] in FREEZES
    ]
    assert {steps(point)[0] for point in freezing} == at_work
    assert [point for point in freezing if not matrix.frozen(point, undisturbed)] == []
