"""Signature time-stamps: when did a signature exist already (RFC 3161, RFC 5126 section 6.1.1)?

Runs in the sandbox. A time-stamp is believed like any signature; one that is not
changes nothing.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from asn1crypto import cms, tsp
from cryptography.hazmat.primitives import hashes
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from bot.signatures.cms import TIME, Claim, claims
from bot.signatures.signer import Grounds, Purpose, judge_signer
from bot.signatures.verdict import CLOCK_GRACE, SubIndication, Verdict

STAMPS_LIMIT = 4  # that are looked at
_DIGESTS = {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}


@dataclass(frozen=True)
class Stamp:
    """An intact time-stamp. `time` is the latest it may have been made, in UTC."""

    claim: Claim
    time: datetime


def stamps(claim: Claim) -> tuple[Stamp, ...]:
    """The intact time-stamps over the value of `claim`'s signature."""
    found = (_stamp(token, claim.signer) for token in islice(_tokens(claim.signer), STAMPS_LIMIT))
    return tuple(stamp for stamp in found if stamp)


def brought(claim: Claim) -> dict[str, tuple[bytes, ...]]:
    """`Found.chain` and `Found.stamped_by` of `claim`."""
    found = [stamp.claim for stamp in stamps(claim)] if claim.wrong is None else []
    return {
        "chain": tuple(dict.fromkeys((*claim.chain, *(der for one in found for der in one.chain)))),
        "stamped_by": tuple(dict.fromkeys(one.certificate for one in found if one.certificate)),
    }


def judge_timed(
    claim: Claim, purpose: Purpose, grounds: Grounds, moment: datetime
) -> tuple[Verdict, datetime | None]:
    """The verdict on a signature, and by when it is proven to have existed.

    An intact one is judged as of `moment`, its receipt, and where that is not enough as of
    the time that is proven. If a time-stamp that cannot be checked yet might
    make the difference, it is to be tried later.
    """
    if claim.wrong:
        return claim.wrong, None
    verdict = judge_signer(claim, purpose, grounds, moment)
    proven_at, is_waiting = None, False
    for stamp in stamps(claim):
        if stamp.time > moment + CLOCK_GRACE:
            continue
        by_whom = judge_signer(stamp.claim, Purpose.TIME, grounds, moment)
        if by_whom == Verdict.passed():
            proven_at = min(stamp.time, proven_at or stamp.time)
        is_waiting |= by_whom.sub_indication is SubIndication.TRY_LATER
    if verdict == Verdict.passed():
        return verdict, proven_at
    then = judge_signer(claim, purpose, grounds, proven_at) if proven_at else verdict
    if then == Verdict.passed() or then.sub_indication is SubIndication.TRY_LATER:
        return then, proven_at
    if is_waiting and _is_matter_of_time(verdict):
        return Verdict.indeterminate(SubIndication.TRY_LATER, "revocation.unavailable"), proven_at
    return verdict, proven_at


def _tokens(signer: cms.SignerInfo) -> Iterator[cms.ContentInfo]:
    with suppress(Exception):  # asn1crypto may raise anything: what cannot be read proves nothing
        for attribute in signer["unsigned_attrs"]:
            if attribute["type"].native == "signature_time_stamp_token":
                yield from attribute["values"]


def _stamp(token: cms.ContentInfo, signer: cms.SignerInfo) -> Stamp | None:
    with suppress(Exception):  # … nor does it spoil the next one
        (claim,) = claims(token["content"], None, TIME, unattributed=False)
        if claim.wrong is None and _is_over(claim, signer["signature"].native):
            return Stamp(claim, _time(claim))
    return None


def _is_over(stamp: Claim, value: bytes) -> bool:
    imprint = _info(stamp)["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    if algorithm not in _DIGESTS:
        return False
    digest = hashes.Hash(get_pyca_cryptography_hash(algorithm))
    digest.update(value)
    return bool(digest.finalize() == imprint["hashed_message"].native)


def _time(stamp: Claim) -> datetime:
    info = _info(stamp)
    made: datetime = info["gen_time"].native
    accuracy = info["accuracy"].native or {}
    return made.astimezone(UTC) + timedelta(
        seconds=accuracy.get("seconds") or 0,
        milliseconds=accuracy.get("millis") or 0,
        microseconds=accuracy.get("micros") or 0,
    )


def _info(stamp: Claim) -> tsp.TSTInfo:
    return tsp.TSTInfo.load(stamp.content)


def _is_matter_of_time(verdict: Verdict) -> bool:
    return verdict.sub_indication in {
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        SubIndication.REVOKED_NO_POE,
        SubIndication.REVOKED_CA_NO_POE,
        SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    }
