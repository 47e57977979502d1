"""Files with two kinds of cross-references (hybrid-reference files, ISO 32000-2 clause 7.5.8.4).

Word writes every tagged document so: a table for all programs, and beside it a stream for
those that know streams, which finds the structure of the text as well. That does no harm as
long as nothing can be found in two places.
"""

from collections.abc import Mapping

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionData

_HIDDEN = {0, 65535}  # the generations of an entry that stays free for ever


def hybrids(reader: PdfFileReader) -> tuple[int, ...]:
    """The revisions, counted from 0, that have both a table and a stream."""
    every = range(reader.xrefs.total_revisions)
    return tuple(number for number in every if reader.xrefs.get_xref_data(number).hybrid)


def is_ambiguous(reader: PdfFileReader) -> bool:
    """Whether what a stream finds stands elsewhere, or can no more be found, by the tables."""
    tables: list[XRefSectionData] = []
    for number in range(reader.xrefs.total_revisions):
        table = reader.xrefs.get_xref_data(number)
        tables.append(table)
        if table.hybrid and not all(_agree(table.hybrid.xref_data, one) for one in tables):
            return True
    return False


def _agree(stream: XRefSectionData, table: XRefSectionData) -> bool:
    found, known = _places(stream), _places(table)
    is_same = all(found.get(number, place) == place for number, place in known.items())
    freed = (table.freed[number] for number in table.freed.keys() & found.keys())
    return is_same and not stream.freed.keys() & known.keys() and _HIDDEN.issuperset(freed)


def _places(section: XRefSectionData) -> Mapping[int, object]:
    """Where each object stands, by its number."""
    return {**section.standard_xrefs, **section.xrefs_in_objstm}
