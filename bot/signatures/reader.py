"""pyHanko's strict reader, made to read what an object stream holds only once.

pyHanko's own goes through the table of a stream (ISO 32000-2 clause 7.5.7) anew for
every object in it. Office programs put thousands into one: minutes, of a long letter.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.misc import PdfStrictReadError
from pyhanko.pdf_utils.reader import PdfFileReader


@dataclass(frozen=True)
class _Held:
    """An object stream: where in `data` each object begins, and which number comes when."""

    data: io.BytesIO
    begins: Sequence[int]
    order: Mapping[int, int]


class Reader(PdfFileReader):
    """Raises, from the beginning, anything pyHanko raises on a file it cannot read."""

    def __init__(self, pdf: bytes) -> None:
        self._held: dict[int, _Held] = {}
        super().__init__(io.BytesIO(pdf), strict=True)

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> generic.PdfObject:
        if stmnum not in self._held:
            self._held[stmnum] = self._hold(generic.Reference(stmnum, 0, self).get_object())
        held = self._held[stmnum]
        if held.order.get(idnum) != idx:
            raise PdfStrictReadError(f"No object {idnum} at {idx} in stream {stmnum}")
        held.data.seek(held.begins[idx])
        found = generic.read_object(held.data, generic.Reference(idnum, 0, self))
        if isinstance(found, generic.StreamObject | generic.IndirectObject):
            raise PdfStrictReadError(f"Object {idnum} may not be in a stream")
        return found

    def _hold(self, stream: object) -> _Held:
        if not isinstance(stream, generic.StreamObject) or stream["/Type"] != "/ObjStm":
            raise PdfStrictReadError("Not an object stream")
        data, first = stream.read_data(DecodePurpose.OBJECT_STREAM), int(stream["/First"])
        table = data[:first].replace(b"\0", b" ").split()[: 2 * int(stream["/N"])]
        if len(table) < 2 * stream["/N"] or not all(map(bytes.isdigit, table)):
            raise PdfStrictReadError("Malformed table of an object stream")
        numbers, begins = map(int, table[::2]), [first + int(at) for at in table[1::2]]
        order: dict[int, int] = {}
        for at, number in enumerate(numbers):
            order.setdefault(number, at)
        return _Held(io.BytesIO(data), begins, order)
