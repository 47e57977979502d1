"""Certificates in two steps: draft the bytes to be signed, then sign exactly those.

The draft is committed and linted before the real key signs (a pre-issuance
copy bears the signature of a throwaway key, which no one can chain to).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import x509 as asn1
from asn1crypto.core import ParsableOctetString
from asn1crypto.keys import PublicKeyInfo
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from bot.ca.profiles import Profile
from bot.ca.signing import (
    PrivateKey,
    SignatureBroken,
    algorithm_for,
    require_same_key,
    sign_bytes,
    throwaway_key,
)
from bot.errors import Misconfigured

GENERALIZED_TIME_FROM = 2050  # RFC 5280 4.1.2.5


class IssuerEndsFirst(Misconfigured):
    """The certificate would outlive its issuer, or begin before it."""

    code = "ca.issuer_ends_first"

    def __init__(self) -> None:
        super().__init__(
            "The CA's own certificate does not span the validity asked for.",
            "Renew the CA's certificate, or shorten issuing.validity_years.",
        )


@dataclass(frozen=True)
class Draft:
    """A certificate that nobody has issued yet.

    Attributes:
        serial: its serial number.
        tbs: the TBSCertificate, DER: what `sign` will sign, to the byte.
        trial: a whole certificate, DER, that differs in its signature only; for linting.
    """

    serial: int
    tbs: bytes
    trial: bytes


def new_serial() -> int:
    """A serial number with 159 random bits: positive, at most 20 octets (RFC 5280 4.1.2.2)."""
    return x509.random_serial_number()


def draft(
    *,
    subject: bytes,
    public_key: bytes,
    profile: Profile,
    issuer: x509.Certificate,
    serial: int,
    not_before: datetime,
    not_after: datetime,
) -> Draft:
    """Lay down a certificate. The same arguments give the same bytes.

    Args:
        subject: Name, DER.
        public_key: SubjectPublicKeyInfo, DER.
        not_before, not_after: aware; whole seconds count.

    Raises:
        IssuerEndsFirst: the issuer's validity does not span this one's.
    """
    if not_before < issuer.not_valid_before_utc or not_after > issuer.not_valid_after_utc:
        raise IssuerEndsFirst
    issuer_key = issuer.public_key()
    extensions = (*profile, *_key_identifiers(public_key, issuer))
    tbs = asn1.TbsCertificate(
        {
            "version": "v3",
            "serial_number": serial,
            "signature": {"algorithm": algorithm_for(issuer_key)},
            "issuer": asn1.Certificate.load(issuer.public_bytes(Encoding.DER)).subject,
            "validity": {
                "not_before": encoded_time(not_before),
                "not_after": encoded_time(not_after),
            },
            "subject": asn1.Name.load(subject),
            "subject_public_key_info": PublicKeyInfo.load(public_key),
            "extensions": [
                {
                    "extn_id": extension.oid.dotted_string,
                    "critical": critical,
                    "extn_value": ParsableOctetString(extension.public_bytes()),
                }
                for extension, critical in extensions
            ],
        }
    ).dump()
    return Draft(serial, tbs, _seal(tbs, throwaway_key(algorithm_for(issuer_key))))


def sign(tbs: bytes, key: PrivateKey, issuer: x509.Certificate) -> x509.Certificate:
    """Sign a draft's bytes, unchanged, and verify the certificate under `issuer`.

    Raises:
        Misconfigured: `key` is not the issuer's.
        SignatureBroken: the signature does not verify.
    """
    require_same_key(key, issuer.public_key())
    certificate = x509.load_der_x509_certificate(_seal(tbs, key))
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError):
        raise SignatureBroken from None
    return certificate


def _seal(tbs: bytes, key: PrivateKey) -> bytes:
    """A Certificate (RFC 5280 4.1.1) around `tbs`, whose bytes stay as they are."""
    loaded = asn1.TbsCertificate.load(tbs, strict=True)
    sealed: bytes = asn1.Certificate(
        {
            "tbs_certificate": loaded,
            "signature_algorithm": loaded["signature"],
            "signature_value": sign_bytes(key, tbs),
        }
    ).dump()
    return sealed


def _key_identifiers(public_key: bytes, issuer: x509.Certificate) -> Profile:
    """RFC 5280 4.2.1.1 and 4.2.1.2."""
    issuer_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        (x509.SubjectKeyIdentifier(PublicKeyInfo.load(public_key).sha1), False),
        (
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_identifier),
            False,
        ),
    )


def encoded_time(moment: datetime) -> asn1.Time:
    """UTCTime or GeneralizedTime (RFC 5280 4.1.2.5); whole seconds."""
    moment = moment.astimezone(UTC).replace(microsecond=0)
    kind = "general_time" if moment.year >= GENERALIZED_TIME_FROM else "utc_time"
    return asn1.Time(kind, moment)
