"""The values of a form, as one revision of a PDF holds them (ISO 32000-2 clause 12.7).

What a file can be read to say in two ways it does not say: a name that stands
for several values, or a box that shows something else than its value, is
ambiguous. Nor does it say what no signer could see: a value counts only in a
field of one widget that is shown. Appearances of text are not compared: values
are believed, pictures are not (docs/signatures.md).
"""

import unicodedata
from dataclasses import dataclass, field

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures.objects import entry
from bot.signatures.widgets import Malformed, Places, is_seen, places

HIDDEN = "form"  # the one field that need not be seen: it holds our form's version
CHOICES = {"notify", "letter_urgency"}  # the fields whose options may say more than their values
_NODES_LIMIT = 5_000
_DEPTH_LIMIT = 32
_PASSWORD = 1 << 13  # 12.7.5.3: a text field that shows asterisks


@dataclass
class Field:
    """All that stands under one name.

    `said`: every value that some place gives it; one, in a sound form.
    `is_plain`: it is of a type whose look is its value.
    """

    said: set[str] = field(default_factory=set)
    widgets: dict[generic.Reference, generic.DictionaryObject] = field(default_factory=dict)
    is_plain: bool = True


@dataclass
class Fields:
    """The fields that are no signatures, by name, and where their widgets stand."""

    named: dict[str, Field] = field(default_factory=dict)
    places: Places = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        """The one value of `name` that can be seen, or None.

        There may be no such field, several values, or a value that no signer saw.

        Raises:
            Malformed: the widget has no rectangle that can be read.
        """
        found = self.named.get(name)
        if found is None or len(found.said) != 1:
            return None
        (value,) = found.said
        return value if not value or self._is_shown(name, found) else None

    def _is_shown(self, name: str, found: Field) -> bool:
        if not found.is_plain or len(found.widgets) != 1:
            return False
        ((reference, widget),) = found.widgets.items()
        return name == HIDDEN or is_seen(widget, self.places.get(reference, ()))


def read_fields(reader: PdfFileReader) -> Fields:
    """Every field that is not a signature.

    Raises:
        Malformed: cycles, nameless fields, values that are no text, too many nodes.
    """
    form = entry(reader.root, "/AcroForm")
    if form is None:
        return Fields()
    if not isinstance(form, generic.DictionaryObject):
        raise Malformed
    fields = Fields(places=places(reader))
    _Walk(fields).all(entry(form, "/Fields", generic.ArrayObject()), _Inherited())
    return fields


@dataclass(frozen=True)
class _Inherited:
    """What a node has from those above it."""

    name: str = ""
    type: str = ""
    flags: object = 0
    value: object = None
    has_rich_text: bool = False
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
            flags=entry(node, "/Ff", above.flags),
            value=entry(node, "/V", above.value),
            has_rich_text=above.has_rich_text or "/RV" in node,
            depth=above.depth + 1,
            node=reference,
        )
        kids = entry(node, "/Kids")
        is_widget = not kids or "/Subtype" in node
        if here.type != "/Sig" and ("/V" in node or is_widget):
            self._say(here, node, is_widget)
        if kids:
            self.all(kids, here)

    def _say(self, here: _Inherited, node: generic.DictionaryObject, is_widget: bool) -> None:
        if not here.name or here.node is None:
            raise Malformed
        found = self._fields.named.setdefault(here.name, Field())
        found.is_plain &= _is_plain(here)
        if is_widget:
            found.widgets[here.node] = node
        if here.type != "/Btn":
            found.said.add(_text(here.value))
            return
        found.said.add(_state(here.value))
        if is_widget:
            found.said.add(_state(entry(node, "/AS")))


def _is_plain(here: _Inherited) -> bool:
    """Whether the field's look is its value: nothing richer, masked, or named otherwise."""
    match here.type:
        case "/Tx":
            is_masked = not isinstance(here.flags, int) or here.flags & _PASSWORD
            return not here.has_rich_text and not is_masked
        case "/Ch":
            return here.name in CHOICES
        case kind:
            return kind == "/Btn"


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
