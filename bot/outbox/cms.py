"""Detached CMS signatures for mail (RFC 5652, RFC 8551), whatever holds the key.

Only `sign` and `public_key` of the key are used, so it may live on a token. Made
here rather than by `PKCS7SignatureBuilder`, which leaves out the
signing-certificate attribute (RFC 5035) that ties the signature to one certificate.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

SHA_256 = algos.DigestAlgorithm({"algorithm": "sha256"})


def signed_data(
    content: bytes,
    key: PrivateKey,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    now: datetime,
) -> bytes:
    """A DER ContentInfo whose SHA-256 signature covers `content` without holding it.

    `chain` are the intermediates that a recipient needs beside its own roots.
    """
    signer, *others = [_parsed(one) for one in (certificate, *chain)]
    attributes = _signed_attributes(content, signer, now)
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": signer.issuer, "serial_number": signer.serial_number}
                    )
                }
            ),
            "digest_algorithm": SHA_256,
            "signed_attrs": attributes,
            "signature_algorithm": _signature_algorithm(key),
            "signature": _sign(key, attributes.dump()),
        }
    )
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [SHA_256],
            "encap_content_info": {"content_type": "data"},
            "certificates": [signer, *others],
            "signer_infos": [info],
        }
    )
    encoded: bytes = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
    return encoded


def _signed_attributes(
    content: bytes, signer: asn1.Certificate, now: datetime
) -> cms.CMSAttributes:
    which = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(signer.dump()).digest()})
    values = {
        "content_type": "data",
        "signing_time": cms.Time({"utc_time": now.replace(microsecond=0)}),
        "message_digest": hashlib.sha256(content).digest(),
        "signing_certificate_v2": tsp.SigningCertificateV2({"certs": [which]}),
    }
    return cms.CMSAttributes(
        cms.CMSAttribute({"type": name, "values": [value]}) for name, value in values.items()
    )


def _signature_algorithm(key: PrivateKey) -> algos.SignedDigestAlgorithm:
    if isinstance(key, rsa.RSAPrivateKey):
        # RFC 3370 3.2: rsaEncryption is what every reader knows
        return algos.SignedDigestAlgorithm(
            {"algorithm": "rsassa_pkcs1v15", "parameters": core.Null()}
        )
    return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})


def _sign(key: PrivateKey, attributes: bytes) -> bytes:
    """RFC 5652 5.4: over the DER of the attributes as SET OF, not as they are tagged."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(attributes, ec.ECDSA(hashes.SHA256()))


def _parsed(certificate: x509.Certificate) -> asn1.Certificate:
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
