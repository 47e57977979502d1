"""A fresh house for the demonstration, set up and run with the real commands."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from demo.foreign import ForeignPki, Signer
from demo.peers.processes import free_port
from demo.process import Process, bot, environment
from demo.school import CODE, MAILBOX, PROVINCE, RECEIVER, SCHOOL, School

OFFICER = "canbo@ca.example.gov.vn"


class House:
    """The demonstration's folder and its bot, driven from outside.

    Args:
        further: settings beside those that every demonstration has, TOML.
    """

    def __init__(self, home: Path, further: str = "") -> None:
        self.home = home
        self.further = further
        self.door, self.web = free_port(), free_port()

    @property
    def log(self) -> Path:
        return self.home / "bot.log"

    @property
    def settings(self) -> Path:
        return self.home / "bot.toml"

    def build(self, pki: ForeignPki, school: School) -> None:
        """Tokens, CA, register and the school's entry, from nothing."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.officer = pki.signer("Hoàng Thị Minh Châu", organisation="Trung tâm Chứng thực")
        self.settings.write_text(
            f'home = "{self.home}"\n'
            f'[web]\nport = {self.web}\nbase_url = "http://127.0.0.1:{self.web}"\n'
            f'[trust]\naddresses = ["{pki.address}"]\n'
            f"[officers]\nsignatures = 0\n{self.further}"  # one person plays them all
        )
        pki.write_trust(self.home / "trust")
        officer = self._kept("officer", self.officer)
        self.bot("init", "--demo-root", "--officer-certificate", str(officer))
        leader, seal = self._kept("leader", school.leader), self._kept("seal", school.seal)
        self.bot(
            "agency", "add", CODE, "--name", SCHOOL, "--province", PROVINCE,
            "--organization", SCHOOL, "--mailbox", MAILBOX, "--domain", "hanoiedu.edu.vn",
            "--leader", str(leader), "--seal", str(seal),
            "--receiver-name", RECEIVER["full_name"],
            "--receiver-mobile", RECEIVER["mobile"],
            "--receiver-mailbox", RECEIVER["mailbox"],
        )  # fmt: skip

    def _kept(self, name: str, signer: Signer) -> Path:
        path = self.home / f"{name}.pem"
        path.write_bytes(signer.certificate.public_bytes(Encoding.PEM))
        return path

    def forms(self) -> Path:
        """The blank forms, as an agency gets them."""
        self.bot("forms", str(self.home / "forms"))
        return self.home / "forms"

    def bot(self, *words: str) -> str:
        """Run a `bot` command; what it printed."""
        command = bot(self.settings, *words)
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
        if done.returncode:
            raise SystemExit(f"bot {' '.join(words[:2])}: {done.stderr.strip()}")
        return done.stdout

    def process(self, *words: str, **variables: str) -> Process:
        """A process of this house that is not started yet."""
        return Process(self.settings, words, self.log, variables)

    @contextmanager
    def running(self) -> Iterator[None]:
        """`bot run`, until the block ends."""
        process = self.process("run", BOT_DOOR__PORT=str(self.door))
        process.start()
        try:
            yield
        finally:
            process.stop()


def empty(folder: Path) -> Path:
    """`folder`, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder.absolute()
