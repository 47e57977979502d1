"""The `bot` command: what officers and operators type."""

import errno
import os
import sqlite3
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from tortoise.exceptions import BaseORMException, ValidationError

from bot import logs
from bot.cli import agency, certificate, dossier, house, mail, phone, task
from bot.cli.output import FAULT, NO, TRY_AGAIN, USAGE, fail
from bot.config import Settings
from bot.errors import BotError, Misconfigured, Unavailable, code_of
from bot.register.postgresql import RegisterUnavailable

cli = typer.Typer(
    help="The mailbox of a certification authority with centralised signing.\n\n"
    "Start with `bot init`, then `bot doctor`, then `bot run`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)
UsageError: Any = typer.BadParameter.__base__  # Typer brings a click of its own

house.add_to(cli)
cli.add_typer(agency.cli, name="agency")
cli.add_typer(mail.cli, name="mail")
cli.add_typer(dossier.cli, name="dossier")
cli.add_typer(certificate.cli, name="certificate")
cli.add_typer(phone.cli, name="phone")
cli.add_typer(task.cli, name="task")


@cli.callback()
def start(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Settings file. Default: bot.toml here, if there is one.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where everything lies. Default: the setting `home`, ./var.")
    ] = None,
) -> None:
    settings = Settings.load(config)
    context.obj = settings.model_copy(update={"home": home}) if home else settings


def main() -> None:
    """Run the command line; every failure has one line and a remedy, never a trace."""
    logs.configure()
    os.umask(0o077)  # what lies under home is nobody else's business
    try:
        sys.exit(cli(standalone_mode=False) or 0)
    except typer.Abort:
        sys.exit(130)
    except UsageError as error:
        error.show()
        sys.exit(USAGE)
    except Exception as error:
        sys.exit(_failure(error).exit_code)


RESTORE = "See that nothing else holds it; if it is damaged, restore it from a backup."


def _failure(error: Exception) -> typer.Exit:
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
