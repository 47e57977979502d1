import subprocess
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from bot.ca import ceremony, profiles
from bot.ca.certificate import IssuerEndsFirst, new_serial, sign
from bot.ca.lint import lint_certificate
from bot.ca.signing import SignatureBroken
from bot.errors import Misconfigured
from bot.hsm.keys import DeviceEllipticCurvePrivateKey, generate_key
from bot.hsm.subject_keys import SubjectKeys, generate_kek
from bot.hsm.token import Token
from bot.sections.authority import KeyAlgorithm
from tests.ca.builders import ADDRESSES, NOW, YEAR, Chain, a_chain, a_draft, a_public_key, a_subject

RSA = rsa.generate_private_key(65537, 2048)


@pytest.fixture(
    scope="module",
    params=[
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        RSA,
    ],
    ids=["p256", "p384", "rsa"],
)
def any_chain(request: pytest.FixtureRequest) -> Chain:
    return a_chain(request.param)


def extension(certificate: x509.Certificate, kind: type[Any]) -> Any:
    return certificate.extensions.get_extension_for_class(kind)


def test_a_subscriber_certificate_follows_the_profile(chain: Chain) -> None:
    certificate = sign(a_draft(chain.issuer).tbs, chain.key, chain.issuer)

    usage = extension(certificate, x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    assert not usage.value.key_encipherment
    assert not extension(certificate, x509.BasicConstraints).value.ca
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    ]
    assert extension(certificate, x509.SubjectAlternativeName).value.get_values_for_type(
        x509.RFC822Name
    ) == [a_subject().email]
    assert ADDRESSES.crl in str(extension(certificate, x509.CRLDistributionPoints).value)
    assert ADDRESSES.issuer in str(extension(certificate, x509.AuthorityInformationAccess).value)
    assert (
        extension(certificate, x509.AuthorityKeyIdentifier).value.key_identifier
        == extension(chain.issuer, x509.SubjectKeyIdentifier).value.digest
    )
    assert extension(
        certificate, x509.SubjectKeyIdentifier
    ).value == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())


def test_a_mail_signer_only_signs_mail(chain: Chain) -> None:
    profile = profiles.mail_signer("hoso@ca.example.gov.vn", ADDRESSES)
    certificate = sign(a_draft(chain.issuer, profile=profile).tbs, chain.key, chain.issuer)
    usage = extension(certificate, x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.content_commitment
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.EMAIL_PROTECTION
    ]


def test_the_same_arguments_give_the_same_bytes(any_chain: Chain) -> None:
    public_key = a_public_key()
    one, two = (a_draft(any_chain.issuer, public_key=public_key) for _ in range(2))
    assert one.tbs == two.tbs


def test_the_trial_copy_differs_in_its_signature_only(any_chain: Chain) -> None:
    drafted = a_draft(any_chain.issuer)
    trial = x509.load_der_x509_certificate(drafted.trial)
    real = sign(drafted.tbs, any_chain.key, any_chain.issuer)
    assert trial.tbs_certificate_bytes == real.tbs_certificate_bytes == drafted.tbs
    assert trial.signature_algorithm_oid == real.signature_algorithm_oid
    with pytest.raises(InvalidSignature):
        trial.verify_directly_issued_by(any_chain.issuer)


def test_the_linter_has_nothing_to_say(any_chain: Chain) -> None:
    for public_key in (a_public_key(), a_public_key(RSA)):
        drafted = a_draft(any_chain.issuer, public_key=public_key)
        assert not [finding for finding in lint_certificate(drafted.trial) if finding.stops]


@given(
    serial=st.integers(1, 2**159 - 1),
    name=st.text("aăâbcdđeêghiklmnoôơpqrstuưvxy ÁẢÃẠ", min_size=1, max_size=62).filter(
        lambda name: "  " not in f" {name} "
    ),
    days=st.integers(1, 3000),
    begins=st.integers(0, 500),
)
def test_any_draft_is_signed_as_it_stands(
    chain: Chain, serial: int, name: str, days: int, begins: int
) -> None:
    drafted = a_draft(
        chain.issuer,
        serial=serial,
        subject=a_subject(common_name=f"Ô{name}x").name(),
        not_before=NOW + timedelta(days=begins, microseconds=7),
        not_after=NOW + timedelta(days=begins + days),
    )
    certificate = sign(drafted.tbs, chain.key, chain.issuer)
    assert certificate.tbs_certificate_bytes == drafted.tbs
    assert certificate.serial_number == serial == drafted.serial
    certificate.verify_directly_issued_by(chain.issuer)


