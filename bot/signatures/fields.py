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

from bot.signatures.objects import entry

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
    form = entry(reader.root, "/AcroForm", generic.DictionaryObject())
    if not isinstance(form, generic.DictionaryObject):
        raise Malformed
    _Walk(fields).all(entry(form, "/Fields", generic.ArrayObject()), _Inherited())
    return fields


@dataclass(frozen=True)
class _Inherited:
    """What a node has from those above it."""

    name: str = ""
    type: str = ""
    value: object = None
    depth: int = 0
    node: generic.Reference | None = None


class _Walk:
    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._seen: set[generic.Reference] = set()

    def all(self, nodes: object, above: _Inherited) -> None:
        if not isinstance(nodes, generic.ArrayObject):
            raise Malformed
        for at in range(len(nodes)):
            self._node(self._once(nodes.raw_get(at)), nodes[at], above)

    def _once(self, raw: object) -> generic.Reference:
        """Fields are indirect objects (12.7.4.1), and each stands in one place of the tree."""
        if not isinstance(raw, generic.IndirectObject) or raw.reference in self._seen:
            raise Malformed
        self._seen.add(raw.reference)
        if len(self._seen) > _NODES_LIMIT:
            raise Malformed
        return raw.reference

    def _node(self, reference: generic.Reference, node: object, above: _Inherited) -> None:
        if not isinstance(node, generic.DictionaryObject) or above.depth > _DEPTH_LIMIT:
            raise Malformed
        if _parent(node) != above.node:  # others, who read upwards, would see another field
            raise Malformed
        here = _Inherited(
            name=".".join(filter(None, [above.name, _text(entry(node, "/T"))])),
            type=str(entry(node, "/FT", above.type)),
            value=entry(node, "/V", above.value),
            depth=above.depth + 1,
            node=reference,
        )
        kids = entry(node, "/Kids")
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
        shown = _state(entry(node, "/AS", here.value))
        if shown and shown != value:  # a radio button's other widgets show Off
            said.add(shown)
        if not shown and "/T" in node and "/Kids" not in node:  # a box that is alone
            said.add("")


def _parent(node: generic.DictionaryObject) -> generic.Reference | None:
    if entry(node, "/Parent") is None:
        return None
    above = node.raw_get("/Parent")
    if not isinstance(above, generic.IndirectObject):
        raise Malformed
    return above.reference


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
