"""What is said of a failure: one line, and a remedy."""

import errno
import sqlite3

import typer
from tortoise.exceptions import BaseORMException, ValidationError

from bot.cli.output import FAULT, NO, TRY_AGAIN, fail
from bot.errors import BotError, Misconfigured, Unavailable, code_of
from bot.register.postgresql import RegisterUnavailable

RESTORE = "See that nothing else holds it; if it is damaged, restore it from a backup."


def told(error: Exception) -> typer.Exit:
    """Say in one line what went wrong, and what to do about it."""
    match error:
        case Misconfigured():
            return fail(error.what, error.remedy)
        case RegisterUnavailable():
            remedy = "See that its server runs, and that database.url names it; then try again."
            return fail(f"The database does not answer ({error.code}).", remedy, TRY_AGAIN)
        case Unavailable():
            remedy = "Try again; `bot doctor` looks closer."
            return fail(f"Not available now ({error.code}).", remedy, TRY_AGAIN)
        case BotError():
            return fail(f"Refused ({error.code}).", "See docs/ for what the code means.")
        case ValidationError():
            return fail(f"The register refuses a value: {error}.", "Mend it.")
        case BaseORMException() | sqlite3.Error():
            return fail(f"The register cannot be used ({code_of(error)}).", RESTORE)
        case OSError():
            code = NO if error.filename else TRY_AGAIN  # a disk or a port may be free later
            what = f"{error.filename or 'The system'}: {_reason(error)}."
            return fail(what, _remedy(error), code)
        case _:
            remedy = "Report it, with the command that you typed."
            return fail(f"A fault of the bot itself ({code_of(error)}).", remedy, FAULT)


def _reason(error: OSError) -> str:
    return error.strerror or code_of(error)


def _remedy(error: OSError) -> str:
    if error.filename:
        return "Check the path and its rights."
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return "Check the disk."
    return "Check what else listens there, or set door.port, web.port or sms.callbacks.port."
