"""Whether a certificate was revoked by a certain time (RFC 6960 section 3.2, RFC 5280 section 6.3).

Runs in the sandbox, on bytes that the parent fetched. Only the issuer's own key
speaks, or a responder it delegated; whatever is not understood wholly says nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TypeVar

from asn1crypto import core
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from bot.signatures.extensions import (
    distribution_points,
    is_authority,
    may_sign,
    may_sign_crls,
    purposes,
)
from bot.signatures.trust import UNREADABLE, issued, verify_sha1
from bot.signatures.verdict import CLOCK_GRACE

STRONG = ("sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512")
_WITHOUT_END = timedelta(minutes=30)  # how long an OCSP answer without nextUpdate holds
_STAYS_LISTED = timedelta(hours=1)  # who was revoked stays on one regular CRL more (RFC 5280 3.3)
_EXPIRED_CERTS_ON_CRL = ObjectIdentifier("2.5.29.60")  # X.509 clause 9.5.2.8
_KNOWN_OF_CRL = (x509.IssuingDistributionPoint, x509.AuthorityKeyIdentifier, x509.CRLNumber)
_KNOWN_OF_ENTRY = (x509.CRLReason, x509.InvalidityDate, x509.CertificateIssuer)


T = TypeVar("T")


class Status(Enum):
    GOOD = auto()
    REVOKED = auto()
    UNKNOWN = auto()  # could not be checked: neither good nor bad


class Statuses:
    """What OCSP answers and CRLs (DER, hostile) say of certificates."""

    def __init__(self, crls: Sequence[bytes], ocsps: Sequence[bytes]) -> None:
        self._crls = tuple(_loaded(x509.load_der_x509_crl, crls))
        self._answers = tuple(_loaded(ocsp.load_der_ocsp_response, ocsps))

    def of(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Status:
        """Whether `certificate` was revoked by `at`; one that says so outweighs all others."""
        said = {
            *self._by_ocsp(certificate, issuer, at),
            *self._by_crl(certificate, issuer, at),
        }
        for status in (Status.REVOKED, Status.GOOD):
            if status in said:
                return status
        return Status.UNKNOWN

    def _by_ocsp(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime
    ) -> Iterator[Status]:
        for answer in self._answers:
            try:
                found = _answered(answer, certificate, issuer, at)
                if found and self._is_authorised(answer, issuer):
                    yield found
            except UNREADABLE:
                continue

    def _by_crl(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime
    ) -> Iterator[Status]:
        for crl in self._crls:
            try:
                if _is_in_scope(crl, certificate, issuer, at):
                    yield _listed(crl, certificate.serial_number, at)
            except UNREADABLE:
                continue

    def _is_authorised(self, answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
        """Signed by the issuer itself, or by whom it delegated (RFC 6960 section 4.2.2.2)."""
        if _signed(answer, issuer):
            return True
        return any(
            _signed(answer, responder) and self._is_delegated(responder, issuer, answer)
            for responder in answer.certificates
        )

    def _is_delegated(
        self,
        responder: x509.Certificate,
        issuer: x509.Certificate,
        answer: ocsp.OCSPResponse,
    ) -> bool:
        if not issued(responder, issuer):
            return False
        extensions = {one.oid for one in responder.extensions}
        return (
            ExtendedKeyUsageOID.OCSP_SIGNING in (purposes(responder) or ())
            and may_sign(responder)
            and is_strong(responder.signature_hash_algorithm)
            and _was_valid(responder, answer.produced_at_utc)
            and self._is_unrevoked(responder, issuer, extensions, answer.produced_at_utc)
        )

    def _is_unrevoked(
        self,
        responder: x509.Certificate,
        issuer: x509.Certificate,
        extensions: set[ObjectIdentifier],
        at: datetime,
    ) -> bool:
        """By the CRL, unless its issuer says that nobody need ask, or names no place to."""
        named = {x509.CRLDistributionPoints.oid, x509.AuthorityInformationAccess.oid}
        if x509.OCSPNoCheck.oid in extensions or not extensions & named:
            return Status.REVOKED not in set(self._by_crl(responder, issuer, at))
        return set(self._by_crl(responder, issuer, at)) == {Status.GOOD}


def _answered(
    answer: ocsp.OCSPResponse,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime,
) -> Status | None:
    """What the answer says of `certificate`; None: nothing that holds at `at`."""
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    if any(one.critical for one in answer.extensions):
        return None
    for single in answer.responses:
        until = single.next_update_utc or single.this_update_utc + _WITHOUT_END
        holds = at <= until + CLOCK_GRACE
        if (
            holds
            and _covers(single.this_update_utc, certificate)
            and _is_about(single, certificate, issuer)
        ):
            return _stated(single, at)
    return None


def _was_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _is_about(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    builder = ocsp.OCSPRequestBuilder()
    asked = builder.add_certificate(certificate, issuer, single.hash_algorithm).build()
    return (single.serial_number, single.issuer_name_hash, single.issuer_key_hash) == (
        asked.serial_number,
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


def _stated(single: ocsp.OCSPSingleResponse, at: datetime) -> Status:
    match single.certificate_status, single.revocation_time_utc:
        case ocsp.OCSPCertStatus.GOOD, _:
            return Status.GOOD
        case ocsp.OCSPCertStatus.REVOKED, datetime() as since:
            return Status.REVOKED if since <= at else Status.GOOD
    return Status.UNKNOWN


def _signed(answer: ocsp.OCSPResponse, by: x509.Certificate) -> bool:
    digest = answer.signature_hash_algorithm
    if digest is None or not is_strong(digest):
        return False
    try:
        match by.public_key():
            case rsa.RSAPublicKey() as key:
                key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey() as key:
                key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _is_in_scope(
    crl: x509.CertificateRevocationList,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime,
) -> bool:
    """Whether it is the issuer's own whole list for such certificates, and holds at `at`."""
    if crl.issuer != certificate.issuer or crl.issuer != issuer.subject:
        return False
    extensions = {one.value.oid: one for one in crl.extensions}
    strange = {one.oid for one in extensions.values() if one.critical} - {
        known.oid for known in _KNOWN_OF_CRL
    }
    if strange or x509.DeltaCRLIndicator.oid in extensions or crl.next_update_utc is None:
        return False
    point = extensions.get(x509.IssuingDistributionPoint.oid)
    return (
        at <= crl.next_update_utc + CLOCK_GRACE
        and (
            _covers(crl.last_update_utc, certificate)
            or _keeps_expired(extensions.get(_EXPIRED_CERTS_ON_CRL), certificate)
        )
        and (point is None or _is_distributed(point.value, certificate))
        and not _is_indirect(certificate)
        and may_sign_crls(issuer)
        and _is_signed(crl, issuer)
    )


