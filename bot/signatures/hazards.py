"""What a file brings along that no letter needs.

Found by looking at every object that the file's cross-references name,
reachable or not: a file that can change what it shows, or that runs, is not
read as a letter, whoever signed it.
"""

from collections.abc import Iterator

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bot.signatures.objects import entry
from bot.signatures.revisions import Unfit

OBJECTS_LIMIT = 20_000
_NODES_LIMIT = 2_000_000
_ACTIVE_KEYS = {"/JS", "/JavaScript", "/AA"}
_ACTIVE_TYPES = {
    "/JavaScript",
    "/Launch",
    "/ImportData",
    "/SubmitForm",
    "/ResetForm",
    "/Hide",
    "/SetOCGState",
    "/Rendition",
    "/RichMediaExecute",
    "/RichMedia",
    "/GoToE",
}
_EXECUTABLE = (
    *(".exe", ".com", ".bat", ".cmd", ".scr", ".msi", ".js", ".jse", ".vbs", ".vbe", ".wsf"),
    *(".ps1", ".hta", ".lnk", ".jar", ".dll", ".cpl", ".sh", ".apk", ".xlsm", ".docm"),
)


def find(reader: PdfFileReader) -> tuple[str, ...]:
    """The fault codes `pdf.xfa` and `pdf.active`, where they apply.

    Raises:
        Unfit: pdf.too_complex.
    """
    faults = set()
    for dictionary in _dictionaries(reader):
        if "/XFA" in dictionary:
            faults.add("pdf.xfa")
        if _is_active(dictionary):
            faults.add("pdf.active")
    return tuple(sorted(faults))


def _is_active(dictionary: generic.DictionaryObject) -> bool:
    if not _ACTIVE_KEYS.isdisjoint(dictionary):
        return True
    kinds = (entry(dictionary, "/S"), entry(dictionary, "/Subtype"))
    if any(isinstance(kind, generic.NameObject) and kind in _ACTIVE_TYPES for kind in kinds):
        return True
    names = (entry(dictionary, "/F"), entry(dictionary, "/UF")) if "/EF" in dictionary else ()
    return any(str(name).casefold().rstrip(". ").endswith(_EXECUTABLE) for name in names)


def _dictionaries(reader: PdfFileReader) -> Iterator[generic.DictionaryObject]:
    references = set(_in_use(reader))
    if len(references) > OBJECTS_LIMIT:
        raise Unfit("pdf.too_complex")
    waiting: list[object] = [reader.get_object(reference) for reference in references]
    waiting.append(reader.trailer.flatten())
    for _ in range(_NODES_LIMIT):
        if not waiting:
            return
        match waiting.pop():
            case generic.DictionaryObject() as dictionary:
                yield dictionary
                waiting += (dictionary.raw_get(key) for key in dictionary)
            case generic.ArrayObject() as array:
                waiting += (array.raw_get(at) for at in range(len(array)))
    raise Unfit("pdf.too_complex")


def _in_use(reader: PdfFileReader) -> Iterator[generic.Reference]:
    """Every object that some cross-reference finds."""
    for revision in range(reader.xrefs.total_revisions):
        section = reader.xrefs.get_xref_data(revision)
        for found in (section, section.hybrid.xref_data) if section.hybrid else (section,):
            for number, (generation, _) in found.standard_xrefs.items():
                yield generic.Reference(number, generation, pdf=reader)
            for number in found.xrefs_in_objstm:
                yield generic.Reference(number, pdf=reader)
