"""Verdicts on signed mails: our examiner, children and all, beside `openssl cms -verify`."""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bench.rounds import Effort, interleaved, ratio
from bench.table import Line
from bot.sandbox import Sandbox
from bot.sections import servers
from bot.signatures.examine import PRELOAD, Examiner
from bot.signatures.revocation import Fetcher
from bot.signatures.trust import TrustStore
from demo.foreign import ForeignPki, Signer
from demo.school import MAILBOX
from demo.smime import sealed
from tests.house import a_mail

MAILS = 200
SIZE = 10_000  # bytes of the attachment


async def beside_openssl(effort: Effort) -> AsyncIterator[Line]:
    """Both on one core: ours with every process it starts, OpenSSL with a process a mail."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with ForeignPki() as pki, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        signer = pki.signer("Trường THPT Chu Văn An")
        mails = [home / f"{number}.eml" for number in range(effort.of(MAILS))]
        for mail in mails:
            mail.write_bytes(sealed(a_mail(os.urandom(SIZE), sender=MAILBOX), signer))
        authorities = await asyncio.to_thread(_authorities, pki, home)
        trust = servers.Trust(addresses=(pki.address,))
        sandbox = Sandbox(servers.Sandbox(), PRELOAD)
        try:
            async with Fetcher(trust) as fetcher:
                store = TrustStore((pki.root.certificate,), (pki.issuer.certificate,))
                examiner = Examiner(sandbox, store, fetcher)
                found = await interleaved(
                    effort,
                    ours=lambda: _ours(examiner, mails),
                    openssl=lambda: asyncio.to_thread(_openssl, mails, authorities),
                )
        finally:
            await sandbox.close()
    yield Line(
        "verdicts",
        f"S/MIME mails with {SIZE // 1000} kB judged by the examiner, revocation checked, "
        "on one core, with every child",
        "`openssl cms -verify -crl_check_all`, a process a mail, on the same core",
        ratio(found["ours"], found["openssl"]),
        "≥ 1.0",
        f"{median(found['ours']):.0f} and {median(found['openssl']):.0f} verdicts/s",
    )


async def _ours(examiner: Examiner, mails: list[Path]) -> float:
    start = time.perf_counter()
    for mail in mails:
        raw = mail.read_bytes()
        now = datetime.now(UTC)
        judgement = await examiner.judge_mail(raw, await examiner.survey(raw), now, now)
        assert judgement.mail.passed
    return len(mails) / (time.perf_counter() - start)


def _openssl(mails: list[Path], authorities: Path) -> float:
    start = time.perf_counter()
    for mail in mails:
        subprocess.run(
            ["openssl", "cms", "-verify", "-in", mail, "-CAfile", authorities,
             "-crl_check_all", "-purpose", "any", "-out", os.devnull],
            check=True, capture_output=True,
        )  # fmt: skip
    return len(mails) / (time.perf_counter() - start)


def _authorities(pki: ForeignPki, home: Path) -> Path:
    """Root, intermediate and their CRLs, in one file as OpenSSL reads them."""
    crls = [
        x509.load_der_x509_crl(httpx.get(f"{pki.address}/{name}.crl").content)
        for name in ("root", "issuer")
    ]
    issuers: list[Signer] = [pki.root, pki.issuer]
    file = home / "authorities.pem"
    file.write_bytes(
        b"".join(one.certificate.public_bytes(Encoding.PEM) for one in issuers)
        + b"".join(crl.public_bytes(Encoding.PEM) for crl in crls)
    )
    return file
