"""The whole command line: exit codes, remedies, never a trace."""

import json
import shutil
import socket
import sqlite3
from pathlib import Path

import pytest

from bot.cli.output import shown
from demo.peers.processes import free_port
from tests.cli.command import Bot


def test_init_twice_makes_nothing_anew(bot: Bot) -> None:
    before = (bot.home / "published" / "ca.cer").read_bytes()
    done = bot("init", "--demo-root")
    assert (done.returncode, "made" in done.stderr) == (0, False)
    assert (bot.home / "published" / "ca.cer").read_bytes() == before


def test_secrets_are_for_their_owner_only(bot: Bot) -> None:
    open_to_others = [
        path
        for path in bot.home.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o077 and path.suffix != ".cer"
    ]
    assert open_to_others == []


def test_without_a_root_init_ends_with_a_request(bot: Bot, tmp_path: Path) -> None:
    done = bot.at(tmp_path)("init")
    assert done.returncode == 0
    assert "bot init --answer" in done.stdout
    assert b"BEGIN CERTIFICATE REQUEST" in (tmp_path / "pki" / "ca.csr").read_bytes()
    assert not (tmp_path / "published" / "ca.cer").exists()


def test_an_answer_for_another_key_is_refused(tmp_path: Path, bot: Bot) -> None:
    answer = str(bot.home / "published" / "ca.cer")
    assert "another key" in bot.at(tmp_path).refuses("init", "--answer", answer)


def test_an_officer_who_cannot_be_written_to_is_refused_before_anything_is_made(
    bot: Bot, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    says = bot.at(home).refuses("init", "--officer-mailbox", "canbo@ca,gov.vn")
    assert "Do you mean canbo@ca.gov.vn?" in says
    assert not home.exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["dossier", "show", "HS-2026-000001"], 1, "bot dossier list"),
        (["dossier", "burn"], 64, "No such command"),
        (["--config", "/nowhere.toml", "doctor"], 1, "/nowhere.toml"),
        (["agency", "add", "x"], 64, "--name"),
        (["forms", "/proc/nothing"], 1, "/proc/nothing"),
        (["init", "--answer", "/proc"], 1, "/proc cannot be read"),
        (["relay"], 1, "broker.url is empty"),
        (["doctor", "--queue", "vet"], 64, "go together"),
    ],
)
def test_an_error_names_the_remedy_and_has_its_code(
    bot: Bot, words: list[str], code: int, says: str
) -> None:
    assert says in bot.refuses(*words, code=code)


@pytest.mark.parametrize("place", ["DOOR", "WEB"])
def test_a_port_in_use_is_said_with_the_setting_that_changes_it(bot: Bot, place: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as socket_in_use:
        taken = str(socket_in_use.getsockname()[1])
        door, web = (taken, "0") if place == "DOOR" else ("0", taken)
        says = bot.refuses("run", code=75, BOT_DOOR__PORT=door, BOT_WEB__PORT=web)
    assert "in use" in says.lower()
    assert f"{place.lower()}.port" in says


def test_a_register_that_is_none_is_said(bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "register.sqlite3").write_bytes(b"no register" * 1_000)
    assert "restore it from a backup" in bot.at(tmp_path).refuses("dossier", "list")


def test_a_database_that_is_away_is_worth_another_try(bot: Bot) -> None:
    url = f"postgresql://bot@127.0.0.1:{free_port()}/bot"
    says = bot.refuses("dossier", "list", code=75, BOT_DATABASE__URL=url)
    assert "The database does not answer (register.unavailable)." in says
    assert "database.url" in says


def test_a_register_of_a_newer_bot_is_said(bot: Bot, tmp_path: Path, blank_register: Path) -> None:
    shutil.copyfile(blank_register, tmp_path / "register.sqlite3")
    with sqlite3.connect(tmp_path / "register.sqlite3") as register:
        register.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) "
            "SELECT app, '9999_later', applied_at FROM tortoise_migrations LIMIT 1"
        )
    says = bot.at(tmp_path).refuses("door", BOT_DOOR__PORT="0")
    assert "A newer bot has migrated the register (9999_later)." in says


def test_a_wrong_setting_is_named(bot: Bot) -> None:
    assert "door.port" in bot.refuses("doctor", BOT_DOOR__PORT="70000")


def test_doctor_names_what_is_missing_and_the_remedy(bot: Bot) -> None:
    done = bot("doctor", "--json")
    checks = {check["part"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 1
    wrong = {part for part, check in checks.items() if not check["says"].startswith("ok")}
    assert wrong == {"CRL", "OCSP", "trust", "agencies"}
    assert "trust/roots" in checks["trust"]["remedy"]
    assert "not there yet" in checks["CRL"]["says"]


def test_what_people_wrote_is_shown_and_never_obeyed() -> None:
    cell = shown("[red]Nguyễn\x1b[2J[/red]")
    assert cell.plain == "[red]Nguyễn�[2J[/red]"
    assert cell.spans == []
