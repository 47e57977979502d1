"""Where revocation data comes from when a file is judged by itself: CRLs at hand, and the network.

An operator's settings say which addresses the bot may ask. Whoever brings
trust anchors of their own asks what the certificates below those anchors name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import httpx
from cryptography import x509

from bot.sections import servers
from bot.signatures.revocation import Fetcher, RevocationData
from bot.signatures.trust import CertificatePath
from bot.signatures.verdict import CLOCK_GRACE


@dataclass(frozen=True)
class AtHand:
    """CRLs (DER) that somebody has, and nothing else: nobody is asked.

    Whether one is still in force is pass 2's to judge; one from the future is none.
    """

    crls: tuple[bytes, ...] = ()

    async def gather(self, paths: Iterable[CertificatePath], now: datetime) -> RevocationData:
        lists = ((data, x509.load_der_x509_crl(data)) for data in self.crls)
        return RevocationData(
            crls=tuple(data for data, crl in lists if crl.last_update_utc <= now + CLOCK_GRACE)
        )


@dataclass(frozen=True)
class Online:
    """Those, and what can be fetched: at `trust.addresses`, or `anywhere` certificates name."""

    trust: servers.Trust
    at_hand: AtHand
    anywhere: bool = False

    async def gather(self, paths: Iterable[CertificatePath], now: datetime) -> RevocationData:
        ways = tuple(paths)
        had = await self.at_hand.gather(ways, now)
        if not ways:
            return had
        allowed = _named(ways) if self.anywhere else self.trust.addresses
        async with Fetcher(self.trust.model_copy(update={"addresses": allowed})) as fetcher:
            fetched = await fetcher.gather(ways, now)
        return RevocationData(ocsps=fetched.ocsps, crls=(*had.crls, *fetched.crls))


def _named(paths: Iterable[CertificatePath]) -> tuple[str, ...]:
    """Every address that is one, in the certificates below the anchors of `paths`."""
    needs = [need for path in paths for need in path.needs]
    named = dict.fromkeys(url for need in needs for url in (*need.ocsp, *need.crl))
    return tuple(url for url in named if _is_address(url))


def _is_address(url: str) -> bool:
    try:
        return httpx.URL(url).scheme in {"http", "https"}
    except httpx.InvalidURL:
        return False
