"""One mail judged before any comes: what libraries do the first time, no child need do again.

Runs in the warm process, on a mail and certificates made for the purpose.
"""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from bot.signatures import smime
from bot.signatures.trust import TrustStore

_HOUR = timedelta(hours=1)


def warm_up() -> None:
    """Called once, before the first child."""
    now = datetime.now(UTC)
    key = rsa.generate_private_key(65537, 2048)
    root = _certificate("root", "root", key, now, authority=True)
    signer = _certificate("signer", "root", key, now, authority=False)
    crl = x509.CertificateRevocationListBuilder(root.subject, now, now + _HOUR).sign(
        key, hashes.SHA256()
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(b"Content-Type: text/plain\r\n\r\n")
    mail = builder.add_signer(signer, key, hashes.SHA256()).sign(
        Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature]
    )
    smime.survey(mail).model_dump_json()
    trusted = TrustStore((root,)).to_der()
    smime.judge(mail, trusted, [crl.public_bytes(Encoding.DER)], [], now).model_dump_json()


def _certificate(
    name: str, issuer: str, key: rsa.RSAPrivateKey, now: datetime, *, authority: bool
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        key.public_key(),
        x509.random_serial_number(),
        now - _HOUR,
        now + _HOUR,
    )
    constraints = x509.BasicConstraints(authority, None)
    return builder.add_extension(constraints, critical=True).sign(key, hashes.SHA256())
