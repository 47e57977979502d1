"""What every kind of notice is: data plus the template folder of its name.

Its JSON stands in the register (`Notice.data`), so no field is ever a secret:
what must not stand there, or is known only when it is sent, is `at_sending`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import TypeAdapter

from bot.outbox.values import Enclosed

# made once: that takes milliseconds
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


@dataclass(frozen=True)
class Content:
    """What every kind of notice has."""

    kind: ClassVar[str]  # its folder in templates/notices
    channels: ClassVar[tuple[str, ...]] = ("email",)
    at_sending: ClassVar[frozenset[str]] = frozenset()

    @property
    def enclosed(self) -> tuple[Enclosed, ...]:
        """The files that go with it."""
        return ()

    @property
    def weight(self) -> int:
        """About how many bytes they have."""
        return sum(file.size for file in self.enclosed)

    def data(self) -> dict[str, Any]:
        """The fields as JSON values."""
        data: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json")
        return data

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """The notice whose `data` this is."""
        content: Self = _adapter(cls).validate_python(data)
        return content