def _is_signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """By the issuer. Old ones list with SHA-1, too: let pass where their own certificate has it.

    That one is on no way but where the operator vouches for it (`bot.signatures.signer`).
    """
    own, above = crl.signature_hash_algorithm, issuer.signature_hash_algorithm
    if isinstance(own, hashes.SHA1) and isinstance(above, hashes.SHA1):
        verify_sha1(crl.signature, crl.tbs_certlist_bytes, issuer)
        return True
    return is_strong(own) and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # raises TypeError


def _listed(crl: x509.CertificateRevocationList, serial_number: int, at: datetime) -> Status:
    entry = crl.get_revoked_certificate_by_serial_number(serial_number)
    if entry is None:
        return Status.GOOD
    since = entry.revocation_date_utc
    for extension in entry.extensions:
        if isinstance(extension.value, x509.InvalidityDate):  # the key was lost before that
            since = min(since, extension.value.invalidity_date_utc)
        elif extension.critical and not isinstance(extension.value, _KNOWN_OF_ENTRY):
            return Status.UNKNOWN
    return Status.REVOKED if since <= at else Status.GOOD


def _covers(made: datetime, certificate: x509.Certificate) -> bool:
    """Whether it was made before, or just as, `certificate` expired: later ones may be silent."""
    return made <= certificate.not_valid_after_utc + _STAYS_LISTED


def _keeps_expired(
    since: x509.Extension[x509.ExtensionType] | None, certificate: x509.Certificate
) -> bool:
    """Whether certificates that expired as early as this one stay on the list."""
    if since is None or not isinstance(since.value, x509.UnrecognizedExtension):
        return False
    kept: datetime = core.GeneralizedTime.load(since.value.value).native
    return kept <= certificate.not_valid_after_utc


def _is_distributed(point: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    """RFC 5280 section 6.3.3 (b)(2), without lists of others' certificates or of some reasons."""
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
        return False
    is_ca = is_authority(certificate)
    if point.only_contains_user_certs and is_ca:
        return False
    if point.only_contains_ca_certs and not is_ca:
        return False
    if point.relative_name is not None:
        return False
    named = {name for one in distribution_points(certificate) for name in one.full_name or ()}
    return point.full_name is None or bool(named & set(point.full_name))


def _is_indirect(certificate: x509.Certificate) -> bool:
    """Whether somebody else than its issuer lists it, or only some reasons stand in one list."""
    points = distribution_points(certificate)
    return bool(points) and all(point.crl_issuer or point.reasons for point in points)


def is_strong(digest: hashes.HashAlgorithm | None) -> bool:
    return digest is None or digest.name in STRONG  # Ed25519 and Ed448 name none


def _loaded(load: Callable[[bytes], T], many: Iterable[bytes]) -> Iterator[T]:
    for der in many:
        try:
            yield load(der)
        except UNREADABLE:
            continue
