"""pyHanko's objects as pdfminer's: one parser reads the file, the other only draws its pages.

Two parsers may see two files in the same bytes. What pdfminer draws here are
the very objects of the revision that the signature was checked over.
"""

from decimal import Decimal
from typing import Any, cast

from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdftypes import PDFObjRef, PDFStream
from pdfminer.psparser import LIT
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

_DEPTH_LIMIT = 32
_GENERATIONS = 1 << 16  # ISO 32000-2 clause 7.5.4: at most 65,535


class Untranslatable(Exception):
    """No object of a drawn page looks like this."""


class Stream(PDFStream):
    """A stream whose bytes are decoded by pyHanko, and only when somebody asks for them."""

    def __init__(self, attributes: dict[str, Any], source: generic.StreamObject) -> None:
        super().__init__(attributes, b"")
        self._source = source

    def get_data(self) -> bytes:
        # some programs name a filter for a stream that is empty
        return bytes(self._source.data) if self._source.encoded_data else b""


class Document:
    """What pdfminer takes for a document: it asks for objects by number."""

    def __init__(self, reader: PdfFileReader) -> None:
        self._reader = reader
        self._read: dict[int, Any] = {}

    def getobj(self, number: int) -> Any:
        """The object that `translate` gave that number; the same one each time.

        Raises: Untranslatable, or anything pyHanko raises.
        """
        if number not in self._read:
            reference = generic.Reference(*divmod(number, _GENERATIONS), pdf=self._reader)
            found = self._reader.get_object(reference)
            if isinstance(found, generic.IndirectObject):  # 7.3.10: it might go round for ever
                raise Untranslatable
            translated = self.translate(found)
            if isinstance(translated, Stream):
                translated.set_objid(number, reference.generation)
            self._read[number] = translated
        return self._read[number]

    def translate(self, value: object, depth: int = 0) -> Any:
        """`value` as pdfminer would have read it.

        Raises:
            Untranslatable: it is nested too deeply, or of no kind that a file can hold.
        """
        if depth > _DEPTH_LIMIT:
            raise Untranslatable
        match value:
            case generic.IndirectObject():
                number = value.idnum * _GENERATIONS + value.generation
                return PDFObjRef(cast("PDFDocument", self), number)  # it asks for `getobj` alone
            case generic.StreamObject():
                return Stream(self._entries(value, depth), value)
            case generic.DictionaryObject():
                return self._entries(value, depth)
            case generic.ArrayObject():
                return [self.translate(value.raw_get(at), depth + 1) for at in range(len(value))]
        return _simple(value)

    def _entries(self, dictionary: generic.DictionaryObject, depth: int) -> dict[str, Any]:
        return {key[1:]: self.translate(dictionary.raw_get(key), depth + 1) for key in dictionary}


def _simple(value: object) -> Any:
    match value:
        case generic.NameObject():
            return LIT(value[1:])
        case generic.TextStringObject() | generic.ByteStringObject():
            return bytes(value.original_bytes)
        case generic.BooleanObject():
            return bool(value)
        case generic.NullObject() | None:
            return None
        case int():
            return int(value)
        case Decimal():
            return float(value)
    raise Untranslatable
