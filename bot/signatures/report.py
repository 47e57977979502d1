"""The verdict on a whole file, mail or PDF, in the words of EN 319 102-1. Pure.

A signature's verdict is its own. The file's adds two questions: does a passed
signature cover everything that would be read as data, and, for a mail, is its
one From an address of the signer's certificate? Nobody's register is asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from bot.inbox import entity
from bot.inbox.mime import Kind, Part, Survey
from bot.signatures.identity import addresses, subject
from bot.signatures.verdict import (
    Indication,
    Signature,
    SignedFile,
    SignedMail,
    SubIndication,
    Verdict,
)

DATA = {Kind.PDF, Kind.XLSX, Kind.XLS, Kind.ODS}
"""What would be read as data: letters, and sheets of rows."""

UNOPENED = {Kind.ZIP, Kind.RAR, Kind.ENCRYPTED}
"""In which data may lie that nobody reads."""

UNREAD = {"pdf.text_unread", "pdf.hidden_text", "pdf.annotated"}
"""Faults that keep a letter from being read by machine, and touch nothing that is signed."""

BLINDING = {
    *("pdf.encrypted", "pdf.too_complex", "pdf.unreadable"),
    *("mail.encrypted", "mail.too_complex", "mail.unreadable"),
}
"""Faults behind which there may be a signature that nobody sees; so are those of the sandbox."""

_GRAVEST_FIRST = (Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED)
_LONGEST = 300  # characters of a name that are shown


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SignatureReport(_Said):
    """One signature, by itself. `covers`: "mail", "part 1.2", "letter.pdf, revision 1 of 2".

    `signer` is the subject of its certificate (RFC 4514), `signing_time` what the
    signer claims, `proven_at` what a time-stamp proves.
    """

    covers: str
    signer: str | None = None
    signing_time: datetime | None = None
    proven_at: datetime | None = None
    verdict: Indication
    sub_indication: SubIndication | None = None
    reasons: tuple[str, ...] = ()


class FileReport(_Said):
    """One file. `covered`: a signature that has passed covers it, whole."""

    name: str
    kind: Kind
    sha256: str
    size: int
    covered: bool
    faults: tuple[str, ...] = ()


class Report(_Said):
    """Everything that is said of a file; the JSON of `bot verify`, key by key.

    `automatic`: a machine wrote the mail. `revocation_checked` is False where the
    status of certificates was not asked for: the verdict is of the rest.
    """

    verdict: Indication
    sub_indication: SubIndication | None = None
    reasons: tuple[str, ...] = ()
    signatures: tuple[SignatureReport, ...] = ()
    files: tuple[FileReport, ...] = ()
    automatic: bool = False
    revocation_checked: bool = True

    def judged_by(self, *, anchors: bool, revocation: bool) -> Self:
        """The same, saying what it was judged without: trust anchors, the status of anybody."""
        reasons = self.reasons if anchors else (*self.reasons, "trust.empty")
        return self.model_copy(update={"reasons": reasons, "revocation_checked": revocation})


def on_nothing(reason: str) -> Report:
    """Where there is nothing to judge: a file that cannot be read, or was not in time."""
    return _report((), (), [_generic(reason)])


def on_pdf(file: SignedFile, size: int) -> Report:
    """The verdict on a PDF that is no part of a mail."""
    seen = FileReport(
        name=_shown(file.name),
        kind=Kind.PDF,
        sha256=file.sha256,
        size=size,
        covered=_has_passed(file),
        faults=_faults(file),
    )
    codes = [*_grave(seen.faults), *_unsigned(file.signatures, seen.faults)]
    return _report(tuple(_in_file(file, file.name)), (seen,), [*map(_generic, codes)])


def on_mail(survey: Survey, mail: SignedMail, letters: Mapping[int, SignedFile]) -> Report:
    """The verdict on a mail; `letters` are its PDF files by the index of their part."""
    files = tuple(_file(part, mail, letters.get(part.index)) for part in survey.parts)
    signatures = (
        *(
            _described(one, "mail" if one.is_root else f"part {one.field}")
            for one in mail.signatures
        ),
        *(
            described
            for index, file in letters.items()
            for described in _in_file(file, file.name or f"part {index}")
        ),
    )
    faults = [*mail.faults, *(code for file in files for code in file.faults)]
    codes = [
        *_grave(faults),
        *(["mail.truncated"] if survey.truncated else []),
        *(f"attachment.{file.kind}" for file in files if file.kind in UNOPENED),
        *_unsigned(signatures, faults),
        *_uncovered(mail, files, signatures),
    ]
    lacking = [*map(_generic, codes), *_identity(survey.senders, mail, letters.values())]
    return _report(signatures, files, lacking, automatic=bool(survey.automatic))


def _report(
    signatures: tuple[SignatureReport, ...],
    files: tuple[FileReport, ...],
    lacking: Sequence[Verdict],
    *,
    automatic: bool = False,
) -> Report:
    """The worst of what is said of the signatures and of what is lacking, with all reasons."""
    judged = [
        *(
            Verdict(indication=one.verdict, sub_indication=one.sub_indication, reasons=one.reasons)
            for one in signatures
        ),
        *lacking,
    ]
    worst = min(judged, key=lambda verdict: _GRAVEST_FIRST.index(verdict.indication))
    return Report(
        verdict=worst.indication,
        sub_indication=worst.sub_indication,
        reasons=tuple(dict.fromkeys(code for verdict in judged for code in verdict.reasons)),
        signatures=signatures,
        files=files,
        automatic=automatic,
    )


def _generic(code: str) -> Verdict:
    return Verdict.indeterminate(SubIndication.GENERIC, code)


# Files, and what covers them


def _file(part: Part, mail: SignedMail, letter: SignedFile | None) -> FileReport:
    sheet = mail.workbooks.get(part.index)
    under_root = any(part.index in signature.parts for signature in mail.passed)
    return FileReport(
        name=_shown(part.filename),
        kind=part.kind,
        sha256=part.sha256,
        size=part.size,
        covered=under_root or bool(letter and _has_passed(letter)),
        faults=(_faults(letter) if letter else ()) + (sheet.faults if sheet else ()),
    )


def _faults(file: SignedFile) -> tuple[str, ...]:
    """What is wrong with it, with the sheets in it, and values that its signatures do not share."""
    return (
        *file.faults,
        *(["pdf.divergent"] if file.divergent else []),
        *(code for workbook in file.workbooks for code in workbook.faults),
    )


def _grave(faults: Iterable[str]) -> list[str]:
    return [code for code in faults if code not in UNREAD]


def _has_passed(file: SignedFile) -> bool:
    return not _grave(file.faults) and any(one.passed for one in file.signatures)


def _unsigned(signatures: Sequence[object], faults: Iterable[str]) -> Iterator[str]:
    """Whether nobody signed anything, as far as could be seen."""
    is_blind = any(code in BLINDING or code.startswith("sandbox.") for code in faults)
    if not signatures and not is_blind:
        yield "signature.none"


def _uncovered(
    mail: SignedMail, files: Iterable[FileReport], signatures: Sequence[object]
) -> Iterator[str]:
    """Where something is signed and something else is not, which nothing tells the reader."""
    if signatures and any(file.kind in DATA and not file.covered for file in files):
        yield "file.uncovered"
    if mail.signatures and not any(one.is_root for one in mail.signatures):
        yield "mail.partly_signed"


# Signatures, and whose they are


def _in_file(file: SignedFile, name: str) -> Iterator[SignatureReport]:
    revisions = sorted({one.covers for one in file.signatures if one.covers})
    for one in file.signatures:
        number = revisions.index(one.covers) + 1 if one.covers else 0
        revision = f", revision {number} of {len(revisions)}" if number else ""
        yield _described(one, name + revision)


def _described(signature: Signature, covers: str) -> SignatureReport:
    signer = subject(signature.certificate)
    return SignatureReport(
        covers=_shown(covers),
        signer=None if signer is None else _shown(signer),
        signing_time=signature.signing_time,
        proven_at=signature.proven_at,
        verdict=signature.verdict.indication,
        sub_indication=signature.verdict.sub_indication,
        reasons=signature.verdict.reasons,
    )


def _identity(
    senders: Sequence[str], mail: SignedMail, letters: Iterable[SignedFile]
) -> Iterator[Verdict]:
    """Whether the mail's one From is an address of who signed it.

    The signers are those of the outermost layer, who sent it; where the mail has
    none, those of each letter in it.
    """
    own: list[Signature] = [
        one for one in mail.signatures if one.is_root and one.field == entity.ROOT
    ]
    groups = [own] if own else [list(one.signatures) for one in letters if one.signatures]
    is_one = len(senders) == 1 and bool(senders[0])
    if groups and not is_one:
        yield _constraint("from.not_one_address")
    for signers in groups:
        named = {address for one in signers for address in addresses(one.certificate)}
        if not named:
            yield _generic("certificate.no_address")
        elif is_one and senders[0] not in named:
            yield _constraint("from.not_in_certificate")


def _constraint(code: str) -> Verdict:
    return Verdict.indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE, code)


def _shown(text: str) -> str:
    """What strangers wrote, on one line, of bounded length, with nothing that a terminal obeys."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text[:_LONGEST])
