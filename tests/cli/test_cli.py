"""The `bot` command as people type it: a process of its own, with a home of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bot.cli.output import shown
from demo.house import environment
from demo.school import School


class Bot:
    """`bot`, on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", "--home", str(self.home), *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment())

    def json(self, *words: str) -> object:
        done = self(*words, "--json")
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    """On a home that `bot init --demo-root` has made."""
    bot = Bot(tmp_path_factory.mktemp("cli") / "home")
    done = bot("init", "--demo-root")
    assert done.returncode == 0, done.stderr
    return bot


@pytest.fixture(scope="module")
def signers(school: School, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("signers")
    (folder / "leader.pem").write_bytes(school.leader.certificate.public_bytes(Encoding.PEM))
    (folder / "seal.cer").write_bytes(school.seal.der)
    return ["--leader", str(folder / "leader.pem"), "--seal", str(folder / "seal.cer")]


def agency(code: str, **changes: str) -> list[str]:
    options = {
        "name": "Trường THPT Chu Văn An",
        "province": "Hà Nội",
        "organization": "Trường THPT Chu Văn An",
        "mailbox": "C3ChuVanAn@hanoiedu.edu.vn",
    } | changes
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return ["agency", "add", code, *words]


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


def test_without_a_root_init_ends_with_a_request(tmp_path: Path) -> None:
    done = Bot(tmp_path)("init")
    assert done.returncode == 0
    assert "bot init --answer" in done.stdout
    assert b"BEGIN CERTIFICATE REQUEST" in (tmp_path / "pki" / "ca.csr").read_bytes()
    assert not (tmp_path / "published" / "ca.cer").exists()


def test_an_answer_for_another_key_is_refused(tmp_path: Path, bot: Bot) -> None:
    done = Bot(tmp_path)("init", "--answer", str(bot.home / "published" / "ca.cer"))
    assert done.returncode == 1
    assert "another key" in done.stderr


def test_doctor_names_what_is_missing_and_the_remedy(bot: Bot) -> None:
    done = bot("doctor", "--json")
    checks = {check["part"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 1
    assert checks["token ca"]["says"] == "ok"
    assert "trust/roots" in checks["trust"]["remedy"]
    assert "not there yet" in checks["CRL"]["says"]


def test_doctor_on_nothing_says_init(tmp_path: Path) -> None:
    done = Bot(tmp_path / "nowhere")("doctor", "--json")
    assert done.returncode == 1
    assert "bot init" in done.stdout


def test_an_agency_is_added_listed_and_shown(bot: Bot, signers: list[str]) -> None:
    assert bot(*agency("cva"), *signers).returncode == 0
    assert {"code": "cva", "mailbox": "c3chuvanan@hanoiedu.edu.vn"}.items() <= dict(
        bot.json("agency", "list")[0]  # type: ignore[index]
    ).items()
    entry = dict(bot.json("agency", "show", "cva"))  # type: ignore[call-overload]
    assert [one["capacity"] for one in entry["signers"]] == ["leader", "organisation"]
    assert entry["subject"] == ["Hà Nội", "Trường THPT Chu Văn An"]
    again = bot(*agency("cva"), *signers)
    assert (again.returncode, "registered" in again.stderr) == (1, True)


def test_a_name_that_fits_no_certificate_is_refused_at_once(bot: Bot, signers: list[str]) -> None:
    long = "Trung tâm Giáo dục nghề nghiệp - Giáo dục thường xuyên quận Nam Từ Liêm"
    done = bot(*agency("long", organization=long), *signers)
    assert done.returncode == 1
    assert "--organization" in done.stderr
    assert "short form" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["dossier", "show", "HS-2026-000001"], 1, "bot dossier list"),
        (["certificate", "show", "0a"], 1, "bot certificate list"),
        (["agency", "show", "nobody"], 1, "bot agency list"),
        (["dossier", "burn"], 64, "No such command"),
        (["--config", "/nowhere.toml", "doctor"], 1, "/nowhere.toml"),
        (["agency", "add", "x"], 64, "--name"),
    ],
)
def test_an_error_names_the_remedy_and_has_its_code(
    bot: Bot, words: list[str], code: int, says: str
) -> None:
    done = bot(*words)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("group", ["dossier", "certificate"])
def test_empty_lists_are_lists(bot: Bot, group: str) -> None:
    assert bot.json(group, "list") == []


def test_a_wrong_setting_is_named(tmp_path: Path, bot: Bot) -> None:
    (tmp_path / "bot.toml").write_text("[door]\nport = 70000\n")
    done = bot("--config", str(tmp_path / "bot.toml"), "doctor")
    assert done.returncode == 1
    assert "door.port" in done.stderr


def test_what_people_wrote_is_shown_and_never_obeyed() -> None:
    cell = shown("[red]Nguyễn\x1b[2J[/red]")
    assert cell.plain == "[red]Nguyễn�[2J[/red]"
    assert cell.spans == []
