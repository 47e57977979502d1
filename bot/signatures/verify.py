"""A file judged by itself: a mail or a PDF, without register and without effect."""

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from bot.errors import Refused
from bot.inbox.mime import Part
from bot.sandbox import OutOfTime, Unchecked
from bot.signatures import report
from bot.signatures.examine import Examiner, Judgement, MailJudgement
from bot.signatures.report import Report
from bot.signatures.verdict import SignedFile, SignedMail

_PDF_WITHIN = 1024  # bytes that readers look through for a PDF's header
_HEADERS_WITHIN = 1_000_000  # bytes
_HEADER_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:|[ \t]|>?From ")  # RFC 5322; folded; mbox
_MAIL_HEADERS = {
    *(b"from", b"to", b"cc", b"subject", b"date", b"sender", b"reply-to", b"message-id"),
    *(b"received", b"return-path", b"delivered-to", b"mime-version", b"content-type"),
}

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # some editors put it before what they save

T = TypeVar("T")


class Unreadable(Refused):
    """There is no mail and no PDF to be judged."""

    code = "file.unreadable"


class Unknown(Unreadable):
    """The bytes are neither a mail's nor a PDF's."""

    code = "file.unknown"


class Broken(Unreadable):
    """It begins like a mail, and cannot be read as one."""

    code = "mail.unreadable"


@dataclass(frozen=True)
class Verification:
    """How files are judged: as of `moment`, with what can be fetched at `now`.

    What is not done within `seconds` could not be checked.
    """

    examiner: Examiner
    moment: datetime
    now: datetime
    seconds: float

    async def of(self, data: bytes, name: str) -> Report:
        """The verdict on `data`, a file called `name`.

        Raises:
            Unreadable: it is neither a mail nor a PDF.
        """
        deadline = asyncio.get_running_loop().time() + self.seconds
        if is_mail(data):  # a short one may speak of a PDF where readers look for one's header
            return await self._of_mail(data.removeprefix(_BYTE_ORDER_MARK), deadline)
        if is_pdf(data):
            return await self._of_pdf(data, name, deadline)
        raise Unknown

    async def _of_pdf(self, data: bytes, name: str, deadline: float) -> Report:
        judged = await _by(
            deadline,
            self.examiner.judge_file(data, name, self.moment, self.now),
            otherwise=_late(name, sha256(data).hexdigest()),
        )
        return report.on_pdf(judged.file, len(data))

    async def _of_mail(self, raw: bytes, deadline: float) -> Report:
        try:
            survey = await _by(deadline, self.examiner.survey(raw), otherwise=None)
        except Unchecked as unchecked:
            return report.on_nothing(unchecked.code)
        if survey is None:
            return report.on_nothing(OutOfTime.code)
        if not survey.readable:
            raise Broken
        mail = await _by(
            deadline,
            self.examiner.judge_mail(raw, survey, self.moment, self.now),
            otherwise=MailJudgement(SignedMail(faults=(OutOfTime.code,))),
        )
        letters = {part.index: await self._letter(raw, part, deadline) for part in survey.letters}
        return report.on_mail(survey, mail.mail, letters)

    async def _letter(self, raw: bytes, part: Part, deadline: float) -> SignedFile:
        judged = await _by(
            deadline,
            self.examiner.judge(raw, part, self.moment, self.now),
            otherwise=_late(part.filename, part.sha256),
        )
        return judged.file


async def _by(deadline: float, judging: Awaitable[T], otherwise: T) -> T:
    """What comes of `judging` until `deadline`, in the loop's time."""
    try:
        async with asyncio.timeout_at(deadline):
            return await judging
    except TimeoutError:
        return otherwise


def _late(name: str, digest: str) -> Judgement:
    return Judgement(SignedFile(name=name, sha256=digest, faults=(OutOfTime.code,)))


def is_pdf(data: bytes) -> bool:
    return b"%PDF-" in data[:_PDF_WITHIN]


def is_mail(data: bytes) -> bool:
    """Whether it begins with header fields, and one of them is a mail's (RFC 5322 section 3.6)."""
    for line in data[:_HEADERS_WITHIN].removeprefix(_BYTE_ORDER_MARK).splitlines():
        field = _HEADER_LINE.match(line)
        if field is None:
            return False
        if field[1] and field[1].lower() in _MAIL_HEADERS:
            return True
    return False
