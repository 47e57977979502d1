"""Signed PDF files, in two passes (docs/signatures.md). Runs in the sandbox; never fetches.

`inspect` says what is signed and by which certificates, so that the parent can
fetch revocation data for those it may trust; `judge` then decides offline. Each
signed revision is read from its own bytes alone: the file is cut where the
signature's coverage ends, and nothing behind that exists for it.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cryptography.hazmat.backends.openssl import backend
from dateutil import parser
from pyhanko.pdf_utils import crypt, filters
from pyhanko.pdf_utils.crypt import pdfmac
from pyhanko.pdf_utils.metadata import xmp_xml
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import validation

from bot.inbox import mime
from bot.inbox.workbook import Workbook
from bot.signatures import hazards, revisions
from bot.signatures.attachments import read_workbooks
from bot.signatures.cms import DATA, FORMAT, Claim, claims
from bot.signatures.fields import Fields, read_fields
from bot.signatures.objects import entry
from bot.signatures.revisions import Revision
from bot.signatures.signer import Grounds, Purpose
from bot.signatures.status import Statuses
from bot.signatures.text import read_texts
from bot.signatures.timestamp import brought, judge_timed
from bot.signatures.trust import LAWFUL, Policy, TrustStore
from bot.signatures.verdict import (
    FIELD_NAME,
    Found,
    Inspection,
    Signature,
    SignedFile,
    SubIndication,
    Verdict,
)

# pyHanko and cryptography import these when they need them (the backend for every ECDSA
# signature), and a child of the sandbox can open no file.
_LAZY = (crypt, filters, pdfmac, xmp_xml, validation, backend, parser)

SUB_FILTERS = {"/ETSI.CAdES.detached", "/adbe.pkcs7.detached"}

_UNCOVERED = Verdict.indeterminate(SubIndication.GENERIC, "signature.coverage")
_UNREADABLE = Verdict.indeterminate(SubIndication.GENERIC, "signature.unreadable")


def inspect_part(raw: bytes, index: int | None) -> Inspection:
    """Pass 1 on a part of a mail; `raw` is the file itself where `index` is None."""
    return inspect(_file(raw, index))


def judge_part(
    raw: bytes,
    index: int | None,
    name: str,
    trusted: tuple[Sequence[bytes], Sequence[bytes]],
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    moment: datetime,
    policy: Policy = LAWFUL,
) -> SignedFile:
    """Pass 2, as `inspect_part`; `trusted` is `TrustStore.to_der()`."""
    trust = TrustStore.from_der(*trusted)
    return judge(_file(raw, index), name, trust, crls, ocsps, moment, policy)


def _file(raw: bytes, index: int | None) -> bytes:
    return raw if index is None else mime.part(raw, index)


def inspect(pdf: bytes) -> Inspection:
    """Every signature in `pdf`, and what is wrong with the file itself."""
    document = _read(pdf)
    return Inspection(
        sha256=hashlib.sha256(pdf).hexdigest(),
        faults=document.faults,
        signatures=tuple(claim.found for claim in document.claims),
        hurries=_hurries(document.values),
    )


def _hurries(values: Mapping[str, str]) -> bool:
    """Whether it looks like form 05, or bears one of the degrees of urgency."""
    return values.get("form", "").startswith("05/") or bool(values.get("letter_urgency"))


def judge(
    pdf: bytes,
    name: str,
    trust: TrustStore,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    moment: datetime,
    policy: Policy = LAWFUL,
) -> SignedFile:
    """The file with the verdict of every signature as of `moment`, its receipt."""
    document = _read(pdf)
    grounds = Grounds(trust, Statuses(crls, ocsps), policy)
    signatures = tuple(_judged(claim, grounds, moment) for claim in document.claims)
    passed = [
        claim.revision
        for claim, signature in zip(document.claims, signatures, strict=True)
        if claim.revision and signature.passed
    ]
    told = _told(document, passed)
    faults = document.faults
    if passed and len(told) < len(document.divergent) and "pdf.changed" not in faults:
        faults += ("pdf.changed",)
    text: tuple[str, ...] = ()
    workbooks: tuple[Workbook, ...] = ()
    if passed and not faults and not document.is_form:
        text, faults = _lettering(document, pdf)
    if passed and not faults:
        workbooks, faults = _enclosed(document, pdf)
    return SignedFile(
        name=name,
        sha256=hashlib.sha256(pdf).hexdigest(),
        faults=faults,
        signatures=signatures,
        values=document.values if passed and not faults else {},
        divergent=told,
        text=() if faults else text,
        workbooks=workbooks,
    )


@dataclass(frozen=True)
class _Claim:
    """A signature in the file; `wrong` says why there is no more to judge."""

    found: Found
    wrong: Verdict = _UNREADABLE
    revision: Revision | None = None
    signature: Claim | None = None


@dataclass(frozen=True)
class _Document:
    """A file taken apart. `values` is what every intact revision and the whole file agree on.

    `divergent`: names without such a value, as anybody may have written them.
    `whole` is the file as it came; None where it could not be read.
    """

    faults: tuple[str, ...] = ()
    claims: tuple[_Claim, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    divergent: tuple[str, ...] = ()
    whole: PdfFileReader | None = None

    @property
    def is_form(self) -> bool:
        """Whether it speaks by fields, and not by its pages."""
        return bool(self.values or self.divergent)


def _told(document: _Document, passed: Sequence[Revision]) -> tuple[str, ...]:
    """The divergent names that may be said: ours in form, and somebody believed signed them."""
    if not document.divergent:
        return ()
    signed = {name for revision in passed for name in read_fields(revision.reader).named}
    return tuple(
        name for name in document.divergent if name in signed and re.fullmatch(FIELD_NAME, name)
    )


def _lettering(document: _Document, pdf: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The text that every intact revision and the whole file show alike; or the fault."""
    try:
        read = read_texts(_readers(document, pdf))
    except MemoryError:
        raise
    except revisions.Unfit as unfit:
        return (), (unfit.fault,)
    except Exception:  # pdfminer may raise anything: nothing is known of the text, good or bad
        return (), ("pdf.text_unread",)
    return (read.pop(), ()) if len(read) == 1 else ((), ("pdf.changed",))


