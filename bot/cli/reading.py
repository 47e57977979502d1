"""What people type into options: read as the fields of a dossier are, never repaired."""

from bot.cli.output import fail
from bot.dossier.fields import Reading, read_mailbox, read_mobile


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


def _hint(reading: Reading[str], example: str) -> str:
    if reading.suggestion:
        return f"Do you mean {reading.suggestion}?"
    return f"Write it like {example}."
