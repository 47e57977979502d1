"""SoftHSM tokens in a folder, for demonstrations and tests.

Production tokens are initialised with the vendor's tools, under dual control.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import Misconfigured
from bot.sections.servers import Tokens

UTIL = "softhsm2-util"
MODULE = Tokens().module


def use(folder: Path) -> None:
    """Let this process, and those it starts, see the tokens in `folder`.

    To be called before the library is loaded: it reads its configuration once.
    """
    os.environ["SOFTHSM2_CONF"] = str(_configuration(folder))


def initialise(folder: Path, pins: Mapping[str, Path], module: Path = MODULE) -> None:
    """Make the tokens that `folder` lacks, with random PINs, and `use` them.

    Args:
        folder: holds `softhsm2.conf` and the token objects; made if missing.
        pins: the file for the user PIN of each token, by label; made with mode
            0600, kept if it is there. The security officer's PIN is thrown away:
            a demonstration token is made anew, never repaired.
        module: SoftHSM's library.

    Raises:
        Misconfigured: SoftHSM is not installed or cannot write here.
    """
    objects = (folder / "objects").absolute()
    objects.mkdir(mode=0o700, parents=True, exist_ok=True)
    _configuration(folder).write_text(
        f"directories.tokendir = {objects}\n"
        "objectstore.backend = file\n"  # the sqlite store is many times slower
        "log.level = ERROR\n"
        "slots.removable = false\n"
    )
    use(folder)
    existing = _labels()
    for label, file in pins.items():
        pin = _pin(file)
        if label not in existing:
            _make(module, label, pin)


def _configuration(folder: Path) -> Path:
    return (folder / "softhsm2.conf").absolute()


def _pin(file: Path) -> str:
    """The PIN in `file`, made first if the file is missing."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:  # noqa: PTH123 -- by descriptor, so that the mode is right from the first byte
            new.write(secrets.token_hex(16))
    return file.read_text().strip()


_PROGRAM = (
    "import json, sys; sys.path[:], *order = json.load(sys.stdin); "
    "from bot.hsm.cryptoki import make_token; make_token(*order)"
)


def _make(module: Path, label: str, pin: str) -> None:
    """In a process of its own: this one may have the library loaded, and numbers slots anew.

    The PINs travel by pipe. On a command line everybody could read them.
    """
    order = json.dumps([sys.path, str(module), label, secrets.token_hex(16), pin])
    _run([sys.executable, "-I", "-c", _PROGRAM], order)


def _labels() -> set[str]:
    """The labels of the initialised tokens."""
    lines = (line.strip() for line in _run([UTIL, "--show-slots"]).splitlines())
    return {line.removeprefix("Label:").strip() for line in lines if line.startswith("Label:")}


def _run(command: Sequence[str], told: str = "") -> str:
    try:
        return subprocess.run(  # noqa: S603 -- our own words
            command, input=told, check=True, capture_output=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        raise _not_made() from None


def _not_made() -> Misconfigured:
    return Misconfigured(
        "SoftHSM could not make the demonstration tokens.",
        "Install softhsm2 and see that the folder can be written.",
    )
