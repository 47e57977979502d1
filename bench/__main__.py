"""`make bench`, or `python -m bench [--quick] [NAME…]`.

Without names every line is measured and the table in bench/README.md is
rewritten; with names those are measured and printed. --quick tries whether all
of it works, with numbers that mean nothing, and prints them.
"""

import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import authorities, doors, fetching, issuing, memory, verdicts
from bench.apart import Measure, apart
from bench.rounds import FULL, QUICK, say
from bench.table import Line, markdown, rewritten

README = Path(__file__).parent / "README.md"

# What one process measures, and the lines that come of it.
MEASURES: Mapping[Measure, tuple[str, ...]] = {
    issuing.token_share: ("rsa-3072", "slip"),
    issuing.parts_on_sqlite: ("ec-p256-sqlite",),
    issuing.parts_on_postgresql: ("ec-p256-postgresql",),
    authorities.beside_others: ("beside-django-ca", "beside-openssl-ca", "beside-openssl-infiles"),
    doors.on_sqlite: ("door-10k-sqlite", "door-100k-sqlite"),
    doors.on_postgresql: ("door-10k-postgresql", "door-100k-postgresql"),
    verdicts.beside_openssl: ("verdicts",),
    fetching.on_sqlite: ("imap-10k",),
    memory.of_vetting: ("memory",),
    issuing.growth_on_sqlite: ("growth-sqlite",),
    issuing.growth_on_postgresql: ("growth-postgresql",),
}


def main(words: list[str]) -> None:
    names = [word for word in words if word != "--quick"]
    known = [name for lines in MEASURES.values() for name in lines]
    if unknown := sorted({*names} - {*known}):
        raise SystemExit(f"No such line: {unknown[0]}. There are: {', '.join(known)}")
    effort = QUICK if "--quick" in words else FULL
    found: list[Line] = []
    for measure, lines in MEASURES.items():
        if not names or {*names} & {*lines}:
            say(", ".join(lines))
            found += apart(measure, effort)
    if names or effort is QUICK:
        print(markdown(line for line in found if not names or line.name in names))
    else:
        README.write_text(rewritten(README.read_text(), f"{where()}\n\n{markdown(found)}"))
        say(f"{README} is rewritten")


def where() -> str:
    """When, on what machine, with which versions."""
    programs = {
        "SoftHSM": ("softhsm2-util", "--version"),
        "OpenSSL": ("openssl", "version"),
        "PostgreSQL": ("psql", "--version"),
        "Dovecot": ("dovecot", "--version"),
    }
    packages = ("cryptography", "python-pkcs11", "tortoise-orm", "asyncpg", "pkilint", "django-ca")
    versions = [
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *(f"{name} {_said(*command)}" for name, command in programs.items()),
        *(f"{name} {version(name)}" for name in packages),
    ]
    return (
        f"Measured on {datetime.now(UTC):%d %B %Y} on {os.cpu_count()} cores "
        f"({_processor()}), {platform.freedesktop_os_release()['PRETTY_NAME']}, "
        f"load {os.getloadavg()[2]:.1f}. {' · '.join(versions)}."
    )


def _said(*command: str) -> str:
    """The version in what a program says of itself."""
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return next(word for word in said.split() if word[0].isdigit())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


if __name__ == "__main__":
    main(sys.argv[1:])
