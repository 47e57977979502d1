"""What people type into options: read as the fields of a dossier are, never repaired."""

from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from bot.cli.output import fail
from bot.clock import HANOI
from bot.dossier.fields import Reading, read_mailbox, read_mobile
from bot.home import read_certificate

DAY = ["%Y-%m-%d"]


def mailbox(option: str, typed: str) -> str:
    """A mailbox, case folded; ends the command if it is none."""
    reading = read_mailbox(typed)
    if reading.value is None or not reading.value.isascii():
        raise fail(f"{option}: {typed} is no mailbox.", _hint(reading, "name@agency.gov.vn"))
    return reading.value


def mobile(option: str, typed: str) -> str:
    """A mobile number, E.164; ends the command if it is none."""
    reading = read_mobile(typed)
    if reading.value is None:
        raise fail(f"{option}: {typed} is no mobile number.", _hint(reading, "0912 345 678"))
    return reading.value


def midnight(day: datetime | None) -> datetime | None:
    """When that day begins, in Hà Nội."""
    return day and day.replace(tzinfo=HANOI)


def certificate(path: Path) -> bytes:
    """The DER of a certificate's file, PEM or DER.

    Raises:
        Misconfigured: it cannot be read.
    """
    return read_certificate(path).public_bytes(Encoding.DER)


def _hint(reading: Reading[str], example: str) -> str:
    if reading.suggestion:
        return f"Do you mean {reading.suggestion}?"
    return f"Write it like {example}."
