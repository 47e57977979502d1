"""`bot board`: everything that is open, in 80 columns, live and for scripts."""

import html
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bot.cli.board_view import room_for
from bot.cli.health import FAR_AWAY, look
from bot.cli.time_left import time_left
from bot.clock import Calendar
from bot.config import Settings
from bot.dossier.form import Procedure
from bot.home import Home
from bot.procedures.overview import Waiting, overview
from bot.register import tasks
from bot.register.lifecycle import DossierStatus, ItemStatus, MailStatus, NoticeStatus, Turn
from bot.register.models import Item, Pause, Task
from bot.register.tasks import Kind, Queue
from bot.sections.servers import Door
from demo.foreign import ForeignPki
from demo.process import environment
from tests.cli.command import Desk
from tests.cli.made_up import LINES, NOW, PARTS, PICTURE, VIEW, picture, written
from tests.house import settings_for
from tests.register.rows import a_dossier, a_mail, a_notice, a_proposal, an_agency

CALENDAR = Calendar()
LOOKED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


async def three_open() -> None:
    """A held one that is overdue, one whose rows go on, one that is unread; and a closed one."""
    agency = await an_agency(code="cva")
    now = datetime.now(UTC)
    for number, status, left in (
        (1, DossierStatus.RECEIVED, timedelta(days=5)),
        (2, DossierStatus.HELD, timedelta(hours=-1)),
        (3, DossierStatus.ACCEPTED, timedelta(days=1)),
        (4, DossierStatus.RETURNED, timedelta(hours=-9)),
    ):
        dossier = await a_dossier(
            number=f"HS-2026-{number:06}",
            agency=agency,
            status=status,
            received_at=now - timedelta(days=3),
            due_at=now + left,
        )
        if status is DossierStatus.ACCEPTED:
            for position, item in enumerate((ItemStatus.DONE, ItemStatus.ACCEPTED), start=1):
                place = f"{dossier.id}/{position}"
                await Item.create(
                    dossier=dossier, position=position, place=place, status=item, asked={}
                )


@pytest.mark.usefixtures("register")
async def test_the_most_urgent_come_first_and_closed_ones_not_at_all() -> None:
    await three_open()
    now = datetime.now(UTC)
    view = await overview(CALENDAR, now)
    assert [one.number[-1] for one in view.dossiers] == ["2", "3", "1"]
    assert [one.turn for one in view.dossiers] == [Turn.OFFICER, Turn.CA, Turn.BOT]
    assert [(one.closed, one.rows) for one in view.dossiers] == [(0, 0), (1, 2), (0, 0)]
    assert [one.procedure for one in view.dossiers] == [Procedure.ISSUE, Procedure.ISSUE, None]
    assert view.dossiers[0].used == 100
    assert (view.open, view.overdue) == (3, 1)
    few = await overview(CALENDAR, now, most=2)
    assert (len(few.dossiers), few.open) == (2, 3)


@pytest.mark.usefixtures("register")
async def test_what_waits_beside_dossiers_is_counted() -> None:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    for hours in (1, 2):
        await a_mail(status=MailStatus.HELD, received_at=now - hours * hour)
    proposal = await a_proposal(expires_at=now + hour)
    await a_notice(status=NoticeStatus.FAILED, dossier=None)
    await Pause.create(queue="ca", since=now - hour)
    await tasks.call_all(Kind.NOTICE, [1, 2], due=now - hour)
    await Task.filter(subject=1).update(due_at=now + timedelta(minutes=5), last_error="smtp.away")
    await tasks.call_all(Kind.ISSUE, [1, 2], due=now - 2 * hour)
    await tasks.call(Kind.CHANGE, 1, due=now - 3 * hour)
    await tasks.call_parked(Kind.IDENTIFY, 1, "worker.died", now)
    await tasks.call_all(Kind.REMIND, range(9), due=now + 999 * hour)
    view = await overview(CALENDAR, now)
    assert view.held_mails == Waiting(2, now - 2 * hour)
    assert [one.number for one in view.proposals] == [proposal.number]
    assert [(one.kind, one.code) for one in view.given_up] == [("identify", "worker.died")]
    assert (view.undelivered, view.retried, view.paused) == (1, 1, now - hour)
    assert view.backlog[Queue.CA] == Waiting(3, now - 3 * hour)
    assert view.backlog[Queue.POST].count == 2  # that notice, and telling of the task given up
    assert view.backlog[Queue.VET] == Waiting(0)


def test_it_fits_into_80_columns_and_grows() -> None:
    for width in (80, 130):
        lines = written(VIEW, PARTS, width)
        assert max(map(len, lines)) <= width
        for one in LINES:
            [line] = [line for line in lines if one.number in line]
            assert one.turn in line
            assert time_left(one.due, NOW) in line
    assert LINES[0].agency not in "".join(written(VIEW, PARTS, 80))
    assert LINES[0].agency in "".join(written(VIEW, PARTS, 130))


def test_what_does_not_fit_is_counted() -> None:
    lines = written(replace(VIEW, dossiers=LINES[:2]), PARTS, 80)
    assert [line for line in lines if "and 4 with more time left" in line]
    assert room_for(24) + len(written(replace(VIEW, dossiers=()), PARTS, 80)) <= 24
    assert room_for(3) == 1


def test_a_pause_is_seen_and_an_empty_board_is_a_board() -> None:
    empty = replace(VIEW, dossiers=(), open=0, overdue=0, paused=NOW - timedelta(hours=3))
    words = "\n".join(written(empty, PARTS, 80))
    assert "Nothing is open." in words
    assert "PAUSED for 03:00" in words
    assert "OVERDUE" not in words


