"""The `bot` command, as people type it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from typer.testing import CliRunner

from bot.cli import cli
from bot.register import connection
from demo.process import environment

T = TypeVar("T")

UNSIGNED = {"BOT_OFFICERS__SIGNATURES": "0"}  # what is asked is done: these tests are about that


@dataclass(frozen=True)
class Bot:
    """A process for each command, on one home."""

    home: Path
    zygote: subprocess.Popen[str]

    def __call__(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        to, back = self.zygote.stdin, self.zygote.stdout
        assert to is not None
        assert back is not None
        command = ["--home", str(self.home), *words]
        with TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            request = [command, environment() | UNSIGNED | variables, str(out), str(err)]
            print(json.dumps(request), file=to, flush=True)
            code = int(back.readline())
            return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())

    def at(self, home: Path) -> "Bot":
        """The same on another home."""
        return replace(self, home=home)

    def refuses(self, *words: str, code: int = 1, **variables: str) -> str:
        """What it says when it ends with `code`: what is wrong and a remedy, never a trace."""
        done = self(*words, **variables)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr


@contextmanager
def bots(home: Path) -> Iterator[Bot]:
    """A process for each command, while the block runs."""
    command, pipe = [sys.executable, "-m", "tests.cli.zygote"], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as zygote:
        yield Bot(home, zygote)


@dataclass(frozen=True)
class Desk:
    """Commands in this process: quicker, where only the register matters."""

    home: Path

    def does(self, *words: str) -> str:
        done = CliRunner(env=UNSIGNED).invoke(cli, ["--home", str(self.home), *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.does(*words, "--json"))

    def refuses(self, *words: str, code: int = 1) -> str:
        """What it says, on one line, when it ends with `code`."""
        done = CliRunner(env=UNSIGNED).invoke(cli, ["--home", str(self.home), *words])
        assert done.exit_code == code, done.output
        return " ".join(done.stderr.split())

    def register(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` finds in the register."""

        async def opened() -> T:
            async with connection.opened(self.home / "register.sqlite3"):
                return await ask()

        return asyncio.run(opened())
