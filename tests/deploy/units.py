"""Unit files as systemd reads them: a file, and the drop-ins that its name calls for."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/systemd"
PROGRAM = "/opt/bot/bin/bot"
CREDENTIALS = "%d"


@dataclass(frozen=True)
class Unit:
    """A service of ours."""

    file: Path

    @property
    def name(self) -> str:
        return self.file.name.removesuffix(".service").removesuffix("@")

    def __getitem__(self, setting: str) -> list[str]:
        """Every word of a setting, the unit's own and those of drop-ins."""
        lines = re.findall(rf"^{setting}=(.*)$", "\n".join(self._texts()), re.MULTILINE)
        return [word for line in lines for word in line.split()]

    def _texts(self) -> Iterator[str]:
        yield self.file.read_text()
        for folder in self.file.parent.glob("*-.service.d"):
            if self.file.name.startswith(folder.name.removesuffix(".service.d")):
                yield from (one.read_text() for one in folder.glob("*.conf"))

    @property
    def command(self) -> list[str]:
        """What is typed after `bot`."""
        program, *words = self["ExecStart"]
        assert program == PROGRAM
        return words

    @property
    def credentials(self) -> set[str]:
        return set(self["LoadCredential"])

    def environment(self, credentials: Path) -> dict[str, str]:
        """With its secrets in that folder."""
        pairs = (word.split("=", 1) for word in self["Environment"])
        return {name: value.replace(CREDENTIALS, str(credentials)) for name, value in pairs}

    @property
    def writes(self) -> set[str]:
        return {path.rpartition("/")[2] for path in self["BindPaths"] + self["ReadWritePaths"]}


UNITS = [Unit(file) for file in sorted(FOLDER.glob("*.service"))]


def installed(folder: Path) -> list[str]:
    """Copies in `folder` that start the program of these tests; their paths."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    program = Path(sys.executable).parent / "bot"
    for file in folder.glob("*.service"):
        file.write_text(file.read_text().replace(PROGRAM, str(program)))
    return [str(file) for file in sorted(folder.glob("*.*")) if file.is_file()]


def analyse(*words: str) -> str:
    """What systemd-analyze says, if all is well with what it looked at."""
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
