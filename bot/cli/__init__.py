"""The `bot` command: what officers and operators type."""

import os
import sys
import warnings
from collections.abc import MutableMapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bot import logs
from bot.cli.output import USAGE
from bot.cli.settings import chosen
from bot.cli.verify import verify


class _Commands(TyperGroup):
    """What stands alone is found without loading all the others, which takes a second."""

    def get_command(self, context: Any, name: str) -> Any:
        return self._alone.get(name) or self.commands.get(name)

    @property
    def commands(self) -> MutableMapping[str, Any]:
        return {**_of_the_house(), **self._alone}

    @commands.setter
    def commands(self, alone: MutableMapping[str, Any]) -> None:
        self._alone = alone


@cache
def _of_the_house() -> MutableMapping[str, Any]:
    from bot.cli import commands

    return typer.main.get_group(commands.cli).commands


cli = typer.Typer(
    cls=_Commands,
    help="The mailbox of a certification authority with centralised signing.\n\n"
    "Start with `bot init`, then `bot doctor`, then `bot run`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)
UsageError: Any = typer.BadParameter.__base__  # Typer brings a click of its own

cli.command()(verify)


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
    if context.invoked_subcommand != verify.__name__:  # it asks for them if it needs any
        context.obj = chosen(context)


def main() -> None:
    """Run the command line; every failure has one line and a remedy, never a trace."""
    logs.configure()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # for who writes libraries, not for who types commands
    os.umask(0o077)  # what lies under home is nobody else's business
    try:
        sys.exit(cli(standalone_mode=False) or 0)
    except typer.Abort:
        sys.exit(130)
    except UsageError as error:
        error.show()
        sys.exit(USAGE)
    except Exception as error:
        from bot.cli.failures import told  # knows what every room may raise

        sys.exit(told(error).exit_code)
