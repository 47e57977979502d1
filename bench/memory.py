"""Memory of what opens and judges mails: after many mails no more than after some."""

import gc
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from bench.rounds import Effort, say
from bench.table import Line
from bot.sandbox import Sandbox
from bot.sections import servers
from bot.signatures.examine import PRELOAD, Examiner
from bot.signatures.revocation import Fetcher
from bot.signatures.trust import TrustStore
from demo.foreign import ForeignPki
from demo.school import MAILBOX
from demo.smime import sealed
from tests.house import a_mail

MAILS = 2_000
DIFFERENT = 50
WARM = 0.1  # of all mails, before the first look
PAGE = os.sysconf("SC_PAGE_SIZE")


async def of_vetting(effort: Effort) -> AsyncIterator[Line]:
    """One process and its warm process, which lives as long; children die after each call."""
    count = effort.of(MAILS)
    with ForeignPki() as pki:
        signer = pki.signer("Trường THPT Chu Văn An")
        mails = [
            sealed(a_mail(os.urandom(10_000), sender=MAILBOX), signer) for _ in range(DIFFERENT)
        ]
        sandbox = Sandbox(servers.Sandbox(), PRELOAD)
        try:
            async with Fetcher(servers.Trust(addresses=(pki.address,))) as fetcher:
                store = TrustStore((pki.root.certificate,), (pki.issuer.certificate,))
                examiner = Examiner(sandbox, store, fetcher)
                await _judge(examiner, mails, round(count * WARM))
                before = _resident()
                await _judge(examiner, mails, count - round(count * WARM))
                after = _resident()
        finally:
            await sandbox.close()
    yield Line(
        "memory",
        f"resident memory of a vetting process and its warm process after {count:,} mails",
        f"the same after {round(count * WARM):,}",
        after / before,
        "≤ 1.05",
        f"{after / 1e6:.1f} and {before / 1e6:.1f} MB",
    )


async def _judge(examiner: Examiner, mails: list[bytes], count: int) -> None:
    for number in range(count):
        raw, now = mails[number % len(mails)], datetime.now(UTC)
        judgement = await examiner.judge_mail(raw, await examiner.survey(raw), now, now)
        if not judgement.mail.passed:
            raise SystemExit("A good mail is not believed.")
    say(f"{count} mails: {_resident() / 1e6:.1f} MB")


def _resident() -> int:
    """Bytes, of this process and what it has started."""
    gc.collect()
    started = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return PAGE * sum(
        int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in ["self", *started]
    )
