"""The units: understood by systemd, tight, and each with what its role needs and no more."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer

from bot import app
from bot.cli import cli
from bot.config import Settings
from bot.errors import Misconfigured
from bot.register.tasks import Queue
from bot.sections.servers import Tokens
from bot.tools import responding, tools
from bot.variables import names, variable
from demo.foreign import ForeignPki
from tests.deploy.units import ROOT, UNITS, Unit, analyse, installed
from tests.house import settings_for

PAGE = (ROOT / "docs/production.md").read_text()
EXPOSURE = 15  # of 100: systemd-analyze calls 0 to 19 safe, 20 and more "ok"
BY_NAME = {unit.name: unit for unit in UNITS}
WORKERS = {queue: BY_NAME[f"bot-worker-{queue}"] for queue in Queue}
PINS = {Tokens().ca, Tokens().subjects, Tokens().ocsp, Tokens().post}

WRITES = {
    "bot-callbacks": set(),
    "bot-door": {"archive"},
    "bot-relay": set(),
    "bot-run": {"bot"},
    "bot-web": set(),
    "bot-worker-ca": set(),
    "bot-worker-post": set(),
    "bot-worker-urgent": {"published"},
    "bot-worker-vet": {"archive"},
}
SECRETS = {
    "bot-callbacks": {"bot-database", "bot-twilio-token"},
    "bot-door": {"bot-database"},
    "bot-relay": {"bot-database", "bot-broker"},
    "bot-run": set(),
    "bot-web": {"bot-database", "bot-ocsp"},
    "bot-worker-ca": {"bot-database", "bot-broker", "bot-ca", "bot-subjects"},
    "bot-worker-post": {
        "bot-database", "bot-broker", "bot-post", "bot-submission", "bot-twilio-key",
    },
    "bot-worker-urgent": {"bot-database", "bot-broker", "bot-ca"},
    "bot-worker-vet": {"bot-database", "bot-broker"},
}  # fmt: skip

each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)


def drop_ins() -> list[tuple[str, str]]:
    """The drop-ins that the page offers: where they go, and what stands in them."""
    return re.findall(
        r"^```ini\n# /etc/systemd/system/(\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    )


def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    assert analyse("verify", *installed(tmp_path)) == ""


def test_systemd_understands_every_drop_in_of_the_page(tmp_path: Path) -> None:
    files = installed(tmp_path)
    assert len(drop_ins()) >= 3
    for path, text in drop_ins():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
        assert any(file.endswith(path.partition(".d/")[0]) for file in files), path
    assert analyse("verify", *files) == ""


def test_no_unit_is_more_exposed_than_it_must_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = installed(tmp_path)
    monkeypatch.setenv("SYSTEMD_UNIT_PATH", f"{tmp_path}:")
    services = [file for file in files if file.endswith(".service")]
    for service in services:
        analyse("security", "--offline=true", f"--threshold={EXPOSURE}", service)


@each_unit
def test_every_command_and_option_exists(unit: Unit) -> None:
    group: Any = typer.main.get_command(cli)
    option, file, name, *words = unit.command
    assert (option, file) == ("--config", "/etc/bot/bot.toml")
    group.commands[name].make_context(name, words)  # refuses what it does not know


def test_every_role_has_a_unit() -> None:
    commands = {" ".join(unit.command[2:]) for unit in UNITS}
    workers = {f"worker --queue {queue}" for queue in Queue}
    assert commands == {"door", "relay", "callbacks", "web", "run", *workers}


@each_unit
def test_what_it_may_write_and_what_it_is_told(unit: Unit) -> None:
    assert unit.writes == WRITES[unit.name]
    assert unit.credentials == SECRETS[unit.name]


@each_unit
def test_its_settings_are_settings_and_name_secrets_that_it_has(
    unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`deploy/bot.toml` with what the unit adds is a bot that can start."""
    environment = unit.environment(tmp_path)
    assert environment.keys() <= {variable(name) for name, _ in names(Settings)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load(ROOT / "deploy/bot.toml")
    pins = {tmp_path / name for name in PINS & unit.credentials}
    if pins:
        assert settings.tokens.pins == tmp_path
    named = {Path(value) for value in environment.values()} - {tmp_path}
    assert named | pins == {tmp_path / name for name in unit.credentials}


@pytest.fixture
def settings(founded: Path, token_home: Path, pki: ForeignPki, tmp_path: Path) -> Settings:
    """Of a home whose PINs are those that a test puts into `tmp_path`."""
    home = shutil.copytree(founded, tmp_path / "home")
    there = settings_for(home, token_home, pki.address)
    return there.model_copy(update={"tokens": Tokens(pins=tmp_path / "pins")})


@pytest.mark.parametrize("queue", Queue)
async def test_a_worker_s_pins_are_all_that_its_tools_need(
    queue: Queue, settings: Settings, token_home: Path
) -> None:
    settings.tokens.pins.mkdir()
    pins = PINS & WORKERS[queue].credentials
    for name in pins:
        shutil.copy(token_home / "pins" / name, settings.tokens.pins)
    async with tools(settings, [queue]) as made:
        assert made.keys() == {queue}
    for name in pins:
        (settings.tokens.pins / name).rename(settings.tokens.pins / "away")
        with pytest.raises(Misconfigured, match=name):
            async with tools(settings, [queue]):
                pass
        (settings.tokens.pins / "away").rename(settings.tokens.pins / name)


def test_the_web_s_pin_is_all_that_it_needs(settings: Settings, token_home: Path) -> None:
    [name] = PINS & BY_NAME["bot-web"].credentials
    with pytest.raises(Misconfigured, match=name):
        responding(settings)
    settings.tokens.pins.mkdir()
    shutil.copy(token_home / "pins" / name, settings.tokens.pins)
    assert responding(settings).find_key().public_key()


@each_unit
def test_a_stop_waits_for_what_is_under_way(unit: Unit) -> None:
    [seconds] = unit["TimeoutStopSec"]
    assert int(seconds) * 1000 > app.DRAINS_WITHIN


@each_unit
def test_its_folders_are_made(unit: Unit) -> None:
    made = re.findall(r"^d (\S+)", (ROOT / "deploy/tmpfiles.d/bot.conf").read_text(), re.MULTILINE)
    needed = [*unit["BindPaths"], *unit["BindReadOnlyPaths"], *unit["ReadWritePaths"]]
    assert {path for path in needed if not path.startswith("-")} <= set(made)


def test_a_fault_in_a_unit_is_found(tmp_path: Path) -> None:
    """So that silence means something."""
    files = installed(tmp_path)
    role = tmp_path / "bot-.service.d/role.conf"
    role.write_text(role.read_text().replace("PrivateTmp=yes", "PrivatTmp=yes"))
    with pytest.raises(AssertionError, match="PrivatTmp"):
        assert analyse("verify", *files) == ""
