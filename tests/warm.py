"""Warm processes that outlive their sandbox: each takes more than a second to load the parsers.

No child changes the one that forked it, so the next sandbox of equal limits may have it.
"""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from bot import sandbox, tools
from bot.sandbox import Sandbox

_kept: dict[object, list[sandbox._Warm]] = defaultdict(list)


class KeptWarm(Sandbox):
    """A sandbox that takes over what another one left, and leaves its own."""

    def _warmed(self) -> sandbox._Warm:
        kept = _kept[self._alike()]
        return kept.pop() if kept else super()._warmed()

    def _alike(self) -> object:
        return self._limits.seconds, self._limits.memory, self._preload

    async def close(self) -> None:
        _kept[self._alike()].append(self._warm)


@pytest.fixture(scope="session", autouse=True)
def kept_warm() -> Iterator[None]:
    """Bots in this process have such sandboxes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tools, "Sandbox", KeptWarm)
        yield
    for warm in (one for alike in _kept.values() for one in alike):
        warm.end()
