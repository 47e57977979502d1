"""Where a form's fields stand: whether whoever signs sees them (ISO 32000-2 clause 12.5.2)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures.objects import entry

_NODES_LIMIT = 1_000  # of the page tree
_INVISIBLE, _HIDDEN, _NO_VIEW = 1 << 0, 1 << 1, 1 << 5  # 12.5.3
_LEAST = 4  # points; what is lower or narrower cannot be read


class Malformed(Exception):
    """The form, or the pages it stands on, cannot be read."""


@dataclass(frozen=True)
class Box:
    """A rectangle in points (7.9.5), its corners put in order."""

    left: Decimal
    bottom: Decimal
    right: Decimal
    top: Decimal

    @classmethod
    def read(cls, value: object) -> "Box":
        """Raises: Malformed."""
        if not isinstance(value, generic.ArrayObject) or len(value) != 4:
            raise Malformed
        corners = [value[at] for at in range(4)]
        if not all(isinstance(at, (int, Decimal)) for at in corners):
            raise Malformed
        one, two, three, four = map(Decimal, corners)
        return cls(min(one, three), min(two, four), max(one, three), max(two, four))

    def lies_in(self, other: "Box") -> bool:
        across = other.left <= self.left and self.right <= other.right
        return across and other.bottom <= self.bottom and self.top <= other.top

    @property
    def is_readable(self) -> bool:
        return min(self.right - self.left, self.top - self.bottom) >= _LEAST


Places = Mapping[generic.Reference, Sequence[Box]]


def places(reader: PdfFileReader) -> Places:
    """For every annotation, what can be seen of each page that it stands on.

    Raises:
        Malformed: page trees with cycles, miscounted or nameless nodes; too many pages.
    """
    found: dict[generic.Reference, list[Box]] = defaultdict(list)
    for page in pages(reader):
        annotations = entry(page.node, "/Annots", generic.ArrayObject())
        if not isinstance(annotations, generic.ArrayObject):
            raise Malformed
        for at in range(len(annotations)):
            raw = annotations.raw_get(at)
            if isinstance(raw, generic.IndirectObject):
                found[raw.reference].append(page.visible)
    return found


def is_seen(widget: generic.DictionaryObject, pages: Sequence[Box]) -> bool:
    """Whether `widget` can be seen, wholly, on the one page of `pages`."""
    flags = entry(widget, "/F", 0)
    if len(pages) != 1 or "/Rect" not in widget or not isinstance(flags, int):
        return False
    frame = Box.read(entry(widget, "/Rect"))
    return (
        entry(widget, "/Subtype") == "/Widget"
        and not flags & (_INVISIBLE | _HIDDEN | _NO_VIEW)
        and "/OC" not in widget
        and frame.is_readable
        and frame.lies_in(pages[0])
    )


@dataclass(frozen=True)
class Branch:
    """A node of the page tree, with what it states or has from above (7.7.3.4)."""

    node: generic.DictionaryObject
    media: object
    crop: object
    rotate: object
    resources: object

    @property
    def visible(self) -> Box:
        """A page's crop box, as far as it lies in the media box (14.11.2)."""
        whole = Box.read(self.media)
        cut = whole if self.crop is None else Box.read(self.crop)
        return Box(
            max(whole.left, cut.left),
            max(whole.bottom, cut.bottom),
            min(whole.right, cut.right),
            min(whole.top, cut.top),
        )

    @classmethod
    def below(cls, above: "Branch | None", node: object) -> "Branch":
        if not isinstance(node, generic.DictionaryObject):
            raise Malformed
        return cls(
            node,
            entry(node, "/MediaBox", above.media if above else None),
            entry(node, "/CropBox", above.crop if above else None),
            entry(node, "/Rotate", above.rotate if above else 0),
            entry(node, "/Resources", above.resources if above else None),
        )


def pages(reader: PdfFileReader) -> Iterator[Branch]:
    """The leaves of the page tree, first page first.

    Raises:
        Malformed: as for `places`.
    """
    root = Branch.below(None, entry(reader.root, "/Pages"))
    waiting, count = [root], 0
    for _ in range(_NODES_LIMIT):
        if not waiting:
            break
        branch = waiting.pop()
        kind, kids = entry(branch.node, "/Type"), entry(branch.node, "/Kids")
        if kind == "/Pages" and isinstance(kids, generic.ArrayObject):
            waiting += (Branch.below(branch, kids[at]) for at in reversed(range(len(kids))))
        elif kind == "/Page" and kids is None:
            count += 1
            yield branch
        else:  # readers differ in whether this is a page
            raise Malformed
    if waiting or entry(root.node, "/Count") != count:  # readers differ in whether they show it
        raise Malformed
