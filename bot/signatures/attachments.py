"""Files embedded in a PDF (ISO 32000-2 clause 7.11.4), and the workbooks among them.

A file that is embedded stands in the signed bytes, wherever the document names it: in the
name tree of embedded files, as an associated file of anything, or as a file attachment
annotation. What each signed revision holds must be the same.
"""

import hashlib
import zlib
from collections.abc import Iterator, Sequence

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.inbox import workbook_reader
from bot.inbox.workbook import Workbook
from bot.signatures.objects import entry
from bot.signatures.revisions import Unfit

FILES_LIMIT = 20
WORKBOOKS_LIMIT = 4
BYTES_LIMIT = 32_000_000  # of all files, unpacked
_NODES_LIMIT = 5_000
_PAGES_LIMIT = 2_000
_STREAMS = ("/UF", "/F", "/Unix", "/Mac", "/DOS")  # 7.11.4.1, table 44

Files = list[tuple[str, bytes]]


def read_workbooks(readers: Sequence[PdfFileReader]) -> tuple[Workbook, ...]:
    """The workbooks among the files that all of `readers`, revisions of one PDF, have alike.

    Raises:
        Unfit: pdf.changed: a file was added, removed or changed; pdf.too_complex;
            pdf.unreadable. Or anything pyHanko raises.
    """
    held = [
        {_digest(content): (name, content) for name, content in embedded(one)} for one in readers
    ]
    if any(one.keys() != held[0].keys() for one in held):
        raise Unfit("pdf.changed")
    files = held[-1].values() if held else ()
    sheets = [(name, content) for name, content in files if workbook_reader.is_workbook(content)]
    if len(sheets) > WORKBOOKS_LIMIT:
        raise Unfit("pdf.too_complex")
    return tuple(workbook_reader.read(content, name) for name, content in sheets)


def embedded(reader: PdfFileReader) -> Files:
    """Name and content of every embedded file, in order; one content once.

    Raises:
        Unfit: pdf.too_complex, pdf.unreadable; or anything pyHanko raises.
    """
    found: dict[bytes, tuple[str, bytes]] = {}
    seen: set[generic.Reference] = set()
    left = BYTES_LIMIT
    for specification in _specifications(reader):
        for stream in _streams(specification):
            if (reference := stream.container_ref) in seen:
                continue
            if isinstance(reference, generic.Reference):
                seen.add(reference)
            content = _content(stream, left)
            left -= len(content)
            found.setdefault(_digest(content), (_name(specification), content))
            if len(found) > FILES_LIMIT:
                raise Unfit("pdf.too_complex")
    return list(found.values())


def _specifications(reader: PdfFileReader) -> Iterator[generic.DictionaryObject]:
    """Every file specification (7.11.3) that the document names."""
    names = entry(reader.root, "/Names")
    if isinstance(names, generic.DictionaryObject):
        yield from _leaves(entry(names, "/EmbeddedFiles"))
    yield from _associated(reader.root)
    for page in _pages(reader):
        yield from _associated(page)
        for annotation in _dictionaries(entry(page, "/Annots")):
            yield from _associated(annotation)
            if entry(annotation, "/Subtype") == "/FileAttachment":
                yield from _dictionaries([entry(annotation, "/FS")])


def _leaves(root: object) -> Iterator[generic.DictionaryObject]:
    """The values of a name tree (7.9.6); the tree may be a graph."""
    waiting = [root]
    for _ in range(_NODES_LIMIT):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, generic.DictionaryObject):
            pairs = entry(node, "/Names")
            if isinstance(pairs, generic.ArrayObject):
                yield from _dictionaries(list(pairs)[1::2])
            waiting += _dictionaries(entry(node, "/Kids"))
    raise Unfit("pdf.too_complex")


def _pages(reader: PdfFileReader) -> Iterator[generic.DictionaryObject]:
    waiting = [entry(reader.root, "/Pages")]
    for _ in range(_PAGES_LIMIT):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, generic.DictionaryObject):
            kids = _dictionaries(entry(node, "/Kids"))
            if entry(node, "/Type") != "/Pages":
                yield node
            waiting += kids
    raise Unfit("pdf.too_complex")


def _associated(holder: generic.DictionaryObject) -> Iterator[generic.DictionaryObject]:
    """The associated files (14.13) of a document, a page or an annotation."""
    yield from _dictionaries(entry(holder, "/AF"))


def _dictionaries(values: object) -> list[generic.DictionaryObject]:
    """Those of an array, references followed; one dictionary is an array of one."""
    if isinstance(values, generic.DictionaryObject):
        return [values]
    if not isinstance(values, list):
        return []
    if len(values) > _NODES_LIMIT:
        raise Unfit("pdf.too_complex")
    found = (
        value.get_object() if isinstance(value, generic.PdfObject) else value for value in values
    )
    return [value for value in found if isinstance(value, generic.DictionaryObject)]


def _streams(specification: generic.DictionaryObject) -> Iterator[generic.StreamObject]:
    files = entry(specification, "/EF")
    if isinstance(files, generic.DictionaryObject):
        for key in _STREAMS:
            stream = entry(files, key)
            if isinstance(stream, generic.StreamObject):
                yield stream


def _content(stream: generic.StreamObject, limit: int) -> bytes:
    """The file, unpacked by no more than `limit` bytes: never through pyHanko, which has none."""
    packed: bytes = stream.encoded_data
    match entry(stream, "/Filter"):
        case None | []:
            content = packed
        case "/FlateDecode" | ["/FlateDecode"] if not entry(stream, "/DecodeParms"):
            content = _inflated(packed, limit)
        case _:
            raise Unfit("pdf.too_complex")
    if len(content) > limit:
        raise Unfit("pdf.too_complex")
    return content


def _inflated(packed: bytes, limit: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, limit + 1)
    except zlib.error:
        raise Unfit("pdf.unreadable") from None


def _name(specification: generic.DictionaryObject) -> str:
    """What its sender called it: a label."""
    name = entry(specification, "/UF") or entry(specification, "/F")
    return str(name)[:200] if isinstance(name, generic.TextStringObject) else ""


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
