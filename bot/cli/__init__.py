"""The `bot` command: what officers and operators type."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import logs
from bot.cli import agency, certificate, dossier, house
from bot.cli.output import TRY_AGAIN, USAGE, fail
from bot.config import Settings
from bot.errors import BotError, Misconfigured, Unavailable

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
cli.add_typer(dossier.cli, name="dossier")
cli.add_typer(certificate.cli, name="certificate")


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
    except Misconfigured as error:
        sys.exit(fail(error.what, error.remedy).exit_code)
    except Unavailable as error:
        remedy = "Try again; `bot doctor` looks closer."
        sys.exit(fail(f"Not available now ({error.code}).", remedy, TRY_AGAIN).exit_code)
    except BotError as error:
        sys.exit(fail(f"Refused ({error.code}).", "See docs/ for what the code means.").exit_code)
