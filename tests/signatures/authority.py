"""A public key infrastructure as a test wants it: any extension, any key, any time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from bot.signatures import smime
from bot.signatures.trust import LAWFUL, Policy, TrustStore
from bot.signatures.verdict import SignedMail

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)
Extension = tuple[x509.ExtensionType, bool]  # and whether it is critical


def usage(*bits: str) -> Extension:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{bit: bit in bits for bit in every}), True


def purpose(*oids: str, critical: bool = False) -> Extension:
    return x509.ExtendedKeyUsage([ObjectIdentifier(oid) for oid in oids]), critical


MAIL, TIME, SERVER, DOCUMENT = (f"1.3.6.1.5.5.7.3.{at}" for at in (4, 8, 1, 36))
OCSP = "1.3.6.1.5.5.7.3.9"
ANY = "2.5.29.37.0"


@dataclass(frozen=True)
class Holder:
    """A certificate with its key; may be an authority."""

    certificate: x509.Certificate
    key: Key
    revoked: dict[int, datetime] = field(default_factory=dict)

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @classmethod
    def root(cls, name: str | x509.Name = "CA gốc", **changes: Any) -> "Holder":
        return _issued(None, name, authority=True, **changes)

    def authority(self, name: str = "CA cấp dưới", **changes: Any) -> "Holder":
        return _issued(self, name, authority=True, **changes)

    def holder(self, name: str = "Người ký", **changes: Any) -> "Holder":
        return _issued(self, name, **changes)

    def crl(
        self,
        *extensions: Extension,
        made: datetime = NOW - HOUR,
        until: datetime | None = NOW + HOUR,
        by: "Holder | None" = None,
    ) -> bytes:
        """Its CRL with everything in `revoked`; signed `by` somebody else if need be."""
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.subject, last_update=made, next_update=until or NOW
        )
        for serial, since in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
            builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign((by or self).key, hashes.SHA256()).public_bytes(Encoding.DER)

    def revoke(self, one: "Holder", since: datetime = NOW - DAY) -> None:
        self.revoked[one.certificate.serial_number] = since


def _issued(
    by: Holder | None,
    name: str | x509.Name,
    *,
    key: Key | None = None,
    authority: bool = False,
    path_length: int | None = None,
    extensions: Sequence[Extension] | None = None,
    since: datetime = NOW - 100 * DAY,
    until: datetime = NOW + 100 * DAY,
    serial: int | None = None,
    issuer_name: x509.Name | None = None,
) -> Holder:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = name if isinstance(name, x509.Name) else named(name)
    signer = by.key if by else key
    usual = usage("key_cert_sign", "crl_sign") if authority else usage("digital_signature")
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name or (by.certificate.subject if by else subject))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension, critical in [usual] if extensions is None else extensions:
        builder = builder.add_extension(extension, critical)
    is_edwards = isinstance(signer, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    return Holder(builder.sign(signer, None if is_edwards else hashes.SHA256()), key)


def named(common_name: str, organisation: str = "Trường THPT Chu Văn An") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@dataclass(frozen=True)
class Pki:
    """A root, an authority below it and a signer; `trust` holds the first two."""

    root: Holder
    issuer: Holder
    signer: Holder

    @classmethod
    def made(cls) -> "Pki":
        root = Holder.root()
        issuer = root.authority()
        return cls(root, issuer, issuer.holder())

    @property
    def trust(self) -> TrustStore:
        return TrustStore((self.root.certificate,), (self.issuer.certificate,))

    def crls(self) -> tuple[bytes, bytes]:
        return self.root.crl(), self.issuer.crl()

    def judge(
        self,
        mail: bytes,
        *,
        trust: TrustStore | None = None,
        crls: Sequence[bytes] | None = None,
        ocsps: Sequence[bytes] = (),
        at: datetime = NOW,
        policy: Policy = LAWFUL,
    ) -> SignedMail:
        """Pass 2, with good CRLs of both authorities unless told otherwise."""
        known = self.crls() if crls is None else crls
        return smime.judge(mail, (trust or self.trust).to_der(), known, ocsps, at, policy)

    def verdict(self, mail: bytes, **given: Any) -> str:
        """Of the mail's one signature: "passed", or its first reason."""
        (signature,) = self.judge(mail, **given).signatures
        return "passed" if signature.passed else signature.verdict.reasons[0]
