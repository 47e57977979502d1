"""Rounds: two things in turn, so that both see the same machine; the median counts."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

Measure = Callable[[], Awaitable[float]]
Rounds = Sequence[float]  # what was found in each round


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: how often each thing is measured.
        share: of the usual amount, each time.
    """

    rounds: int = 5
    share: float = 1.0

    def of(self, usual: int) -> int:
        return max(2, round(usual * self.share))


FULL, QUICK = Effort(), Effort(rounds=1, share=0.02)


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


async def interleaved(effort: Effort, **measures: Measure) -> dict[str, list[float]]:
    """What each of `measures` finds in every round; in each all have their turn."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(effort.rounds):
        # each is as often first as last
        turns = list(measures.items())[:: 1 if number % 2 == 0 else -1]
        for name, measure in turns:
            found[name].append(await measure())
        now = ", ".join(f"{name} {values[-1]:.4g}" for name, values in found.items())
        say(f"round {number + 1} of {effort.rounds}: {now}")
    return found


def ratio(one: Rounds, other: Rounds) -> float:
    """The median of the rounds' ratios: the machine may be busier in one than in another."""
    return median(mine / theirs for mine, theirs in zip(one, other, strict=True))
