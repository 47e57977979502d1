"""How commands speak: tables for people, JSON for scripts, errors with their remedy."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.clock import HANOI

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")]

NO, USAGE, FAULT, TRY_AGAIN = 1, 64, 70, 75  # exit codes beside 0: done

out = Console()
err = Console(stderr=True)


def show_list(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """A list of alike records, one line each."""
    if as_json:
        _print_json(list(rows))
        return
    if not rows:
        err.print(empty)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*map(shown, row.values()))
    out.print(table)


def show_record(record: Mapping[str, Any], *, as_json: bool) -> None:
    """One record, a line for each field."""
    if as_json:
        _print_json(record)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in record.items():
        table.add_row(name.replace("_", " "), shown(value))
    out.print(table)


def fail(what: str, remedy: str, code: int = NO) -> typer.Exit:
    """Say what is wrong and what to do about it; `raise` what comes back."""
    err.print(Text(what, style="red"))
    err.print(Text(remedy))
    return typer.Exit(code)


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def shown(value: Any) -> Text:
    """What people wrote is shown, never obeyed: neither as markup nor by the terminal."""
    return Text(
        "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in _text(value))
    )


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(HANOI):%d/%m/%Y %H:%M}"
    if isinstance(value, list | tuple):
        return "\n".join(_text(one) for one in value)
    if isinstance(value, Mapping):
        return "  ".join(f"{key}: {_text(one)}" for key, one in value.items() if one)
    return "" if value is None else str(value)
