"""The `bot` command, as people type it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from typer.testing import CliRunner

from bot.cli import cli
from bot.register import connection
from demo.process import environment

T = TypeVar("T")


@dataclass(frozen=True)
class Bot:
    """A process for each command, on one home."""

    home: Path

    def __call__(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", "--home", str(self.home), *words]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment() | variables
        )

    def refuses(self, *words: str, code: int = 1, **variables: str) -> str:
        """What it says when it ends with `code`: what is wrong and a remedy, never a trace."""
        done = self(*words, **variables)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr


@dataclass(frozen=True)
class Desk:
    """Commands in this process: quicker, where only the register matters."""

    home: Path

    def does(self, *words: str) -> str:
        done = CliRunner().invoke(cli, ["--home", str(self.home), *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.does(*words, "--json"))

    def refuses(self, *words: str) -> str:
        """What it says, on one line."""
        done = CliRunner().invoke(cli, ["--home", str(self.home), *words])
        assert done.exit_code == 1, done.output
        return " ".join(done.stderr.split())

    def register(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` finds in the register."""

        async def opened() -> T:
            async with connection.opened(self.home / "register.sqlite3"):
                return await ask()

        return asyncio.run(opened())
