"""The room's one door, in the parent: from a mail's bytes to files that are believed or not.

The parent never parses a part: the child gets the whole mail and an index.
Between the two passes it fetches revocation data, but only for intact
signatures whose certificates chain to the trust store, which it checks itself.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from bot.inbox import mime
from bot.sandbox import Sandbox, Unchecked
from bot.signatures import pdf
from bot.signatures.revocation import RevocationData, RevocationSource
from bot.signatures.trust import Policy, TrustStore
from bot.signatures.verdict import (
    Inspection,
    MailInspection,
    SignedFile,
    SignedMail,
    SubIndication,
)

PRELOAD = (mime.__name__, pdf.__name__)
"""What the sandbox must have loaded."""


@dataclass(frozen=True)
class Judgement:
    """A file judged as of its receipt.

    `evidence` holds the OCSP answers and CRLs (DER) the verdicts rest on.
    `retry`: something could not be had or checked now; the same question may
    have another answer later.
    """

    file: SignedFile
    evidence: tuple[bytes, ...] = ()
    retry: bool = False


@dataclass(frozen=True)
class MailJudgement:
    """A mail's own signatures judged as of its receipt; the rest as in `Judgement`."""

    mail: SignedMail
    evidence: tuple[bytes, ...] = ()
    retry: bool = False


class Examiner:
    """Asks the sandbox, fetches what it needs, and asks again."""

    def __init__(
        self,
        sandbox: Sandbox,
        trust: TrustStore,
        source: RevocationSource,
        policy: Policy = Policy(),
    ) -> None:
        self._sandbox = sandbox
        self._trust = trust
        self._source = source
        self._policy = policy

    async def survey(self, raw: bytes) -> mime.Survey:
        """Look over a mail.

        Raises:
            Unchecked: the child gave no answer.
        """
        return await self._sandbox.call(mime.survey, raw, answer=mime.Survey)

    async def inspect(self, raw: bytes, part: mime.Part) -> Inspection:
        """Pass 1. A file that kills its child has that as its fault, `sandbox.…`."""
        try:
            return await self._sandbox.call(pdf.inspect_part, raw, part.index, answer=Inspection)
        except Unchecked as unchecked:
            return Inspection(sha256=part.sha256, faults=(unchecked.code,))

    async def judge(
        self, raw: bytes, part: mime.Part, moment: datetime, now: datetime
    ) -> Judgement:
        """Both passes: the verdicts as of `moment` (receipt), with what can be fetched at `now`."""
        return await self._judge(raw, part.index, part.filename, part.sha256, moment, now)

    async def judge_file(
        self, data: bytes, name: str, moment: datetime, now: datetime
    ) -> Judgement:
        """A PDF file that is no part of a mail, judged as `judge` does."""
        return await self._judge(data, None, name, sha256(data).hexdigest(), moment, now)

    async def _judge(
        self,
        raw: bytes,
        index: int | None,
        name: str,
        digest: str,
        moment: datetime,
        now: datetime,
    ) -> Judgement:
        try:
            inspection = await self._sandbox.call(pdf.inspect_part, raw, index, answer=Inspection)
            data = await self._revocation_data(inspection, now)
            file = await self._sandbox.call(
                pdf.judge_part,
                raw,
                index,
                name,
                self._trust.to_der(),
                data.crls,
                data.ocsps,
                moment.astimezone(UTC),  # a child cannot load any other zone
                answer=SignedFile,
            )
        except Unchecked as unchecked:
            faulty = SignedFile(name=name, sha256=digest, faults=(unchecked.code,))
            return Judgement(faulty, retry=True)
        later = any(
            one.verdict.sub_indication is SubIndication.TRY_LATER for one in file.signatures
        )
        return Judgement(file, (*data.ocsps, *data.crls), retry=later)

    async def inspect_mail(self, raw: bytes, survey: mime.Survey) -> MailInspection:
        """Pass 1 over the mail's own signatures. `survey` is of these very bytes."""
        raise NotImplementedError

    async def judge_mail(
        self, raw: bytes, survey: mime.Survey, moment: datetime, now: datetime
    ) -> MailJudgement:
        """Both passes over the mail's own signatures, as `judge` does for a file."""
        raise NotImplementedError

    async def _revocation_data(self, inspection: Inspection, now: datetime) -> RevocationData:
        certificates = {
            found.certificate
            for found in inspection.signatures
            if found.intact and found.certificate
        }
        paths = [path for one in certificates if (path := self._trust.path(one))]
        return await self._source.gather(paths, now)
