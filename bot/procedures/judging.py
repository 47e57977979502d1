"""Both passes over a letter and over the mail that brought it."""

from dataclasses import dataclass
from datetime import datetime

from bot.dossier.gather import Judged
from bot.procedures.services import Vetting
from bot.signatures.verdict import SignedFile


@dataclass(frozen=True)
class Judging:
    """What was judged, and what the verdicts rest on: OCSP answers and CRLs, DER."""

    judged: Judged
    evidence: tuple[bytes, ...]


async def judge(
    raw: bytes, letter: str, letters: int, received_at: datetime, services: Vetting, now: datetime
) -> Judging:
    """Judge the mail `raw` as of its receipt, and the file in it whose SHA-256 is `letter`.

    `letters` is how many such files are dossiers. A signed mail may hold none at
    all: then nothing is signed in it that could be a letter.

    Raises:
        Unchecked: the mail could not be surveyed.
    """
    examiner = services.examiner
    survey = await examiner.survey(raw)
    own = await examiner.judge_mail(raw, survey, received_at, now)
    part = next((part for part in survey.parts if part.sha256 == letter), None)
    if part is None:
        nothing = SignedFile.unread("", letter)
        return Judging(Judged(survey, nothing, own.mail, letters), own.evidence)
    file = await examiner.judge(raw, part, received_at, now)
    evidence = tuple(dict.fromkeys((*file.evidence, *own.evidence)))
    return Judging(Judged(survey, file.file, own.mail, letters), evidence)
