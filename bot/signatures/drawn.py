"""What pages are drawn from: where two revisions agree in it, their text is the same.

A second signature adds nothing to it, and drawing is most of the work on a letter.
"""

import hashlib
from contextlib import suppress

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures.widgets import pages


def drawn_from(reader: PdfFileReader) -> bytes | None:
    """The digest of every page's content, resources and frame; None where some cannot be read.

    Raises:
        Malformed: as for `widgets.pages`.
    """
    shown: list[object] = []
    for page in pages(reader):
        content = page.node.raw_get("/Contents") if "/Contents" in page.node else None
        shown += [page.media, page.crop, page.rotate, page.resources, content]
    with suppress(Exception):  # pyHanko may raise anything
        return _digest(shown)
    return None


def _digest(values: list[object]) -> bytes:
    """Of `values` and all that they refer to, each object once."""
    digest = hashlib.sha256()
    seen: set[generic.Reference] = set()
    waiting = values
    while waiting:
        value = waiting.pop()
        match value:
            case generic.IndirectObject():
                says = f"{value.idnum} {value.generation}"
                if value.reference not in seen:
                    seen.add(value.reference)
                    waiting.append(value.get_object())
            case generic.DictionaryObject():
                packed = value.encoded_data if isinstance(value, generic.StreamObject) else b""
                says = repr((list(value), hashlib.sha256(packed).digest()))
                waiting += [value.raw_get(key) for key in value]
            case generic.ArrayObject():
                says = str(len(value))
                waiting += [value.raw_get(at) for at in range(len(value))]
            case _:
                says = repr(value)
        digest.update(f"{type(value).__name__} {says}\n".encode())
    return digest.digest()
