"""The whole audit trail, looked over: which chains there are, and whether each is whole."""

from dataclasses import dataclass

from bot.register import audit
from bot.register.audit import SYSTEM, Event
from bot.register.counter import Counter
from bot.register.models import Dossier


@dataclass(frozen=True)
class Chain:
    """What was found of a chain.

    `broken` are the sequence numbers of links that do not hold. `missing` are links
    that its counter has counted and that are not there: its end was cut off.
    `uncounted` are links that came in without it.
    """

    name: str
    links: int
    broken: tuple[int, ...]
    missing: int
    uncounted: int

    @property
    def is_whole(self) -> bool:
        return not (self.broken or self.missing or self.uncounted)


async def chains() -> list[str]:
    """Every chain that has links, that links were counted for, or that must have some."""
    linked = await Event.all().distinct().values_list("chain", flat=True)
    counted = await Counter.all().values_list("name", flat=True)
    opened = await Dossier.all().values_list("id", flat=True)
    names = {*map(str, linked), *filter(_is_chain, map(str, counted))}
    return sorted(names | {f"dossier:{number}" for number in opened}, key=_in_order)


async def looked_over(name: str) -> Chain:
    """Whether the chain called `name` is whole, also while links are added to it."""
    before = await _counted(name)
    broken = tuple([sequence async for sequence in audit.broken(name)])
    links = await Event.filter(chain=name).count()
    newest = await Event.filter(chain=name).order_by("-sequence").only("id", "sequence").first()
    end = newest.sequence if newest else 0
    # what has a life begins its chain with its first event
    least = max(before, 0 if name == SYSTEM else 1)
    missing, uncounted = max(0, least - end), max(0, end - await _counted(name))
    return Chain(name, links, broken, missing, uncounted)


async def _counted(name: str) -> int:
    counter = await Counter.get_or_none(name=name)
    return counter.value if counter else 0


def _is_chain(counter: str) -> bool:
    """Counters count other things, too."""
    return counter == SYSTEM or ":" in counter


def _in_order(name: str) -> tuple[str, int]:
    kind, _, number = name.partition(":")
    return kind, int(number) if number.isdecimal() else 0
