"""Can the signer of an intact signature be believed (EN 319 102-1 clauses 5.2.6 and 5.2.8)?

Runs in the sandbox, offline. pyHanko validates the path (RFC 5280 section 6.1);
what algorithms, purposes and certificates are good enough is decided here.
"""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeVar

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    PathValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.validate import async_validate_path

from bot.signatures.cms import Claim
from bot.signatures.extensions import is_authority, may_issue, may_sign, purposes
from bot.signatures.status import Status, Statuses, is_strong
from bot.signatures.trust import CertificatePath, Policy, TrustStore
from bot.signatures.verdict import CLOCK_GRACE, SubIndication, Verdict

_DIGESTS = {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "shake256"}
_SIGNATURES = {"rsassa_pkcs1v15", "rsassa_pss", "ecdsa", "ed25519", "ed448"}
_RSA_BITS, _EC_BITS = 2048, 256
_ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE

T = TypeVar("T")


class Purpose(Enum):
    """What a certificate signs, and the extended key usages that allow it where any is stated."""

    MAIL = frozenset({ExtendedKeyUsageOID.EMAIL_PROTECTION, _ANY})  # RFC 8550 section 4.4.4
    FILE = frozenset(
        {
            ExtendedKeyUsageOID.EMAIL_PROTECTION,
            ExtendedKeyUsageOID.CLIENT_AUTH,
            ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing (RFC 9336)
            ObjectIdentifier("1.2.840.113583.1.1.5"),  # Adobe's
            ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # Microsoft's
            _ANY,
        }
    )
    TIME = frozenset({ExtendedKeyUsageOID.TIME_STAMPING})  # RFC 3161 section 2.3


@dataclass(frozen=True)
class Grounds:
    """What verdicts rest on."""

    trust: TrustStore
    statuses: Statuses
    policy: Policy


def judge_signer(claim: Claim, purpose: Purpose, grounds: Grounds, at: datetime) -> Verdict:
    """The verdict on who made an intact signature, as of `at`."""
    try:
        certificate = x509.load_der_x509_certificate(claim.certificate or b"")
        return (
            _weak(claim.signer, certificate)
            or _unfit(certificate, purpose)
            or _on_some_way(claim, purpose, grounds, at)
        )
    except MemoryError:
        raise
    except Exception:  # what cannot be checked is neither good nor bad
        return Verdict.indeterminate(SubIndication.GENERIC, "certificate.unreadable")


def _weak(signer: cms.SignerInfo, certificate: x509.Certificate) -> Verdict | None:
    """One digest is used throughout (`bot.signatures.cms`)."""
    algorithm: algos.SignedDigestAlgorithm = signer["signature_algorithm"]
    if (
        _is_strong_key(certificate)
        and signer["digest_algorithm"]["algorithm"].native in _DIGESTS
        and algorithm.signature_algo in _SIGNATURES
    ):
        return None
    return Verdict.indeterminate(
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "signature.weak_algorithm"
    )


def _is_strong_key(certificate: x509.Certificate) -> bool:
    match certificate.public_key():
        case rsa.RSAPublicKey(key_size=bits):
            return bits >= _RSA_BITS
        case ec.EllipticCurvePublicKey(key_size=bits):
            return bits >= _EC_BITS
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return True
    return False


def _unfit(certificate: x509.Certificate, purpose: Purpose) -> Verdict | None:
    if is_authority(certificate):
        reason = "certificate.authority"
    elif not may_sign(certificate):
        reason = "certificate.key_usage"
    elif not _is_meant_for(certificate, purpose) or (
        purpose is Purpose.TIME and not _is_time_stamper(certificate)
    ):
        reason = "certificate.extended_key_usage"
    else:
        return None
    return Verdict.indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE, reason)


def _is_meant_for(certificate: x509.Certificate, purpose: Purpose) -> bool:
    stated = purposes(certificate)
    return stated is None or bool(stated & {*purpose.value, _ANY})


def _is_time_stamper(certificate: x509.Certificate) -> bool:
    """For nothing else, and says so to everybody (RFC 3161 section 2.3)."""
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    return usage.critical and set(usage.value) == Purpose.TIME.value


