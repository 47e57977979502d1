"""What a captured child would try; called in the sandbox by the tests."""

import itertools
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def attempts() -> dict[str, str]:
    """Each way out, with the name of the error that stopped it."""

    def read_a_file() -> None:
        Path("/etc/passwd").read_bytes()

    def close_one_and_open_another() -> None:
        os.close(0)
        os.open("/etc/passwd", os.O_RDONLY)

    def raise_the_limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    ways = {
        "read a file": read_a_file,
        "close and open": close_one_and_open_another,
        "tcp": lambda: socket.create_connection(("127.0.0.1", 80)),
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "unix": lambda: socket.socket(socket.AF_UNIX),
        "pipe": os.pipe,
        "fork": os.fork,
        "run": lambda: subprocess.run(["/bin/true"], check=True),
        "raise the limit": raise_the_limit,
    }
    stopped = {}
    for name, way in ways.items():
        try:
            way()
        except (OSError, ValueError) as error:
            stopped[name] = type(error).__name__
    return stopped


def surroundings() -> dict[str, list[str]]:
    return {
        "environment": sorted(os.environ),
        "modules": sorted(sys.modules),
        "user": [str(os.geteuid())],
    }


def process() -> int:
    return os.getpid()


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return time.monotonic()


def spin() -> None:
    while True:
        pass


def spin_in_c() -> None:
    """One call of a parser's library, during which no line of Python runs."""
    sum(itertools.repeat(1))


def eat() -> int:
    eaten = []
    while True:
        eaten.append(bytes(50_000_000))


def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail() -> None:
    raise RuntimeError("Nguyễn Thị Lan, 001184000123")


def echo(data: str) -> str:
    return data


def shout(length: int) -> str:
    return "a" * length


_RUNS: list[int] = []


def warm_up() -> None:
    _RUNS.append(os.getpid())


def warmed_up_in() -> list[int]:
    return _RUNS
