"""The room's one door, in the parent: from a mail's bytes to files that are believed or not.

The parent never parses a part: the child gets the whole mail and an index.
Between the two passes it fetches revocation data, but only for intact
signatures whose certificates chain to the trust store, which it checks itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from bot.inbox import mime
from bot.sandbox import Sandbox, Unchecked
from bot.signatures import pdf, rehearsal, smime
from bot.signatures.revocation import RevocationData, RevocationSource
from bot.signatures.trust import LAWFUL, Policy, TrustStore
from bot.signatures.verdict import (
    Found,
    Inspection,
    Leaf,
    MailInspection,
    Signature,
    SignedFile,
    SignedMail,
    SubIndication,
    SurveyedMail,
)

PRELOAD = (mime.__name__, pdf.__name__, smime.__name__, rehearsal.__name__)
"""What the sandbox must have loaded."""
_INSPECTED = 64  # mails whose first pass is remembered: it depends on their bytes alone


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
        policy: Policy = LAWFUL,
    ) -> None:
        self._sandbox = sandbox
        self._trust = trust
        self._source = source
        self._policy = policy
        self._inspected: dict[bytes, MailInspection] = {}

    async def survey(self, raw: bytes) -> mime.Survey:
        """Look over a mail; what comes to light of its signatures is remembered.

        Raises:
            Unchecked: the child gave no answer.
        """
        try:
            seen = await self._sandbox.call(smime.survey, raw, self._policy, answer=SurveyedMail)
        except Unchecked:  # its signatures may be what kills the child
            return await self._sandbox.call(mime.survey, raw, answer=mime.Survey)
        if len(self._inspected) >= _INSPECTED:
            self._inspected.pop(next(iter(self._inspected)))
        self._inspected[sha256(raw).digest()] = seen.inspection
        return seen.survey

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
            data = await self._revocation_data(inspection.signatures, now)
            file = await self._sandbox.call(
                pdf.judge_part, raw, index, name, *self._grounds(data, moment), answer=SignedFile
            )
        except Unchecked as unchecked:
            return Judgement(SignedFile.unread(name, digest, unchecked.code), retry=True)
        return Judgement(file, (*data.ocsps, *data.crls), retry=_may_pass_later(file.signatures))

    async def part(self, raw: bytes, part: mime.Part) -> bytes:
        """The decoded bytes of a part, taken out by a child.

        Raises:
            Unchecked: the child gave no answer, or the part is too big for one.
        """
        leaf = await self._sandbox.call(smime.leaf, raw, part.index, answer=Leaf)
        return leaf.content

    async def inspect_mail(self, raw: bytes, survey: mime.Survey) -> MailInspection:
        """Pass 1 over the mail's own signatures. `survey` is of these very bytes."""
        try:
            return await self._inspected_mail(raw, survey)
        except Unchecked as unchecked:
            return MailInspection(faults=(unchecked.code,))

    async def judge_mail(
        self, raw: bytes, survey: mime.Survey, moment: datetime, now: datetime
    ) -> MailJudgement:
        """Both passes over the mail's own signatures, as `judge` does for a file."""
        try:
            inspection = await self._inspected_mail(raw, survey)
            if not inspection.signatures:
                return MailJudgement(SignedMail(faults=inspection.faults))
            data = await self._revocation_data(inspection.signatures, now)
            mail = await self._sandbox.call(
                smime.judge, raw, *self._grounds(data, moment), answer=SignedMail
            )
        except Unchecked as unchecked:
            return MailJudgement(SignedMail(faults=(unchecked.code,)), retry=True)
        return MailJudgement(
            mail, (*data.ocsps, *data.crls), retry=_may_pass_later(mail.signatures)
        )

    async def _inspected_mail(self, raw: bytes, survey: mime.Survey) -> MailInspection:
        if not survey.is_protected:
            return MailInspection()
        remembered = self._inspected.get(sha256(raw).digest())
        if remembered is not None:
            return remembered
        return await self._sandbox.call(smime.inspect, raw, self._policy, answer=MailInspection)

    def _grounds(self, data: RevocationData, moment: datetime) -> tuple[object, ...]:
        """What pass 2 judges by, as a child takes it."""
        in_utc = moment.astimezone(UTC)  # a child cannot load any other zone
        return self._trust.to_der(), data.crls, data.ocsps, in_utc, self._policy

    async def _revocation_data(self, found: Sequence[Found], now: datetime) -> RevocationData:
        """Of everybody above an intact signature or its time-stamps who may be believed."""
        if not self._policy.revocation:
            return RevocationData()
        asked = {
            (certificate, one.chain): None
            for one in found
            if one.intact
            for certificate in (one.certificate, *one.stamped_by)
            if certificate
        }
        paths = [path for leaf, chain in asked for path in self._trust.paths(leaf, chain)]
        return await self._source.gather(paths, now)


def _may_pass_later(signatures: Sequence[Signature]) -> bool:
    return any(one.verdict.sub_indication is SubIndication.TRY_LATER for one in signatures)