def _on_some_way(claim: Claim, purpose: Purpose, grounds: Grounds, at: datetime) -> Verdict:
    """The first way that passes; else one that may yet; else the first."""
    verdicts = []
    for way in grounds.trust.paths(claim.certificate or b"", claim.chain):
        verdicts.append(_on_way(way, purpose, grounds, at))
        if verdicts[-1] == Verdict.passed():
            return verdicts[-1]
    if not verdicts:
        return Verdict.indeterminate(
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "certificate.untrusted"
        )
    waiting = [one for one in verdicts if one.sub_indication is SubIndication.TRY_LATER]
    return (waiting or verdicts)[0]


def _on_way(way: CertificatePath, purpose: Purpose, grounds: Grounds, at: datetime) -> Verdict:
    *below, anchor = way.certificates
    if not all(_is_strong_key(one) for one in below) or not all(
        is_strong(one.signature_hash_algorithm) or _is_vouched_for(one, grounds.trust)
        for one in below
    ):
        return _not(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "certificate.weak_algorithm")
    if not all(_is_meant_for(one, purpose) for one in below[1:]):
        return _not(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate.extended_key_usage")
    since, until = anchor.not_valid_before_utc, anchor.not_valid_after_utc
    if not (since - CLOCK_GRACE <= at <= until + CLOCK_GRACE and may_issue(anchor)):
        return _not(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, "certificate.chain")
    wrong = _path_fault(way, at)
    if wrong is None and grounds.policy.revocation:
        wrong = _status_fault(way, grounds.statuses, at)
    return wrong or Verdict.passed()


def _is_vouched_for(certificate: x509.Certificate, trust: TrustStore) -> bool:
    """SHA-1 on what the operator put into the trust store: old roots have signed so."""
    digest = certificate.signature_hash_algorithm
    return digest is not None and digest.name == "sha1" and trust.holds(certificate)


def _status_fault(way: CertificatePath, statuses: Statuses, at: datetime) -> Verdict | None:
    found = [statuses.of(need.certificate, need.issuer, at) for need in way.needs]
    if found[0] is Status.REVOKED:
        return _not(SubIndication.REVOKED_NO_POE, "certificate.revoked")
    if Status.REVOKED in found:
        return _not(SubIndication.REVOKED_CA_NO_POE, "certificate.issuer_revoked")
    if Status.UNKNOWN in found:
        return _not(SubIndication.TRY_LATER, "revocation.unavailable")
    return None


def _path_fault(way: CertificatePath, at: datetime) -> Verdict | None:
    leaf, *intermediates, root = (
        asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in way.certificates
    )
    unchecked = RevocationCheckingRule.NO_CHECK  # `_status_fault` does that
    context = ValidationContext(
        trust_roots=[],  # the way is found
        moment=at,
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(unchecked, unchecked)),
        weak_hash_algos=frozenset({"md2", "md5"}),  # SHA-1 was looked at
        time_tolerance=CLOCK_GRACE,
    )
    way_down = ValidationPath(CertTrustAnchor(root), reversed(intermediates), leaf)
    try:
        _settled(async_validate_path(context, way_down))
    except PathValidationError as error:
        return _why_not(error)
    return None


def _why_not(error: PathValidationError) -> Verdict:
    own = error.is_ee_cert and not error.is_side_validation
    match error:
        case ExpiredError() if own:
            return _not(SubIndication.OUT_OF_BOUNDS_NO_POE, "certificate.expired")
        case NotYetValidError() if own:
            return _not(SubIndication.OUT_OF_BOUNDS_NO_POE, "certificate.not_yet_valid")
        case DisallowedAlgorithmError():
            return _not(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "certificate.weak_algorithm")
    return _not(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, "certificate.chain")


def _not(why: SubIndication, reason: str) -> Verdict:
    return Verdict.indeterminate(why, reason)


def _settled(validation: Coroutine[object, None, T]) -> T:
    """The result of a coroutine that has nothing to wait for: a child has no event loop."""
    try:
        validation.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    validation.close()
    raise RuntimeError("offline validation wanted to wait")