def test_a_key_that_is_not_the_issuers_signs_nothing(chain: Chain) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(Misconfigured, match="belong together"):
        sign(a_draft(chain.issuer).tbs, stranger, chain.issuer)


def test_a_draft_for_another_issuer_is_not_signed(chain: Chain) -> None:
    namesake_key = ceremony.make_root(
        ceremony.authority_name("O", "another"),
        chain.key,
        not_before=NOW,
        not_after=NOW + 9 * YEAR,
    )
    with pytest.raises(SignatureBroken):
        sign(a_draft(namesake_key).tbs, chain.key, chain.issuer)


class FaultyDevice(DeviceEllipticCurvePrivateKey):
    """Answers with a signature by another key."""

    def sign(self, data: Any, signature_algorithm: Any) -> bytes:
        return ec.generate_private_key(ec.SECP256R1()).sign(data, signature_algorithm)


def test_a_wrong_signature_of_the_device_is_not_issued(chain: Chain) -> None:
    faulty = FaultyDevice(chain.key.public_key(), nullcontext)
    with pytest.raises(SignatureBroken):
        sign(a_draft(chain.issuer).tbs, faulty, chain.issuer)


@pytest.mark.parametrize(
    "changes",
    [
        {"not_after": NOW + 10 * YEAR + timedelta(seconds=1)},
        {"not_before": NOW - timedelta(seconds=1)},
    ],
)
def test_no_certificate_outlives_its_issuer(chain: Chain, changes: dict[str, datetime]) -> None:
    with pytest.raises(IssuerEndsFirst):
        a_draft(chain.issuer, **changes)


def test_dates_change_their_type_in_2050() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    root = ceremony.make_root(
        ceremony.authority_name("O", "R"), key, not_before=NOW, not_after=NOW + 40 * YEAR
    )
    for end, kind in (
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), "utc_time"),
        (datetime(2050, 1, 1, tzinfo=UTC), "general_time"),
    ):
        drafted = a_draft(root, not_after=end)
        assert asn1.TbsCertificate.load(drafted.tbs)["validity"]["not_after"].name == kind
        assert x509.load_der_x509_certificate(drafted.trial).not_valid_after_utc == end
        assert not [finding for finding in lint_certificate(drafted.trial) if finding.stops]


def test_serials_are_positive_and_unlike() -> None:
    serials = [new_serial() for _ in range(2000)]
    assert len(set(serials)) == 2000
    assert all(0 < serial < 2**159 for serial in serials)
    assert max(serials).bit_length() > 150


def test_openssl_accepts_the_whole_chain_from_the_tokens(
    ca_token: Token, subjects_token: Token, tmp_path: Path
) -> None:
    chain = a_chain(generate_key(ca_token, "certificates", KeyAlgorithm.EC_P256))
    generate_kek(subjects_token, "certificates")
    subject_keys = SubjectKeys(subjects_token, "certificates")
    wrapped = subject_keys.generate(KeyAlgorithm.RSA_2048)
    drafted = a_draft(chain.issuer, public_key=wrapped.public_key)
    certificate = sign(drafted.tbs, chain.key, chain.issuer)
    for name, one in (("root", chain.root), ("ca", chain.issuer), ("person", certificate)):
        (tmp_path / name).write_bytes(one.public_bytes(Encoding.PEM))

    verified = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "smimesign", "-attime",
         str(int((NOW + YEAR).timestamp())), "-CAfile", "root", "-untrusted", "ca", "person"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verified.stdout == "person: OK\n", verified.stderr
    with subject_keys.unwrapped(wrapped) as key:
        assert key.public_key() == certificate.public_key()
