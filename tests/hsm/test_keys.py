import copy
import hashlib
import hmac
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)
from cryptography.x509 import ocsp
from pkcs11 import Attribute, ObjectClass

from bot.hsm.keys import KeyExists, PrivateKey, find_key, generate_key, generate_secret, mac
from bot.hsm.token import KeyMissing, Token
from bot.sections.authority import KeyAlgorithm

NAME = x509.Name.from_rfc4514_string("CN=device")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
HASHES = [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


@pytest.fixture(scope="module", params=KeyAlgorithm)
def key(request: pytest.FixtureRequest, post_token: Token) -> PrivateKey:
    algorithm: KeyAlgorithm = request.param
    return generate_key(post_token, f"keys {algorithm}", algorithm)


def a_certificate(key: PrivateKey) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=9999))
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )


@pytest.mark.parametrize("algorithm", HASHES, ids=lambda algorithm: algorithm.name)
def test_signatures_verify_under_the_public_key(
    key: PrivateKey, algorithm: hashes.HashAlgorithm
) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(b"data", padding.PKCS1v15(), algorithm)
        key.public_key().verify(signature, b"data", padding.PKCS1v15(), algorithm)
    else:
        signature = key.sign(b"data", ec.ECDSA(algorithm))
        key.public_key().verify(signature, b"data", ec.ECDSA(algorithm))


def test_every_builder_takes_the_key(key: PrivateKey) -> None:
    certificate = a_certificate(key)
    certificate.verify_directly_issued_by(certificate)

    csr = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, hashes.SHA256())
    assert csr.is_signature_valid

    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(NAME)
        .last_update(NOW)
        .next_update(NOW)
        .sign(key, hashes.SHA256())
    )
    assert crl.is_signature_valid(key.public_key())

    response = (
        ocsp.OCSPResponseBuilder()
        .add_response(certificate, certificate, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, NOW,
                      NOW, None, None)
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    assert response.signature


def test_openssl_verifies_mail_signed_on_the_token(key: PrivateKey, tmp_path: Path) -> None:
    certificate = a_certificate(key)
    (tmp_path / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "mail.eml").write_bytes(
        PKCS7SignatureBuilder()
        .set_data("Content-Type: text/plain; charset=utf-8\r\n\r\nKính gửi\r\n".encode())
        .add_signer(certificate, key, hashes.SHA256())
        .sign(Encoding.SMIME, [PKCS7Options.DetachedSignature])
    )
    verified = subprocess.run(
        ["openssl", "cms", "-verify", "-in", "mail.eml", "-CAfile", "ca.pem", "-purpose", "any"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr
    assert "Kính gửi" in verified.stdout.decode()


def test_a_key_is_found_again_by_its_label(key: PrivateKey, post_token: Token) -> None:
    with post_token.session() as session:
        labels = {
            found[Attribute.LABEL]
            for found in session.raw.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        }
    again = [find_key(post_token, label) for label in labels if label.startswith("keys ")]
    assert key.public_key() in [one.public_key() for one in again]


def test_the_private_key_stays_inside(key: PrivateKey) -> None:
    with pytest.raises(UnsupportedAlgorithm):
        key.private_numbers()
    with pytest.raises(UnsupportedAlgorithm):
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert copy.copy(key) is copy.deepcopy(key) is key
    assert key.key_size == key.public_key().key_size


def test_a_token_key_is_sensitive_and_never_was_extractable(
    key: PrivateKey, post_token: Token
) -> None:
    with post_token.session() as session:
        kept = [
            found
            for found in session.raw.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
            if found[Attribute.TOKEN]
        ]
        assert kept
        for found in kept:
            assert found[Attribute.ALWAYS_SENSITIVE]
            assert found[Attribute.NEVER_EXTRACTABLE]
            assert not found[Attribute.DECRYPT]
            assert not found[Attribute.UNWRAP]


def test_only_pkcs1_padding_is_made(post_token: Token) -> None:
    key = generate_key(post_token, "padding", KeyAlgorithm.RSA_2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    with pytest.raises(UnsupportedAlgorithm):
        key.sign(b"x", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


def test_a_label_is_taken_once(post_token: Token) -> None:
    generate_key(post_token, "once", KeyAlgorithm.EC_P256)
    with pytest.raises(KeyExists):
        generate_key(post_token, "once", KeyAlgorithm.EC_P256)
    generate_secret(post_token, "once")
    with pytest.raises(KeyExists):
        generate_secret(post_token, "once")


def test_a_mac_depends_on_secret_and_data_and_nothing_else(post_token: Token) -> None:
    generate_secret(post_token, "mac one")
    generate_secret(post_token, "mac two")
    first = mac(post_token, "mac one", b"account 1")
    assert first == mac(post_token, "mac one", b"account 1")
    assert first != mac(post_token, "mac one", b"account 2")
    assert first != mac(post_token, "mac two", b"account 1")
    with pytest.raises(KeyMissing):
        mac(post_token, "mac three", b"account 1")


def test_a_mac_is_hmac_sha256(post_token: Token) -> None:
    with post_token.session() as session:
        session.raw.create_object(
            {
                Attribute.CLASS: ObjectClass.SECRET_KEY,
                Attribute.KEY_TYPE: 0x10,  # CKK_GENERIC_SECRET
                Attribute.LABEL: "known",
                Attribute.VALUE: b"k" * 32,
                Attribute.SIGN: True,
            }
        )
        expected = hmac.digest(b"k" * 32, b"data", hashlib.sha256)
        assert mac(post_token, "known", b"data") == expected
