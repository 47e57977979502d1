"""Lists and records: what stands in the register is shown, and looking makes nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.errors import Misconfigured
from bot.register.lifecycle import MailMove
from bot.register.models import Mail
from tests.cli.command import Desk
from tests.register.rows import NOW, a_certificate, a_dossier, a_mail, an_item


@pytest.mark.parametrize("group", ["mail", "dossier", "certificate", "agency"])
def test_empty_lists_are_lists(desk: Desk, group: str) -> None:
    assert desk.json(group, "list") == []


@pytest.mark.parametrize(
    "words",
    [
        ("mail", "list"),
        ("mail", "show", "0a"),
        ("dossier", "list"),
        ("dossier", "show", "HS-2026-000001"),
        ("certificate", "list"),
        ("certificate", "show", "0a"),
        ("agency", "list"),
        ("agency", "show", "cva"),
    ],
)
def test_looking_makes_no_home(tmp_path: Path, words: tuple[str, ...]) -> None:
    home = tmp_path / "nowhere"
    done = CliRunner().invoke(cli, ["--home", str(home), *words])
    assert isinstance(done.exception, Misconfigured)
    assert done.exception.remedy == "Run `bot init`."
    assert not home.exists()


def test_doctor_makes_no_home(tmp_path: Path) -> None:
    home = tmp_path / "nowhere"
    done = CliRunner().invoke(cli, ["--home", str(home), "doctor", "--json"])
    assert (done.exit_code, "bot init" in done.stdout) == (1, True)
    assert not home.exists()


@pytest.mark.parametrize("group", ["dossier", "certificate", "agency", "mail"])
def test_what_is_not_there_is_looked_for_in_the_list(desk: Desk, group: str) -> None:
    assert f"bot {group} list" in desk.refuses(group, "show", "0a")


async def three_mails() -> Mail:
    """One as it came, one held, one that became a dossier; gives back the held one."""
    await a_mail(digest="aa" * 32)
    held = await a_mail(digest="ab" * 32)
    await held.make(MailMove.HOLD, because="signer.unregistered", now=NOW)
    known = await a_mail(digest="cc" * 32)
    await a_dossier(mail=known, number="HS-2026-000777")
    return held


def test_a_held_mail_is_seen_with_its_reason(desk: Desk) -> None:
    desk.register(three_mails)
    newest_first = [one["mail"][:2] for one in desk.json("mail", "list")]
    assert [one for one in newest_first if one in ("aa", "ab", "cc")] == ["cc", "ab", "aa"]
    assert desk.json("mail", "list", "--status", "held") == [
        {
            "mail": "ab" * 6,
            "received": NOW.isoformat(),
            "mailbox": "hoso@ca.example.gov.vn",
            "status": "held",
            "dossiers": [],
            "why": "signer.unregistered",
        }
    ]


def test_mails_are_counted_by_what_became_of_them_and_why(desk: Desk) -> None:
    desk.register(three_mails)
    counted = desk.json("mail", "count")
    assert sum(one["mails"] for one in counted) == len(desk.json("mail", "list"))
    assert {
        "mailbox": "hoso@ca.example.gov.vn",
        "status": "held",
        "why": "signer.unregistered",
        "mails": 1,
    } in counted


def test_a_mail_says_where_its_bytes_are_and_what_became_of_it(desk: Desk) -> None:
    desk.register(three_mails)
    shown = desk.json("mail", "show", "CCCC")
    assert shown["bytes"] == str(desk.home / "archive" / "cc" / ("cc" * 31))
    assert shown["dossiers"] == ["HS-2026-000777"]
    assert "Several" in desk.refuses("mail", "show", "a")


def test_a_dossier_says_how_much_time_is_left_and_whose_turn_it_is(desk: Desk) -> None:
    now = datetime.now(UTC)

    async def two() -> None:
        long_ago, soon = now - timedelta(days=30), now + timedelta(days=2, hours=3, minutes=9)
        await a_dossier(
            number="HS-2026-000780", status="held", received_at=long_ago, due_at=long_ago
        )
        await a_dossier(number="HS-2026-000781", received_at=now, due_at=soon)
        await a_dossier(number="HS-2026-000782", status="returned")

    desk.register(two)
    late, running, closed = (
        desk.json("dossier", "show", f"HS-2026-00078{digit}") for digit in (0, 1, 2)
    )
    assert late["left"].startswith("OVERDUE 30d ")
    assert (late["used"], late["waits for"]) == ("100%", "officer")
    assert running["left"].startswith("2d 03:0")
    assert (running["used"], running["waits for"]) == ("0%", "bot")
    assert (closed["left"], closed["used"], closed["waits for"]) == (None, None, None)
    listed = {one["number"]: (one["left"], one["used"]) for one in desk.json("dossier", "list")}
    assert listed["HS-2026-000780"] == (late["left"], "100%")
    assert listed["HS-2026-000782"] == (None, None)


async def mended_and_issued() -> None:
    """A dossier that mends a returned one, with one certificate."""
    wrong = await a_dossier(number="HS-2026-000778")
    right = await a_dossier(number="HS-2026-000779", supersedes=wrong)
    item = await an_item(dossier=right, asked={"full_name": {"typed": "Nguyễn Thị Hồng Ánh"}})
    await a_certificate(item=item, serial="5e" * 20, der=b"der")


def test_a_dossier_says_what_it_mends_and_what_came_of_it(desk: Desk) -> None:
    desk.register(mended_and_issued)
    rows = {one["number"]: one["rows"] for one in desk.json("dossier", "list")}
    assert (rows["HS-2026-000778"], rows["HS-2026-000779"]) == (0, 1)
    shown = desk.json("dossier", "show", "HS-2026-000779")
    assert (shown["supersedes"], shown["procedure"]) == ("HS-2026-000778", "issue")
    assert shown["rows"][0]["serial"] == "5e" * 20
    other = desk.json("dossier", "show", "HS-2026-000778")
    assert other["superseded by"] == ["HS-2026-000779"]