def test_what_people_wrote_moves_no_terminal() -> None:
    evil = replace(LINES[0], code="\x1b[2J[red]", agency="\x07")
    words = "\n".join(written(replace(VIEW, dossiers=(evil,)), PARTS, 120))
    assert "\x1b" not in words
    assert "[red]" in words


def said(svg: str) -> str:
    return html.unescape(" ".join(re.findall(r">([^<>]+)</text>", svg))).replace("\xa0", " ")


def test_the_picture_in_the_docs_is_of_this_board() -> None:
    """If not: python -m tests.cli.made_up"""
    assert said(picture()) == said(PICTURE.read_text())
    assert "HS-2026-000118" in said(picture())


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (timedelta(days=2, hours=5, minutes=30, seconds=59), "2d 05:30"),
        (timedelta(minutes=1), "00:01"),
        (timedelta(), "OVERDUE 00:00"),
        (-timedelta(days=1, minutes=10), "OVERDUE 1d 00:10"),
    ],
)
def test_time_left_is_said_shortly(left: timedelta, says: str) -> None:
    assert time_left(NOW + left, NOW) == says


# the library reads its configuration once a process
@pytest.mark.usefixtures("token_home")
def test_scripts_get_everything_as_data(desk: Desk) -> None:
    desk.register(three_open)
    board = desk.json("board")
    assert [one["number"][-1] for one in board["dossiers"]] == ["2", "3", "1"]
    assert [one["overdue"] for one in board["dossiers"]] == [True, False, False]
    assert board["dossiers"][0]["left_seconds"] < 0 < board["dossiers"][1]["left_seconds"]
    assert board["backlog"]["ca"]["count"] == 0
    health = {part["kind"]: part for part in board["health"]}
    assert health["CRL"]["says"] == "not there yet"
    assert health["door"]["is_well"] is False
    assert health["register"] == {
        "kind": "register", "name": "SQLite", "says": "answers", "is_well": True,
    }  # fmt: skip


@pytest.mark.usefixtures("token_home")
def test_once_prints_the_whole_board(desk: Desk) -> None:
    desk.register(three_open)
    for words in (("board", "--once"), ("board",)):  # into a pipe it is printed once, too
        said = desk.does(*words)
        assert "HS-2026-000001" in said
        assert "OVERDUE" in said
        assert "\x1b" not in said


@pytest.fixture
def settings(founded: Path, token_home: Path, pki: ForeignPki, tmp_path: Path) -> Settings:
    home = shutil.copytree(founded, tmp_path / "home")
    return settings_for(home, token_home, pki.address)


def test_tokens_are_seen_without_any_pin(settings: Settings) -> None:
    labels = settings.tokens.model_copy(update={"post": "stolen", "pins": Path("nowhere")})
    seen = look(settings.model_copy(update={"tokens": labels}), LOOKED)
    tokens = {part.name: part.says for part in seen if part.kind == "tokens"}
    assert tokens.pop("stolen") == "0 of that name"
    assert set(tokens.values()) == {"there"}


def test_a_device_that_is_elsewhere_is_not_looked_at(settings: Settings) -> None:
    away = settings.tokens.model_copy(update={"module": Path("/usr/lib/nothing.so")})
    seen = look(settings.model_copy(update={"tokens": away}), LOOKED)
    assert {part.says for part in seen if part.kind == "tokens"} == {FAR_AWAY}


@pytest.mark.parametrize(("greeting", "says"), [(b"220 x\r\n", "answers"), (b"", "does not greet")])
def test_a_door_is_well_when_it_greets(settings: Settings, greeting: bytes, says: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=_greet, args=(door, greeting)).start()
        here = Door(port=door.getsockname()[1])
        seen = look(settings.model_copy(update={"door": here}), LOOKED)
    assert [part.says for part in seen if part.kind == "door"] == [says]


def _greet(door: socket.socket, greeting: bytes) -> None:
    client, _ = door.accept()
    with client:
        client.sendall(greeting)


def test_the_newest_crl_is_told_by_its_age_and_when_it_lapses(settings: Settings) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateRevocationListBuilder()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])
    crl = (
        builder.issuer_name(name)
        .last_update(LOOKED - timedelta(hours=2))
        .next_update(LOOKED + timedelta(hours=22))
        .sign(key, hashes.SHA256())
    )
    Home(settings).crl.write_bytes(crl.public_bytes(Encoding.DER))
    for later, says in ((0, "02:00 old, good for 22:00"), (22, "1d 00:00 old, LAPSED")):
        seen = look(settings, LOOKED + timedelta(hours=later))
        assert [part.says for part in seen if part.kind == "CRL"] == [says]


def test_live_it_is_drawn_until_somebody_interrupts_it(desk: Desk) -> None:
    desk.register(three_open)
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot", "--home", str(desk.home), "board"]
    screen = environment() | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=screen) as bot:
        os.close(theirs)
        drawn = b""
        while b"HS-2026-000001" not in drawn:
            drawn += os.read(terminal, 65536)
        bot.send_signal(signal.SIGINT)
        with suppress(OSError):  # it has closed its end
            while True:
                drawn += os.read(terminal, 65536)
    os.close(terminal)
    assert bot.returncode == 0
    assert b"\x1b[?1049l" in drawn  # the screen is as it was
    assert b"Traceback" not in drawn
