"""Names of settings: `door.port` in a file is `BOT_DOOR__PORT` in the environment."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_origin

from pydantic import BaseModel

from bot.errors import Misconfigured

PREFIX = "BOT_"
DELIMITER = "__"


def variable(setting: str) -> str:
    """The variable of the setting with that dotted name."""
    return PREFIX + setting.replace(".", DELIMITER).upper()


def names(section: type[BaseModel], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the type of every setting."""
    for name, field in section.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from names(kind, f"{within}{name}.")
        else:
            yield within + name, kind


def require_understood(section: type[BaseModel], environment: Mapping[str, str]) -> None:
    """Refuse what pydantic-settings passes over (unknown names) or does not name (lists, tables).

    Raises:
        Misconfigured: naming the variable.
    """
    known = {variable(name): kind for name, kind in names(section)}
    for name, value in environment.items():
        if not name.upper().startswith(PREFIX):
            continue
        if name.upper() not in known:
            raise unknown(name, nearest(name.upper(), known))
        if get_origin(known[name.upper()]) is tuple and not _is_json(value):
            raise Misconfigured(f"{name} is no list.", 'Write it as JSON, such as ["a", "b"].')
        if get_origin(known[name.upper()]) is dict and not _is_json(value):
            raise Misconfigured(f"{name} is no table.", 'Write it as JSON, such as {"a": "b"}.')


def unknown(name: str, instead: str) -> Misconfigured:
    """There is no setting `name`; perhaps `instead` was meant."""
    remedy = f"Do you mean {instead}?" if instead else "Remove it; bot/sections has them all."
    return Misconfigured(f"{name} is no setting.", remedy)


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """The name in `known` most like `name`, or nothing."""
    return next(iter(get_close_matches(name, known, n=1)), "")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
