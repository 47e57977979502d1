"""Certificate revocation lists: full, version 2 (RFC 5280, 5); drafted, then signed.

Entries are DER from the first, so that whoever keeps them makes a new list of
100,000 by joining bytes and one signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from asn1crypto import crl as asn1
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import Integer
from asn1crypto.parser import emit
from cryptography import x509

from bot.ca.certificate import encoded_time
from bot.ca.signing import (
    PrivateKey,
    algorithm_for,
    require_same_key,
    sign_bytes,
    throwaway_key,
    verify_bytes,
)

SEQUENCE = (0, 1, 16)  # class, method, tag
SHOWN = 20  # entries of a trial: one function makes all of them, so a few show their shape


@dataclass(frozen=True)
class Revoked:
    """One entry.

    Attributes:
        at: when the certificate lost its validity; aware, whole seconds count.
        reason: REMOVE_FROM_CRL has no place in a full CRL.
    """

    serial: int
    at: datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


@dataclass(frozen=True)
class CrlDraft:
    """A list that nobody has signed yet.

    Attributes:
        tbs: the TBSCertList, DER: what `sign` will sign, to the byte.
        trial: a whole list, DER, with another signature and the last entries only, for
            linting: that takes 0.3 ms an entry, half a minute for 100,000.
    """

    tbs: bytes
    trial: bytes


def entry(one: Revoked) -> bytes:
    """An element of revokedCertificates (5.1.2.6), DER."""
    time: bytes = encoded_time(one.at).dump()
    return _sequence(Integer(one.serial).dump() + time + _entry_extensions(one.reason))


def draft(
    *,
    issuer: x509.Certificate,
    number: int,
    this_update: datetime,
    next_update: datetime,
    entries: Sequence[bytes],
) -> CrlDraft:
    """Lay down the list of everything `issuer` has revoked.

    It covers all of the issuer's certificates and all reasons, so it has no
    issuingDistributionPoint (5.2.5).

    Args:
        number: greater than every number used before (5.2.3).
        this_update, next_update: aware; whole seconds count.
        entries: each as `entry` made it.
    """
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    algorithm = algorithm_for(issuer.public_key())
    head = {
        "version": "v2",
        "signature": {"algorithm": algorithm},
        "issuer": asn1_x509.Name.load(issuer.subject.public_bytes()),
        "this_update": encoded_time(this_update),
        "next_update": encoded_time(next_update),
        "crl_extensions": [
            {
                "extn_id": "authority_key_identifier",
                "extn_value": asn1_x509.AuthorityKeyIdentifier(
                    {"key_identifier": identifier.digest}
                ),
            },
            {"extn_id": "crl_number", "extn_value": Integer(number)},
        ],
    }
    tbs, trial = (_laid_down(head, some) for some in (entries, entries[-SHOWN:]))
    return CrlDraft(tbs, _seal(trial, throwaway_key(algorithm)))


def sign(tbs: bytes, key: PrivateKey, issuer: x509.Certificate) -> bytes:
    """Sign a draft's bytes, unchanged; the CertificateList, DER, verified under `issuer`.

    Raises:
        Misconfigured: `key` is not the issuer's.
        SignatureBroken: the signature does not verify.
    """
    require_same_key(key, issuer.public_key())
    signed = _seal(tbs, key)
    verify_bytes(issuer.public_key(), x509.load_der_x509_crl(signed).signature, tbs)
    return signed


def _laid_down(head: dict[str, object], entries: Sequence[bytes]) -> bytes:
    listed = asn1.RevokedCertificates.load(_sequence(b"".join(entries))) if entries else None
    tbs: bytes = asn1.TbsCertList({**head, "revoked_certificates": listed}).dump()
    return tbs


def _seal(tbs: bytes, key: PrivateKey) -> bytes:
    """A CertificateList (5.1) around `tbs`, whose bytes stay as they are."""
    loaded = asn1.TbsCertList.load(tbs, strict=True)
    sealed: bytes = asn1.CertificateList(
        {
            "tbs_cert_list": loaded,
            "signature_algorithm": loaded["signature"],
            "signature": sign_bytes(key, tbs),
        }
    ).dump()
    return sealed


@cache
def _entry_extensions(reason: x509.ReasonFlags) -> bytes:
    """5.3; an unspecified reason is rather left out (5.3.1)."""
    if reason is x509.ReasonFlags.unspecified:
        return b""
    made: bytes = asn1.CRLEntryExtensions(
        [{"extn_id": "crl_reason", "extn_value": asn1.CRLReason(reason.name)}]
    ).dump()
    return made


def _sequence(content: bytes) -> bytes:
    encoded: bytes = emit(*SEQUENCE, content)
    return encoded
