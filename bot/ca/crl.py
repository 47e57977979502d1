"""Certificate revocation lists: full, version 2 (RFC 5280, 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from bot.ca.signing import PrivateKey, SignatureBroken, hash_for, require_same_key


@dataclass(frozen=True)
class Revoked:
    """One entry.

    Attributes:
        at: when the certificate lost its validity; aware.
        reason: REMOVE_FROM_CRL has no place in a full CRL.
    """

    serial: int
    at: datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


def build(
    *,
    issuer: x509.Certificate,
    key: PrivateKey,
    number: int,
    this_update: datetime,
    next_update: datetime,
    revoked: Iterable[Revoked],
) -> x509.CertificateRevocationList:
    """Sign the list of everything `issuer` has revoked, and verify it.

    It covers all of the issuer's certificates and all reasons, so it has no
    issuingDistributionPoint (5.2.5).

    Args:
        number: greater than every number used before (5.2.3).
        this_update, next_update: aware; whole seconds count.

    Raises:
        Misconfigured: `key` is not the issuer's.
        SignatureBroken: the signature does not verify.
    """
    require_same_key(key, issuer.public_key())
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    crl = (
        # The entries go in at once: adding them one by one takes quadratic time.
        x509.CertificateRevocationListBuilder(revoked_certificates=[_entry(one) for one in revoked])
        .issuer_name(issuer.subject)
        .last_update(this_update)
        .next_update(next_update)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .add_extension(x509.CRLNumber(number), critical=False)
        .sign(key, hash_for(issuer.public_key()))
    )
    if not crl.is_signature_valid(key.public_key()):
        raise SignatureBroken
    return crl


def _entry(one: Revoked) -> x509.RevokedCertificate:
    entry = x509.RevokedCertificateBuilder(one.serial, one.at)
    if one.reason is not x509.ReasonFlags.unspecified:  # 5.3.1: then rather leave it out
        entry = entry.add_extension(x509.CRLReason(one.reason), critical=False)
    return entry.build()
