"""Verdicts in the words of ETSI EN 319 102-1, and the file they stand for.

**Covered or unseen.** A `SignedFile` is made in this package only, and refuses
to exist with a value that no believed signature covers.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.inbox.mime import Survey
from bot.inbox.workbook import Workbook

FIELD_NAME = r"^[a-z0-9_]{1,64}$"  # as our forms name fields; no other name is ever repeated
CLOCK_GRACE = timedelta(seconds=60)  # what clocks may be apart and still agree


class Indication(StrEnum):
    """EN 319 102-1 clause 5.1.3, table 5."""

    TOTAL_PASSED = "TOTAL-PASSED"
    TOTAL_FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"


class SubIndication(StrEnum):
    """EN 319 102-1 clause 5.1.3, table 6: those that are used here."""

    # TOTAL-FAILED
    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    # INDETERMINATE
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    TRY_LATER = "TRY_LATER"
    GENERIC = "GENERIC"


class Answer(BaseModel):
    """What a child may say: closed, frozen, bytes in base64."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class Verdict(Answer):
    """`reasons` are stable codes such as `certificate.revoked`; none when passed."""

    indication: Indication
    sub_indication: SubIndication | None = None
    reasons: tuple[str, ...] = ()

    @classmethod
    def passed(cls) -> Self:
        return cls(indication=Indication.TOTAL_PASSED)

    @classmethod
    def failed(cls, why: SubIndication, reason: str) -> Self:
        return cls(indication=Indication.TOTAL_FAILED, sub_indication=why, reasons=(reason,))

    @classmethod
    def indeterminate(cls, why: SubIndication, reason: str) -> Self:
        return cls(indication=Indication.INDETERMINATE, sub_indication=why, reasons=(reason,))

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Self:
        if (self.indication is Indication.TOTAL_PASSED) is not (self.sub_indication is None):
            raise ValueError("a sub-indication says why a signature has not passed")
        return self


class Found(Answer):
    """A signature as it stands in the file; nothing is said of the signer yet.

    `covers` is the length in bytes of the signed revision, which begins with
    the file. `intact`: it covers that revision whole, and digest and signature
    are right under `certificate` (DER, None where there is none). `chain` are the
    other certificates it brings along: they may lead up to a trust anchor, and
    prove nothing. `signing_time` is the signer's claim, and proves nothing.
    `stamped_by` are the certificates of those whose intact time-stamps it carries.
    """

    field: str
    covers: int
    intact: bool
    certificate: bytes | None = None
    chain: tuple[bytes, ...] = ()
    signing_time: datetime | None = None
    stamped_by: tuple[bytes, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex; empty where there is none."""
        return hashlib.sha256(self.certificate).hexdigest() if self.certificate else ""


class Signature(Found):
    """A signature with its verdict.

    `proven_at`: by then it existed, says a time-stamp that has passed itself.
    """

    verdict: Verdict
    proven_at: datetime | None = None

    @property
    def passed(self) -> bool:
        return self.verdict.indication is Indication.TOTAL_PASSED

    @model_validator(mode="after")
    def _passes_only_intact(self) -> Self:
        if self.passed and not (self.intact and self.certificate):
            raise ValueError("a signature that is not intact never passes")
        return self


class MailFound(Found):
    """A signature of a mail (S/MIME, RFC 8551), one a SignerInfo.

    `field` says where it stands: "1" is the mail's root, "1.1" inside of it.
    `parts` are the leaves it covers, by `Part.index`; `covers` is the length of
    the signed content. `is_root`: nothing of the mail stands outside of it.
    """

    parts: tuple[int, ...] = ()
    is_root: bool = False


class MailSignature(MailFound, Signature):
    """Such a signature with its verdict."""


class MailInspection(Answer):
    """Pass 1 over a mail's own signatures. `faults` as in `SignedMail`."""

    faults: tuple[str, ...] = ()
    signatures: tuple[MailFound, ...] = ()


class Leaf(Answer):
    """A part of a mail, its transfer encoding undone."""

    content: bytes


class SurveyedMail(Answer):
    """What a mail is made of, and pass 1 over its own signatures."""

    survey: Survey
    inspection: MailInspection


class Inspection(Answer):
    """Pass 1: what a file holds. `faults` as in `SignedFile`.

    `hurries`: its fields are those of a revocation, or say that it is urgent. Nobody
    believed need have signed them: it is good for going first, and for nothing else.
    """

    sha256: str
    faults: tuple[str, ...] = ()
    signatures: tuple[Found, ...] = ()
    hurries: bool = False


class SignedFile(Answer):
    """Pass 2: a file with the verdict of every signature in it.

    `values` are the form's fields (NFC; empty fields and unticked boxes are
    empty strings), the same in every signed revision and in the file as it
    came. `divergent` has the names without such a value, as far as they stand
    under a signature that has passed and are named as ours are; any other is the
    fault `pdf.changed`, since names are text too, and anybody may add some.
    `text` is the text layer, page by page, and `workbooks` are the sheets embedded
    in it, of which the same is true.
    `faults` are codes of what is wrong with the file itself; a faulty file has
    no values, text or workbooks. `name` is what the sender called it: a label, covered by nothing.
    """

    name: str
    sha256: str
    faults: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    values: Mapping[str, str] = {}
    divergent: tuple[Annotated[str, Field(pattern=FIELD_NAME)], ...] = ()
    text: tuple[str, ...] = ()
    workbooks: tuple[Workbook, ...] = ()

    @classmethod
    def unread(cls, name: str, sha256: str, *faults: str) -> Self:
        """A file that could not be looked into, or is not there: it says nothing."""
        return cls(name=name, sha256=sha256, faults=faults)

    @property
    def passed(self) -> tuple[Signature, ...]:
        """The signatures that are believed: none where the file is at fault."""
        return () if self.faults else tuple(sig for sig in self.signatures if sig.passed)

    @property
    def intact(self) -> tuple[Signature, ...]:
        """The signatures that tell who sent the file, believed or not."""
        return tuple(signature for signature in self.signatures if signature.intact)

    @model_validator(mode="after")
    def _covered_or_unseen(self) -> Self:
        if (self.values or self.text or self.workbooks) and not self.passed:
            raise ValueError("no believed signature covers these values")
        if self.divergent and not any(signature.passed for signature in self.signatures):
            raise ValueError("no believed signature covers these names")
        if self.values.keys() & set(self.divergent):
            raise ValueError("a value that differs between revisions is none")
        return self


class SignedMail(Answer):
    """Pass 2: a mail with the verdict of every signature of its own, and the sheets they cover.

    `workbooks` are by the index of their part; each stands under a root signature
    that has passed. `said` is the mail's first text (text/plain, no attachment, at most
    200,000 characters), where all of those cover it. `faults` are codes of what is
    wrong with the mail as such (`mail.encrypted`); a faulty mail has neither.
    """

    faults: tuple[str, ...] = ()
    signatures: tuple[MailSignature, ...] = ()
    workbooks: Mapping[int, Workbook] = {}
    said: str = ""

    @property
    def passed(self) -> tuple[MailSignature, ...]:
        """The signatures over the whole mail that are believed."""
        if self.faults:
            return ()
        return tuple(one for one in self.signatures if one.passed and one.is_root)

    @model_validator(mode="after")
    def _covered_or_unseen(self) -> Self:
        covered = {part for signature in self.passed for part in signature.parts}
        if self.workbooks.keys() - covered:
            raise ValueError("no believed signature covers these workbooks")
        if self.said and not self.passed:
            raise ValueError("no believed signature covers this text")
        return self
