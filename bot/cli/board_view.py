"""How the board looks: from 80 columns on, and as many lines as there are."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.cli.health import Part
from bot.cli.output import shown
from bot.cli.time_left import OVERDUE, span, time_left
from bot.clock import HANOI
from bot.dossier.form import Procedure
from bot.procedures.overview import OpenDossier, Overview, Waiting

NAMED_FROM = 110  # columns: agencies by code and name
AROUND = 16  # lines that are no dossiers
FEW = 3  # of a kind that are named; the others are counted
ASKS = {None: "?", Procedure.CHANGE: "change"}  # where the usual word is too long


def room_for(lines: int) -> int:
    """How many dossiers fit into a terminal of so many lines; one at least."""
    return max(1, lines - AROUND)


def drawn(view: Overview, parts: Sequence[Part], width: int) -> RenderableType:
    """The whole board."""
    return Group(
        _title(view),
        _dossiers(view, named=width >= NAMED_FROM) if view.dossiers else Text("Nothing is open."),
        *([_more(view)] if view.open > len(view.dossiers) else []),
        Rule(style="dim"),
        _pairs(_waiting(view)),
        Rule(style="dim"),
        _pairs(_around(parts)),
    )


def _title(view: Overview) -> Text:
    at = view.at.astimezone(HANOI)
    title = Text.assemble((f"{at:%a %d/%m/%Y %H:%M:%S}", "bold"), f"   {view.open} open")
    if view.overdue:
        title.append(f", {view.overdue} {OVERDUE}", style="bold red")
    return title


def _dossiers(view: Overview, *, named: bool) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column("dossier", no_wrap=True)
    table.add_column("agency", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in ("asks", "status", "turn"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "left", "used"):
        table.add_column(name, no_wrap=True, justify="right")
    for one in view.dossiers:
        table.add_row(*_cells(one, view, named=named), style=_style(one, view))
    return table


def _cells(one: OpenDossier, view: Overview, *, named: bool) -> Iterator[Text]:
    yield shown(one.number)
    yield shown(f"{one.code} · {one.agency}" if named else one.code)
    yield shown(ASKS.get(one.procedure, one.procedure))
    yield shown(one.status)
    yield shown(one.turn)
    yield shown(f"{one.closed}/{one.rows}" if one.rows else "-")
    yield shown(time_left(one.due, view.at))
    yield shown(f"{int(one.used)}%")


def _style(one: OpenDossier, view: Overview) -> str:
    if one.due <= view.at:
        return "bold red"
    return "yellow" if one.used >= 80 else ""


def _more(view: Overview) -> Text:
    more = view.open - len(view.dossiers)
    return Text(f"… and {more} with more time left: bot board --once", style="dim")


def _waiting(view: Overview) -> Iterator[tuple[str, Text]]:
    """What waits for people, and for machines."""
    yield "held mails", _count(view.held_mails, view, style="yellow")
    proposals = [
        f"{one.number} {one.act} ({span(max(one.expires, view.at) - view.at)} left)"
        for one in view.proposals
    ]
    yield "proposals", _list(proposals, style="yellow")
    yield "given up", _list([f"{one.task} {one.kind} {one.code}" for one in view.given_up])
    notices = {"not deliverable": view.undelivered, "tried again": view.retried}
    yield "notices", _list([f"{count} {name}" for name, count in notices.items() if count])
    if view.paused:
        yield "issuing", Text(f"PAUSED for {span(view.at - view.paused)}", style="bold yellow")
    queues = (f"{queue} {_plain(waiting, view)}" for queue, waiting in view.backlog.items())
    yield "queues", Text(" · ".join(queues))


def _count(waiting: Waiting, view: Overview, *, style: str) -> Text:
    return Text(_plain(waiting, view) if waiting.count else "none", style if waiting.count else "")


def _plain(waiting: Waiting, view: Overview) -> str:
    oldest = f" ({span(max(view.at, waiting.since) - waiting.since)})" if waiting.since else ""
    return f"{waiting.count}{oldest}"


def _list(what: Sequence[str], *, style: str = "red") -> Text:
    named = "; ".join(what[:FEW])
    more = f" and {len(what) - FEW} more" if len(what) > FEW else ""
    return Text((shown(named).plain + more) or "none", style if what else "")


def _around(parts: Sequence[Part]) -> Iterator[tuple[str, Text]]:
    """The machine: a line for each kind of part."""
    styles = {True: "green", False: "bold red", None: "dim"}
    for kind, those in groupby(parts, key=lambda part: part.kind):
        states = (
            Text(shown(f"{part.name} {part.says}".strip()).plain, styles[part.is_well])
            for part in those
        )
        yield kind, Text(" · ").join(states)


def _pairs(pairs: Iterator[tuple[str, Text]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, says in pairs:
        grid.add_row(shown(name), says)
    return grid
