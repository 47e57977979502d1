"""A board of made-up dossiers, and its picture for the docs: python -m tests.cli.made_up."""

from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path

from rich.console import Console

from bot.cli.board_view import drawn
from bot.cli.health import FAR_AWAY, Part
from bot.clock import HANOI, REVOCATION, Calendar
from bot.dossier.form import Procedure
from bot.procedures.overview import GivenUp, OpenDossier, OpenProposal, Overview, Waiting
from bot.register.lifecycle import DossierStatus, Turn
from bot.register.tasks import Queue

PICTURE = Path(__file__).parents[2] / "docs/board.svg"
NOW = datetime(2026, 11, 26, 10, 15, 30, tzinfo=HANOI)
CALENDAR = Calendar()


def a_line(
    number: int,
    code: str,
    procedure: Procedure | None,
    status: DossierStatus,
    turn: Turn,
    rows: tuple[int, int],
    received: datetime,
) -> OpenDossier:
    is_urgent = procedure is Procedure.REVOKE
    due = received + REVOCATION if is_urgent else CALENDAR.due(received)
    return OpenDossier(
        number=f"HS-2026-{number:06}",
        code=code,
        agency="Trường Trung học phổ thông Chu Văn An",
        procedure=procedure,
        status=status,
        turn=turn,
        closed=rows[0],
        rows=rows[1],
        received=received,
        due=due,
        used=CALENDAR.used(received, due, NOW, day_and_night=is_urgent),
    )


def at(day: int, hour: int) -> datetime:
    return NOW.replace(day=day, hour=hour, minute=0, second=0)


ISSUE, CHANGE, REVOKE = Procedure.ISSUE, Procedure.CHANGE, Procedure.REVOKE
RECEIVED, HELD, ACCEPTED = DossierStatus.RECEIVED, DossierStatus.HELD, DossierStatus.ACCEPTED
LINES = (
    a_line(118, "thpt-chu-van-an", ISSUE, HELD, Turn.OFFICER, (0, 12), at(19, 8)),
    a_line(131, "benh-vien-huyen", REVOKE, ACCEPTED, Turn.CA, (0, 1), at(26, 1)),
    a_line(121, "so-y-te-ha-noi", ISSUE, ACCEPTED, Turn.PARKED, (1996, 2000), at(22, 9)),
    a_line(123, "thcs-trung-vuong", CHANGE, ACCEPTED, Turn.OFFICER, (9, 10), at(23, 9)),
    a_line(127, "thpt-kim-lien", ISSUE, ACCEPTED, Turn.CA, (118, 250), at(25, 14)),
    a_line(132, "mam-non-hoa-sen", None, RECEIVED, Turn.BOT, (0, 0), at(26, 10)),
)
VIEW = Overview(
    at=NOW,
    dossiers=LINES,
    open=6,
    overdue=1,
    held_mails=Waiting(2, at(25, 16)),
    proposals=(OpenProposal("DX-2026-000007", "agency", at(30, 9)),),
    given_up=(GivenUp(4711, "issue", "lint.fatal"),),
    undelivered=1,
    retried=0,
    paused=None,
    backlog={queue: Waiting(0) for queue in Queue} | {Queue.CA: Waiting(132, at(26, 10))},
)
PARTS = (
    Part("tokens", "bot-ca", "there"),
    Part("tokens", "bot-subjects", "there"),
    Part("tokens", "bot-ocsp", FAR_AWAY, None),
    Part("tokens", "bot-post", "there"),
    Part("door", "127.0.0.1:2525", "answers"),
    Part("CRL", "", "02:15 old, good for 21:45"),
    Part("register", "SQLite", "answers"),
)


def written(view: Overview, parts: Sequence[Part], width: int) -> list[str]:
    """The lines of a terminal so wide."""
    console = Console(file=StringIO(), width=width, force_terminal=False)
    with console.capture() as captured:
        console.print(drawn(view, parts, width))
    return captured.get().splitlines()


def picture() -> str:
    """The board as SVG, always the same."""
    console = Console(file=StringIO(), width=80, record=True, force_terminal=True)
    console.print(drawn(VIEW, PARTS, 80))
    return console.export_svg(title="bot board", unique_id="board")


if __name__ == "__main__":
    PICTURE.write_text(picture())
