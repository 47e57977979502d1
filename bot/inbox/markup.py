"""XML as it comes, element by element: no DTD, no entities, bounded depth and number."""

from dataclasses import dataclass
from xml.parsers import expat

from bot.inbox.tables import Unfit

DEPTH_LIMIT = 64
ELEMENTS_LIMIT = 500_000  # of one workbook
NAMES_LIMIT = 2_000  # different ones, of one part
ATTRIBUTES_LIMIT = 64  # of one element


class Walker:
    """Is told of each element. `path` ends with the element itself.

    Names are «prefix:local» where the namespace is one of those asked for, «:local»
    in any other; attributes likewise, but by their bare name where they have no namespace.
    """

    def start(self, path: list[str], attributes: dict[str, str]) -> None:
        """An element begins."""

    def text(self, path: list[str], data: str) -> None:
        """Some of the text that stands directly in an element."""

    def end(self, path: list[str]) -> None:
        """An element ends."""


@dataclass
class Elements:
    """How many elements a workbook may still have."""

    left: int = ELEMENTS_LIMIT


class _Names(dict[str, str]):
    """Short names by those that expat gives, «namespace local»."""

    def __init__(self, prefixes: dict[str, str]) -> None:
        super().__init__()
        self._prefixes = prefixes

    def __missing__(self, full: str) -> str:
        if len(self) >= NAMES_LIMIT:
            raise Unfit("sheet.too_complex")
        space, separator, local = full.rpartition(" ")
        self[full] = f"{self._prefixes.get(space, '')}:{local}" if separator else local
        return self[full]


def walk(document: bytes, walker: Walker, prefixes: dict[str, str], elements: Elements) -> None:
    """Tell `walker` of every element in document order.

    Args:
        prefixes: short names for namespaces; several may share one.

    Raises:
        Unfit: sheet.unreadable, sheet.too_complex.
    """
    path: list[str] = []
    named = _Names(prefixes)

    def start(name: str, flat: list[str]) -> None:
        elements.left -= 1
        if elements.left < 0 or len(path) >= DEPTH_LIMIT or len(flat) > 2 * ATTRIBUTES_LIMIT:
            raise Unfit("sheet.too_complex")
        path.append(named[name])
        keys = [named[name] for name in flat[::2]]
        walker.start(path, dict(zip(keys, flat[1::2], strict=True)))

    def end(_: str) -> None:
        walker.end(path)
        path.pop()

    def refuse(*_: object) -> None:
        raise Unfit("sheet.too_complex")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: walker.text(path, data)
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise Unfit("sheet.unreadable") from None
