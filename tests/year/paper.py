"""Mails on paper: what they are said to be is what they are.

A year has too many letters to sign and verify each; how signatures are judged
is tried elsewhere. Everything behind the examiner is the real bot.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import count
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bot.ca import ceremony
from bot.inbox.mime import Kind, Part, Survey
from bot.signatures.examine import Examiner, Judgement, MailJudgement
from bot.signatures.verdict import (
    Found,
    Inspection,
    MailFound,
    MailInspection,
    MailSignature,
    Signature,
    SignedFile,
    SignedMail,
    Verdict,
)

LATE = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Written:
    """A mail: who sends it, the form in it, who has signed that, and who has signed the mail."""

    sender: str
    values: Mapping[str, str] = field(default_factory=dict)
    signers: Sequence[str] = ()
    sealed_by: str = ""
    said: str = ""

    written: int = field(default_factory=count().__next__)  # no two mails are the same

    def bytes(self) -> bytes:
        return json.dumps(self.__dict__, sort_keys=True).encode()

    @property
    def letters(self) -> tuple[Part, ...]:
        if not self.values:
            return ()
        digest = sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()
        return (
            Part(
                index=0, filename="1.pdf", declared="application/pdf", kind=Kind.PDF, size=1,
                sha256=digest,
            ),
        )  # fmt: skip


@cache
def certificate(signer: str) -> bytes:
    """One of their own, whatever it may be for."""
    name = ceremony.authority_name("Cơ quan", signer)
    key = ec.generate_private_key(ec.SECP256R1())
    made = ceremony.make_root(
        name, key, not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=LATE
    )
    return made.public_bytes(Encoding.DER)


def fingerprint(signer: str) -> str:
    """SHA-256 of it, in hex."""
    return sha256(certificate(signer)).hexdigest()


class Reader(Examiner):
    """Believes what is written."""

    def __init__(self) -> None:
        """It has no sandbox, and asks nobody."""

    async def survey(self, raw: bytes) -> Survey:
        mail = _read(raw)
        return Survey(
            senders=(mail.sender,), message_id=f"<{sha256(raw).hexdigest()[:16]}@year.example>",
            parts=mail.letters, is_signed=bool(mail.sealed_by),
        )  # fmt: skip

    async def inspect(self, raw: bytes, part: Part) -> Inspection:
        signatures = tuple(Found(**_signed(one)) for one in _read(raw).signers)
        return Inspection(sha256=part.sha256, signatures=signatures)

    async def judge(self, raw: bytes, part: Part, moment: datetime, now: datetime) -> Judgement:
        mail = _read(raw)
        signatures = tuple(
            Signature(**_signed(one), signing_time=moment, verdict=Verdict.passed())
            for one in mail.signers
        )
        return Judgement(
            SignedFile(
                name=part.filename, sha256=part.sha256, signatures=signatures, values=mail.values
            )
        )

    async def inspect_mail(self, raw: bytes, survey: Survey) -> MailInspection:
        mail = _read(raw)
        if not mail.sealed_by:
            return MailInspection()
        return MailInspection(signatures=(MailFound(**_signed(mail.sealed_by), is_root=True),))

    async def judge_mail(
        self, raw: bytes, survey: Survey, moment: datetime, now: datetime
    ) -> MailJudgement:
        mail = _read(raw)
        if not mail.sealed_by:
            return MailJudgement(SignedMail())
        signature = MailSignature(
            **_signed(mail.sealed_by), is_root=True, signing_time=moment, verdict=Verdict.passed()
        )
        return MailJudgement(SignedMail(signatures=(signature,), said=mail.said))


def _read(raw: bytes) -> Written:
    return Written(**json.loads(raw))


def _signed(signer: str) -> dict[str, Any]:
    return {"field": "1", "covers": 1, "intact": True, "certificate": certificate(signer)}
