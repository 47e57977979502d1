"""A valid CA, subject and draft; a test changes one thing."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.ca import ceremony, profiles
from bot.ca.certificate import Draft, draft
from bot.ca.signing import PrivateKey

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
YEAR = timedelta(days=365)
ADDRESSES = profiles.Addresses(
    crl="http://127.0.0.1:8080/ca.crl",
    issuer="http://127.0.0.1:8080/ca.cer",
    ocsp="http://127.0.0.1:8080/ocsp",
)
ROOT_NAME = ceremony.authority_name("Cơ quan (trình diễn)", "CA gốc trình diễn")
CA_NAME = ceremony.authority_name("Cơ quan (trình diễn)", "CA trình diễn")


class Chain(NamedTuple):
    root: x509.Certificate
    issuer: x509.Certificate
    key: PrivateKey


def a_chain(key: PrivateKey | None = None) -> Chain:
    """A demonstration root and the issuing CA of `key` under it."""
    root_key = ec.generate_private_key(ec.SECP384R1())
    key = key or ec.generate_private_key(ec.SECP256R1())
    root = ceremony.make_root(ROOT_NAME, root_key, not_before=NOW, not_after=NOW + 20 * YEAR)
    issuer = ceremony.certify(
        ceremony.request(CA_NAME, key),
        root,
        root_key,
        not_before=NOW,
        not_after=NOW + 10 * YEAR,
    )
    return Chain(root, issuer, key)


def a_responder(chain: Chain, key: PrivateKey, **changes: Any) -> x509.Certificate:
    """The certificate of who answers OCSP requests for `chain`."""
    valid: dict[str, Any] = {
        "name": CA_NAME,
        "public_key": key.public_key(),
        "issuer": chain.issuer,
        "issuer_key": chain.key,
        "not_before": NOW,
        "not_after": NOW + timedelta(days=90),
    }
    return ceremony.certify_responder(**{**valid, **changes})


def a_subject(**changes: Any) -> profiles.Subject:
    valid: dict[str, Any] = {
        "province": "Hà Nội",
        "organization": "Sở Giáo dục và Đào tạo Hà Nội",
        "units": ("Trường Trung học phổ thông Chuyên",),
        "common_name": "Nguyễn Thị Ánh Tuyết",
        "email": "anhtuyet@hanoiedu.edu.vn",
    }
    return profiles.Subject(**{**valid, **changes})


def a_public_key(key: PrivateKey | None = None) -> bytes:
    public_key = (key or ec.generate_private_key(ec.SECP256R1())).public_key()
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def a_draft(issuer: x509.Certificate, **changes: Any) -> Draft:
    subject = a_subject()
    valid: dict[str, Any] = {
        "subject": subject.name(),
        "public_key": a_public_key(),
        "profile": profiles.subscriber(subject.email, ADDRESSES),
        "issuer": issuer,
        "serial": 0x1234567890ABCDEF,
        "not_before": NOW,
        "not_after": NOW + 3 * YEAR,
    }
    return draft(**{**valid, **changes})


def der(document: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return document.public_bytes(Encoding.DER)
