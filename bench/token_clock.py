"""A clock around every call that goes into the PKCS#11 library."""

import time
from collections.abc import Callable
from typing import Any

import pkcs11

from bot.hsm import token
from bot.hsm.token import RawSession, Session


class TokenClock:
    """Seconds spent inside the library, by whatever session it was called.

    `watch` comes before the first token is opened.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self) -> None:
        """From now on, sessions that are opened are timed."""
        clock = self

        class Timed(Session):
            def __init__(self, of: token.Token, root: RawSession) -> None:
                super().__init__(of, root)
                self.raw = _Watched(self.raw, clock)

        setattr(token, "Session", Timed)  # noqa: B010 - mypy knows it as another class

    def timed(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            result = call(*map(_bare, arguments), **options)
            if not isinstance(result, bytes | dict) and hasattr(result, "__next__"):
                result = list(result)  # a search goes on while it is read
        finally:
            self.seconds += time.perf_counter() - start
        return _watched(result, self)


class _Watched:
    """An object of python-pkcs11 whose methods are timed, and what they return too."""

    def __init__(self, bare: Any, clock: TokenClock) -> None:
        self.bare = bare
        self.clock = clock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.bare, name)
        if not callable(found) or isinstance(found, type):
            return found
        return lambda *arguments, **options: self.clock.timed(found, *arguments, **options)

    def __getitem__(self, attribute: pkcs11.Attribute) -> Any:
        return self.clock.timed(lambda: self.bare[attribute])


def _bare(value: Any) -> Any:
    return value.bare if isinstance(value, _Watched) else value


def _watched(result: Any, clock: TokenClock) -> Any:
    if isinstance(result, tuple | list):
        return type(result)(_watched(one, clock) for one in result)
    is_theirs = isinstance(result, pkcs11.Object | pkcs11.DomainParameters)
    return _Watched(result, clock) if is_theirs else result