def _enclosed(document: _Document, pdf: bytes) -> tuple[tuple[Workbook, ...], tuple[str, ...]]:
    """The sheets that every intact revision and the whole file hold alike; or the fault."""
    try:
        return read_workbooks(_readers(document, pdf)), ()
    except MemoryError:
        raise
    except revisions.Unfit as unfit:
        return (), (unfit.fault,)
    except Exception:  # pyHanko may raise anything
        return (), ("pdf.unreadable",)


def _readers(document: _Document, pdf: bytes) -> list[PdfFileReader]:
    """Every intact revision, and the whole file where it goes on behind them."""
    intact = [claim.revision for claim in document.claims if claim.revision]
    readers = [one.reader for one in intact]
    if document.whole and all(one.covers < len(pdf) for one in intact):
        readers.append(document.whole)
    return readers


def _judged(claim: _Claim, grounds: Grounds, moment: datetime) -> Signature:
    if claim.signature is None:
        return Signature(**dict(claim.found), verdict=claim.wrong)
    verdict, proven_at = judge_timed(claim.signature, Purpose.FILE, grounds, moment)
    return Signature(**dict(claim.found), verdict=verdict, proven_at=proven_at)


def _read(pdf: bytes) -> _Document:
    claims: tuple[_Claim, ...] = ()
    try:
        whole = revisions.open_strictly(pdf)
        claims = tuple(_claim(pdf, name, covers) for name, covers in revisions.coverage(whole))
        intact = [claim.revision for claim in claims if claim.revision]
        forms = [read_fields(reader) for reader in (*(one.reader for one in intact), whole)]
        values, divergent = _agreed(forms)
        faults = (
            *hazards.find(whole),
            *revisions.unlawful_changes(pdf, whole, intact, _is_refilled(forms)),
        )
    except MemoryError:
        raise
    except revisions.Unfit as unfit:
        return _Document(faults=(unfit.fault,), claims=claims)
    except Exception:  # pyHanko may raise anything: what cannot be read is not believed
        return _Document(faults=("pdf.unreadable",), claims=claims)
    return _Document(faults, claims, values, divergent, whole)


def _claim(pdf: bytes, name: str, covers: int) -> _Claim:
    """Read one signature from the bytes it covers, and nothing behind them."""
    unread = Found(field=name, covers=0, intact=False)
    try:
        revision = revisions.cut(pdf, covers)
        if revision is None:
            return _Claim(unread, _UNCOVERED)
        signature = _signature(pdf, revision)
        found = Found(
            field=name,
            covers=covers,
            intact=signature.wrong is None,
            certificate=signature.certificate,
            signing_time=signature.signing_time or _claimed_time(revision),
            **brought(signature),
        )
    except MemoryError:
        raise
    except Exception:  # pyHanko may raise anything
        return _Claim(unread, _UNREADABLE)
    revised = None if signature.wrong else revision
    return _Claim(found, revision=revised, signature=signature)


def _signature(pdf: bytes, revision: Revision) -> Claim:
    """The one signer's claim; a CMS that holds several is none of PDF's (ISO 32000-2 12.8.3.3)."""
    _, before, after, length = revision.signature.byte_range
    content = pdf[:before] + pdf[after : after + length]
    signed = revision.signature.signed_data
    (claim,) = claims(signed, [content], DATA, unattributed=False)
    if entry(revision.signature.sig_object, "/SubFilter") not in SUB_FILTERS:
        return replace(claim, wrong=FORMAT)
    return claim


def _claimed_time(revision: Revision) -> datetime | None:
    """What the file claims (`/M`), in UTC: with PAdES the time is there, and not in the CMS."""
    try:
        claimed = revision.signature.self_reported_timestamp
        return claimed.astimezone(UTC) if claimed and claimed.tzinfo else None
    except MemoryError:
        raise
    except Exception:  # a claim that cannot be read is no claim
        return None


def _agreed(forms: Sequence[Fields]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Values that all revisions give alike, and the names whose values differ."""
    names = sorted({name for form in forms for name in form.named})
    values = {}
    for name in names:
        said = {form.value(name) for form in forms}
        if len(said) == 1 and (value := said.pop()) is not None:
            values[name] = value
    return values, tuple(name for name in names if name not in values)


def _is_refilled(forms: Sequence[Fields]) -> bool:
    """Whether some revision says other than the last, seen or not."""
    said = [{name: field.said for name, field in form.named.items()} for form in forms]
    return any(one != said[-1] for one in said)
