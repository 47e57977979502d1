"""Killed at every point, started again: what was true in the end of each house."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bot.register.tasks import Kind
from tests.crash.life import ORDER
from tests.crash.points import one_of_a_kind
from tests.crash.ways import Embedded

Facts = dict[str, Any]


@dataclass(frozen=True)
class Zygote:
    """The process that forks bots."""

    process: subprocess.Popen[str]

    def fork(self, **arguments: Any) -> list[Any]:
        """All that a bot said until it died, or froze."""
        return self._ask(arguments)

    def go_on(self) -> list[Any]:
        """All that the frozen bot said in its life."""
        return self._ask(None)

    def _ask(self, arguments: Any) -> list[Any]:
        to, back = self.process.stdin, self.process.stdout
        assert to is not None
        assert back is not None
        print(json.dumps(arguments), file=to, flush=True)
        said: list[Any] = json.loads(back.readline())
        return said


@contextmanager
def zygote(mail: str) -> Iterator[Zygote]:
    """A zygote, while the block runs; it has opened one such mail before."""
    command = [sys.executable, "-m", "tests.crash.zygote", mail]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield Zygote(process)


@dataclass(frozen=True)
class Matrix:
    """One way to run, from how everything stands now, and a mail at the door."""

    zygote: Zygote
    way: Embedded
    mail: str

    def undisturbed(self) -> "Undisturbed":
        """The house that nobody kills, looked at whenever a kind of work is done."""
        kept: dict[str, Kind] = {}
        stands: dict[Kind, Facts] = {}
        for kind in ORDER:
            self.way.keep(kind)
            lived = self._live(kinds=_until(kind), mail=self._at_the_door(kind))
            stands[kind] = lived["facts"]
            for point in lived["passed"]:
                kept.setdefault(point, kind)
        points = {point: kept[point] for point in one_of_a_kind(list(kept))}
        return Undisturbed(points, stands)

    def killed(self, point: str, undisturbed: "Undisturbed") -> Facts:
        """The end of a house that was killed at `point`, and started again.

        Where it stands as the undisturbed one did when that kind of work was done,
        the rest of its life is the same, and not lived again.
        """
        kind = undisturbed.points[point]
        mail = self._at_the_door(kind)
        self.way.set_back(kind)
        last = self._live(kinds=_until(kind), mail=mail, fatal=point)
        assert not isinstance(last, dict), f"{point} was not met"
        lived = self._live(kinds=_until(kind), mail=mail, redelivered=last)
        if lived["facts"] == undisturbed.stands[kind]:
            return undisturbed.end
        return dict(self._live()["facts"])

    def frozen(self, point: str, undisturbed: "Undisturbed") -> bool:
        """Whether a worker changes nothing that freezes, and goes on when its task is done."""
        kind = undisturbed.points[point]
        mail = self._at_the_door(kind)
        self.way.set_back(kind)
        last = self._live(kinds=_until(kind), mail=mail, frozen=point)
        assert not isinstance(last, dict), f"{point} was not met"
        self._live(kinds=_until(kind), mail=mail, redelivered=last)
        late = self.zygote.go_on()[-1]
        return bool(late["facts"] == undisturbed.stands[kind])

    def _at_the_door(self, kind: Kind) -> str | None:
        return self.mail if kind is ORDER[0] else None

    def _live(self, **arguments: Any) -> Any:
        """The last word of a life: what came of it, or the message on which it died."""
        said = self.zygote.fork(**self.way.arguments(), **arguments)
        return said[-1] if said else None


@dataclass(frozen=True)
class Undisturbed:
    """How a house lives that nobody kills."""

    points: dict[str, Kind]  # each with the kind of work under way
    stands: dict[Kind, Facts]  # when that was done

    @property
    def end(self) -> Facts:
        """What is true when all is done."""
        return self.stands[ORDER[-1]]


def _until(kind: Kind) -> list[Kind]:
    """What is done before that kind of work is, and itself."""
    return list(ORDER[: ORDER.index(kind) + 1])
