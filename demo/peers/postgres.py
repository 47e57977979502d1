"""A PostgreSQL server of our own, in a folder that goes with it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.peers.processes import free_port

VERSIONS = Path("/usr/lib/postgresql")
NOT_ROOT = "nobody"  # the server refuses to run as root


@dataclass
class Postgres:
    """A running server; its only user is `bot`, from loopback without a password."""

    folder: Path
    port: int

    def url(self, database: str) -> str:
        return f"postgresql://bot@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template0") -> str:
        """A new database; its URL."""
        self.run(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def run(self, statement: str, database: str = "postgres") -> str:
        """What `psql` says to one statement."""
        done = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", statement],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = (
            f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 -c max_connections=200 "
            f"-c shared_buffers=64MB"
        )
        self._control("start", "-l", str(self.folder / "log"), "-o", options, "-w")

    def stop(self, how: str = "immediate") -> None:
        """As a power failure would (`immediate`), or in order (`fast`); once is enough."""
        if (self.folder / "data/postmaster.pid").exists():
            self._control("stop", "-m", how, "-w")

    def _control(self, *words: str) -> None:
        _as_nobody(self.folder, _binary("pg_ctl"), "-D", str(self.folder / "data"), *words)


@contextmanager
def postgres(*options: str) -> Iterator[Postgres]:
    """A server while the block runs; `options` are lines of postgresql.conf."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        _give_away(folder)
        _as_nobody(
            folder, _binary("initdb"), "-D", str(folder / "data"), "-U", "bot", "--auth=trust",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        with (folder / "data/postgresql.conf").open("a") as settings:
            settings.write("".join(f"{option}\n" for option in options))
        server = Postgres(folder, free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binary(name: str) -> str:
    found = sorted(VERSIONS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise SystemExit("PostgreSQL is missing: make setup")
    return str(found[-1])


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        someone = pwd.getpwnam(NOT_ROOT)
        os.chown(folder, someone.pw_uid, someone.pw_gid)


def _as_nobody(folder: Path, *command: str) -> None:
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": NOT_ROOT, "group": pwd.getpwnam(NOT_ROOT).pw_gid, "extra_groups": []}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        cwd=folder, text=True, **user,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{Path(command[0]).name}: {done.stdout}")
