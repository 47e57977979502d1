"""The values of a form, as one revision of a PDF holds them (ISO 32000-2 clause 12.7).

What a file can be read to say in two ways it does not say: a name that stands
for several values, or a box that shows something else than its value, is
ambiguous. Appearances of text are not compared: values are believed, pictures
are not (docs/signatures.md).
"""

import unicodedata
from dataclasses import dataclass, field

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

_NODES_LIMIT = 5_000
_DEPTH_LIMIT = 32


class Malformed(Exception):
    """The form cannot be read."""


@dataclass
class Fields:
    """`said`: every value that some place in the form gives a name; one each, in a sound form."""

    said: dict[str, set[str]] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        """The one value of `name`, or None: there is none, or there are several."""
        values = self.said.get(name, set())
        return next(iter(values)) if len(values) == 1 else None


def read_fields(reader: PdfFileReader) -> Fields:
    """Every field that is not a signature.

    Raises:
        Malformed: cycles, nameless fields, values that are no text, too many nodes.
    """
    fields = Fields()
    form = reader.root.get("/AcroForm")
    if form is not None:
        _Walk(fields).all(form.get("/Fields", generic.ArrayObject()), _Inherited())
    return fields


@dataclass(frozen=True)
class _Inherited:
    """What a node has from those above it."""

    name: str = ""
    type: str = ""
    value: object = None
    depth: int = 0


class _Walk:
    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._seen: set[generic.Reference] = set()
        self._nodes = 0

    def all(self, nodes: object, above: _Inherited) -> None:
        if not isinstance(nodes, generic.ArrayObject):
            raise Malformed
        for at in range(len(nodes)):
            self._once(nodes.raw_get(at))
            self._node(nodes[at], above)

    def _once(self, node: object) -> None:
        self._nodes += 1
        if isinstance(node, generic.IndirectObject):
            if node.reference in self._seen:
                raise Malformed
            self._seen.add(node.reference)
        if self._nodes > _NODES_LIMIT:
            raise Malformed

    def _node(self, node: object, above: _Inherited) -> None:
        if not isinstance(node, generic.DictionaryObject) or above.depth > _DEPTH_LIMIT:
            raise Malformed
        own_name = node.get("/T")
        here = _Inherited(
            name=".".join(filter(None, [above.name, own_name and _text(own_name)])),
            type=str(node.get("/FT", above.type)),
            value=node.get("/V", above.value),
            depth=above.depth + 1,
        )
        kids = node.get("/Kids")
        if here.type != "/Sig" and ("/V" in node or not kids):
            self._say(here, node)
        if kids:
            self.all(kids, here)

    def _say(self, here: _Inherited, node: generic.DictionaryObject) -> None:
        if not here.name:
            raise Malformed
        said = self._fields.said.setdefault(here.name, set())
        if here.type != "/Btn":
            said.add(_text(here.value))
            return
        value = _state(here.value)
        said.add(value)
        shown = _state(node.get("/AS", here.value))
        if shown and shown != value:  # a radio button's other widgets show Off
            said.add(shown)
        if not shown and "/T" in node and "/Kids" not in node:  # a box that is alone
            said.add("")


def _text(value: object) -> str:
    match value:
        case None | generic.NullObject():
            return ""
        case generic.TextStringObject():
            return unicodedata.normalize("NFC", value)
        case generic.NameObject():
            return unicodedata.normalize("NFC", value[1:])
        case _:
            raise Malformed


def _state(value: object) -> str:
    """The state of a box: empty when it is off."""
    state = _text(value)
    return "" if state == "Off" else state
