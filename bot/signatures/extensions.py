"""What a certificate says of itself (RFC 5280 section 4.2). Each may raise `trust.UNREADABLE`."""

from collections.abc import Sequence
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

T = TypeVar("T", bound=x509.ExtensionType)


def is_authority(certificate: x509.Certificate) -> bool:
    """Basic constraints (4.2.1.9)."""
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def may_issue(certificate: x509.Certificate) -> bool:
    """Whether nothing it says is against issuing certificates; old roots say nothing."""
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    return (constraints is None or constraints.ca) and (usage is None or usage.key_cert_sign)


def may_sign(certificate: x509.Certificate) -> bool:
    """Key usage (4.2.1.3): either kind of signature is enough; none stated is no limit."""
    usage = _extension(certificate, x509.KeyUsage)
    return usage is None or usage.digital_signature or usage.content_commitment


def may_sign_crls(certificate: x509.Certificate) -> bool:
    usage = _extension(certificate, x509.KeyUsage)
    return usage is None or usage.crl_sign


def purposes(certificate: x509.Certificate) -> frozenset[ObjectIdentifier] | None:
    """Extended key usage (4.2.1.12); None is no limit."""
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    return None if usage is None else frozenset(usage)


def distribution_points(certificate: x509.Certificate) -> Sequence[x509.DistributionPoint]:
    """Where its CRL is (4.2.1.13)."""
    return tuple(_extension(certificate, x509.CRLDistributionPoints) or ())


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
