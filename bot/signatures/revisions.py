"""The revisions of a signed PDF: what each signature covers, and what came after.

A signature is believed over the file as it was when it was made, so that file
is cut out and read alone: `cut` gives the bytes up to the end of the ByteRange,
which must begin with the file and leave out nothing but the signature's own
value. No later cross-reference, object or second form can reach in there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    CatalogModificationRule,
    DiffPolicy,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from bot.signatures.hybrid import hybrids, is_ambiguous
from bot.signatures.objects import entry
from bot.signatures.reader import Reader

SIGNATURES_LIMIT = 8
REVISIONS_LIMIT = 32
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_WHITE_SPACE = b"\0\t\n\f\r "

_SIGNING_ONLY = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
        MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ],
    form_rule=FormUpdatingRule(
        [
            SigFieldCreationRule(allow_new_visible_after_certify=True),
            SigFieldModificationRule(),
        ]
    ),
)
"""pyHanko's default without the filling of fields: not even an appearance may change. A visible
signature may follow a certification that lets others sign: its look is never read."""


class Unfit(Exception):
    """The file is not taken apart; `fault` is the code that says why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True)
class Revision:
    """The file as one signature covers it: `signature` was read from these bytes alone."""

    covers: int
    reader: PdfFileReader
    signature: EmbeddedPdfSignature


def open_strictly(pdf: bytes) -> PdfFileReader:
    """Raises: Unfit, or anything pyHanko raises on a file it cannot read."""
    reader = Reader(pdf)
    if "/Encrypt" in reader.trailer:
        raise Unfit("pdf.encrypted")
    if reader.xrefs.total_revisions > REVISIONS_LIMIT:
        raise Unfit("pdf.too_complex")
    if is_ambiguous(reader):  # two tables of contents: which one was seen?
        raise Unfit("pdf.unreadable")
    return reader


def coverage(whole: PdfFileReader) -> Iterator[tuple[str, int]]:
    """Name and end of coverage of every signature, in the file's order; -1: not a clean range.

    Document timestamps are no signatures of anybody and are passed over.
    """
    for name, value in _signature_fields(whole):
        if entry(value, "/Type", "/Sig") != "/DocTimeStamp":
            yield name, _end(value)


def cut(pdf: bytes, covers: int) -> Revision | None:
    """The revision that ends at `covers`, or None: no signature covers exactly that.

    Raises: anything pyHanko raises.
    """
    if not 0 < covers <= len(pdf):
        return None
    reader = open_strictly(pdf[:covers])
    for name, value, field in enumerate_sig_fields(reader, filled_status=True):
        if _end(value.get_object()) == covers:
            signature = EmbeddedPdfSignature(reader, field, name)
            if _leaves_out_only_itself(pdf, signature):
                return Revision(covers, reader, signature)
    return None


def unlawful_changes(
    pdf: bytes, whole: PdfFileReader, revisions: Sequence[Revision], is_refilled: bool
) -> Iterator[str]:
    """Faults in what was added after signing.

    Between signatures only signatures may be added, and behind one that certifies
    that nothing changes (12.8.2.2, DocMDP 1) none; behind the last one only
    what keeps a signature provable (ISO 32000-2 clause 12.8.4.3, document
    security store) and white space. Where `is_refilled`, values were changed as
    fields are filled: their names say it better than a fault.
    """
    if not revisions:
        return
    last = max(revisions, key=lambda one: one.covers)
    policies = (_SIGNING_ONLY, DEFAULT_DIFF_POLICY) if is_refilled else (_SIGNING_ONLY,)
    if any(_is_final(one) for one in revisions if one is not last) or not any(
        all(_permitted(policy, whole, one, None) for one in revisions) for policy in policies
    ):
        yield "pdf.changed"
    if pdf[last.covers :].strip(_WHITE_SPACE) and (
        _number(last) + 1 == whole.xrefs.total_revisions
        or not _permitted(_SIGNING_ONLY, whole, last, ModificationLevel.LTA_UPDATES)
    ):
        yield "pdf.uncovered"


def _is_final(one: Revision) -> bool:
    return one.signature.docmdp_level is MDPPerm.NO_CHANGES


def _permitted(
    policy: DiffPolicy, whole: PdfFileReader, since: Revision, most: ModificationLevel | None
) -> bool:
    number = _number(since)
    if whole.xrefs.get_startxref_for_revision(number) != since.reader.last_startxref:
        return False  # the whole file does not go back to this revision
    if any(later > number for later in hybrids(whole)):
        return False  # programs differ in what was added
    result = policy.review_file(
        whole,
        number,
        field_mdp_spec=since.signature.fieldmdp,
        doc_mdp=since.signature.docmdp_level,
    )
    if isinstance(result, SuspiciousModification):
        return False
    return most is None or result.modification_level <= most


def _number(revision: Revision) -> int:
    """Which of the whole file's revisions this is, counted from 0."""
    total: int = revision.reader.xrefs.total_revisions
    return total - 1


def _signature_fields(
    reader: PdfFileReader,
) -> list[tuple[str, generic.DictionaryObject]]:
    fields = enumerate_sig_fields(reader, filled_status=True)
    found = [
        (str(name), value.get_object()) for name, value, _ in islice(fields, SIGNATURES_LIMIT + 1)
    ]
    if len(found) > SIGNATURES_LIMIT:
        raise Unfit("pdf.too_complex")
    return found


def _end(signature: generic.DictionaryObject) -> int:
    """Where coverage ends, -1 when the ByteRange is not `[0 a b c]` (ISO 32000-2 12.8.1)."""
    match entry(signature, "/ByteRange"):
        case [0, int(before), int(after), int(length)] if 0 < before < after and length > 0:
            return after + length
    return -1


def _leaves_out_only_itself(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether the gap in the ByteRange is the signature's value in hex, and nothing else."""
    _, before, after, _ = signature.byte_range
    gap = pdf[before:after]
    digits = gap[1:-1]
    return (
        gap[:1] == b"<"
        and gap[-1:] == b">"
        and not digits.strip(_HEX_DIGITS)
        and len(digits) % 2 == 0
        and bytes.fromhex(digits.decode()) == signature.pkcs7_content
    )
