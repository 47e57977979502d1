"""`bot audit`: what was done, link by link, and whether any of it was tampered with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.progress import Progress, TaskID

from bot.cli.output import Json, err, fail, show_list
from bot.cli.register import in_register
from bot.register import audit
from bot.register.audit import Event
from bot.register.counter import Counter
from bot.register.models import Dossier
from bot.register.trail import Chain, chains, looked_over

cli = typer.Typer(help="The audit trail: chains of events.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(help="Such as dossier:7, agency:1, officer:1, system, or HS-2026-000123.")
]


@cli.command()
def verify(
    context: typer.Context,
    chain: Annotated[
        str | None, typer.Argument(help="One chain, or the number of a dossier. Default: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Whether every chain is whole: nothing changed, left out, put in between or cut off.

    Shows those that are not, and exits with 1 if there are any.
    """
    found = in_register(context.obj, _verify, chain)
    bad = [one for one in found if not one.is_whole]
    if as_json or bad:
        show_list([_plain(one) for one in (found if as_json else bad)], as_json=as_json, empty="")
    if bad:
        what = f"{len(bad)} of {len(found)} chains are not whole."
        raise fail(what, "Stop, keep everything as it is, and compare it with the last backup.")
    if not as_json:
        links = sum(one.links for one in found)
        err.print(f"{len(found)} chains with {links:,} links are whole.")


async def _verify(chain: str | None) -> list[Chain]:
    names = [await _name(chain)] if chain else await chains()
    found = []
    with _progress(len(names)) as step:
        for name in names:
            found.append(await looked_over(name))
            step()
    return found


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    with Progress(console=err, transient=True) as progress:
        task: TaskID = progress.add_task("Chains", total=total)
        yield lambda: progress.advance(task)


@cli.command()
def show(context: typer.Context, chain: Name, as_json: Json = False) -> None:
    """The events of one chain, oldest first."""
    show_list(in_register(context.obj, _show, chain), as_json=as_json, empty="")


async def _show(chain: str) -> list[dict[str, Any]]:
    return [
        {
            "link": event.sequence,
            "at": event.at,
            "what": event.code,
            "because": event.because,
            "subject": event.subject,
            "details": event.details,
        }
        async for event in audit.links(await _name(chain))
    ]


async def _name(chain: str) -> str:
    """The chain that is meant: by its name, or by a dossier's number."""
    dossier = await Dossier.get_or_none(number=chain.upper())
    name = await dossier.chain() if dossier else chain
    known = dossier or await Event.exists(chain=name) or await Counter.exists(name=name)
    if not known:
        raise fail(f"There is no chain {chain}.", "See `bot audit verify --json` for all.")
    return name


def _plain(chain: Chain) -> Mapping[str, Any]:
    return {**asdict(chain), "whole": chain.is_whole}
