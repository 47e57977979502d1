"""The documents say what is: files, links, commands, options, settings."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli import cli
from bot.clock import Calendar
from bot.config import Settings

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs/architecture.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The fenced code of `page` in one of `languages`."""
    for language, code in CODE.findall(page.read_text()):
        if language in languages:
            yield code


def test_every_file_of_the_house_is_named_and_every_file_named_exists() -> None:
    named = re.findall(r"`((?:bot|tests|demo)/[\w/]+\.py)`", ARCHITECTURE.read_text())
    standing = {str(path.relative_to(ROOT)) for path in (ROOT / "bot").rglob("*.py")}
    assert standing - set(named) == set()
    assert {name for name in named if not (ROOT / name).is_file()} == set()
    assert sorted(name for name in named if name.startswith("bot/")) == sorted(standing)


def test_what_decides_is_marked_as_the_contract_has_it() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers, *_, pure = linter["contracts"]
    marked = re.findall(r"`(bot/[\w/]+)\.py` ○", ARCHITECTURE.read_text())
    assert sorted(name.replace("/", ".") for name in marked) == sorted(pure["source_modules"])
    assert "\n".join(["```", *layers["layers"], "```"]) in ARCHITECTURE.read_text()


@each_page
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:bot|docs|demo|templates|tests)/[\w/.-]+)`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@each_page
def test_every_relative_link_resolves(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    near = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in near if not (page.parent / link).exists()] == []


def command_lines(page: Path, program: str) -> Iterator[list[str]]:
    """Calls of `program` in the shell blocks and in the code within the text."""
    text = page.read_text()
    inline = re.findall(r"`([^`\n]+)`", CODE.sub("", text))
    shell = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    for line in (*inline, *shell):
        called = re.fullmatch(rf"(?:\S*/)?{program} (.+)", line.strip())
        if called:
            yield shlex.split(called[1], comments=True)


@each_page
def test_every_bot_command_and_option_exists(page: Path) -> None:
    for words in command_lines(page, "bot"):
        command: Any = typer.main.get_command(cli)
        for word in words:
            inner = getattr(command, "commands", {})
            if word.startswith("--"):
                options = {name for parameter in command.params for name in parameter.opts}
                assert word in {*options, "--help"}, words
            elif inner:
                assert word in inner, words
                command = inner[word]
        assert not getattr(command, "commands", {}) or words[-1] in ("--help", command.name), words


def test_the_readme_shows_commands() -> None:
    assert len(list(command_lines(README, "bot"))) >= 6
    assert len(list(command_lines(README, "swaks"))) == 1


def test_every_option_of_swaks_exists() -> None:
    done = subprocess.run(["swaks", "--help"], capture_output=True, text=True, check=True)
    (words,) = command_lines(README, "swaks")
    for word in words:
        if word.startswith("--"):
            known = "--header" if word.startswith("--h-") else word  # --h-Subject sets that header
            assert re.search(rf"^\s*.*{re.escape(known)}\b", done.stdout, re.MULTILINE), word


@each_page
def test_every_toml_is_understood(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, code in enumerate(blocks(page, "toml")):
        if code.startswith("# calendar.toml"):
            Calendar.parse(code)
        else:
            file = tmp_path / f"{number}.toml"
            file.write_text(code)
            Settings.load(file)


@each_page
def test_every_variable_is_a_setting(page: Path) -> None:
    for name in re.findall(r"\bBOT_([A-Z][A-Z_]*[A-Z])\b", page.read_text()):
        kind: Any = Settings
        for part in name.lower().split("__"):
            assert part in kind.model_fields, name
            kind = kind.model_fields[part].annotation


@each_page
def test_every_python_is_valid(page: Path) -> None:
    for code in blocks(page, "python"):
        compile(code, str(page), "exec")
