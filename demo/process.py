"""A process of the bot, started as a service manager does: it says when it is ready."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

READY_WITHIN = 60  # seconds
DRAINED_WITHIN = 120  # seconds


@dataclass
class Process:
    """`bot` with some words, and settings of its own as variables."""

    settings: Path
    words: tuple[str, ...]
    log: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    running: "Child | None" = None

    def start(self) -> None:
        """Start it, and wait until it is ready.

        Raises:
            SystemExit: it ended, or took too long.
        """
        with tempfile.TemporaryDirectory() as folder, _ear(f"{folder}/notify") as ear:
            self.running = self._spawned(
                {**environment(), **self.variables, "NOTIFY_SOCKET": f"{folder}/notify"}
            )
            until = time.monotonic() + READY_WITHIN
            while self.is_alive and time.monotonic() < until:
                if _heard(ear):
                    return
        self.kill()
        raise SystemExit(f"bot {' '.join(self.words)} did not start; its log is {self.log}.")

    def _spawned(self, variables: Mapping[str, str]) -> "Child":
        command = bot(self.settings, *self.words)
        with self.log.open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, env=variables)

    @property
    def is_alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def kill(self) -> None:
        """As when the machine goes: nothing is finished."""
        if self.running:
            self.running.kill()
            self.running.wait()

    def stop(self) -> int:
        """In order; its exit code."""
        if self.running is None:
            return 0
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(DRAINED_WITHIN)


class Child(Protocol):
    """What is needed of a process that was started, as `subprocess.Popen` has it."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...
    def send_signal(self, number: int, /) -> None: ...


def bot(settings: Path, *words: str) -> list[str]:
    """The command line of `bot` with the settings in that file."""
    return [sys.executable, "-m", "bot", "--config", str(settings), *words]


def environment() -> dict[str, str]:
    """Ours, without settings: those of a demonstration stand in its own file."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}


def _ear(path: str) -> socket.socket:
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(path)
    ear.settimeout(0.1)
    return ear


def _heard(ear: socket.socket) -> bool:
    try:
        return ear.recv(100) == b"READY=1"
    except TimeoutError:
        return False
