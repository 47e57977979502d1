"""A fresh house for the demonstration, set up and run with the real commands."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from demo.foreign import ForeignPki
from demo.school import CODE, MAILBOX, PROVINCE, RECEIVER, SCHOOL, School

OFFICIAL = "hoso@ca.example.gov.vn"
START_SECONDS = 60


class House:
    """The demonstration's folder and its bot, driven from outside."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.door, self.web = _free_ports(2)

    @property
    def log(self) -> Path:
        return self.home / "bot.log"

    @property
    def settings(self) -> Path:
        return self.home / "bot.toml"

    def build(self, pki: ForeignPki, school: School) -> None:
        """Tokens, CA, register and the school's entry, from nothing."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.settings.write_text(
            f'home = "{self.home}"\n'
            f"[door]\nport = {self.door}\n"
            f'[web]\nport = {self.web}\nbase_url = "http://127.0.0.1:{self.web}"\n'
            f'[trust]\naddresses = ["{pki.address}"]\n'
        )
        self.bot("init", "--demo-root")
        pki.write_trust(self.home / "trust")
        leader, seal = self.home / "leader.pem", self.home / "seal.pem"
        leader.write_bytes(school.leader.certificate.public_bytes(Encoding.PEM))
        seal.write_bytes(school.seal.certificate.public_bytes(Encoding.PEM))
        self.bot(
            "agency", "add", CODE, "--name", SCHOOL, "--province", PROVINCE,
            "--organization", SCHOOL, "--mailbox", MAILBOX, "--domain", "hanoiedu.edu.vn",
            "--leader", str(leader), "--seal", str(seal),
            "--receiver-name", RECEIVER["full_name"],
            "--receiver-mobile", RECEIVER["mobile"],
            "--receiver-mailbox", RECEIVER["mailbox"],
        )  # fmt: skip

    def bot(self, *words: str) -> str:
        """Run a `bot` command; what it printed."""
        done = subprocess.run(
            self._command(*words), capture_output=True, text=True, env=environment()
        )
        if done.returncode:
            raise SystemExit(f"bot {' '.join(words[:2])}: {done.stderr.strip()}")
        return done.stdout

    @contextmanager
    def running(self) -> Iterator[None]:
        """`bot run`, until the block ends."""
        with (
            self.log.open("ab") as log,
            subprocess.Popen(self._command("run"), stderr=log, env=environment()) as process,
        ):
            try:
                self._wait_for_door(process)
                yield
            finally:
                process.terminate()

    def _wait_for_door(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.door), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit(f"The bot did not start; its log is {self.log}.")

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bot", "--config", str(self.settings), *words]


def environment() -> dict[str, str]:
    """The demonstration's settings stand in its own file."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
