from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bot.ca import ceremony
from bot.ca.ceremony import AnswerUnfit
from bot.ca.certificate import IssuerEndsFirst
from bot.ca.lint import LintFailed
from bot.ca.profiles import Addresses
from bot.config import Settings
from bot.errors import Misconfigured
from bot.hsm.keys import generate_key
from bot.hsm.token import Token
from bot.sections.authority import KeyAlgorithm
from tests.ca.builders import ADDRESSES, CA_NAME, NOW, YEAR, Chain, a_chain


def an_answer(key: Any, *extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
    """What some root might send back for `key`."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(CA_NAME)
        .issuer_name(x509.Name.from_rfc4514_string("CN=root above"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + YEAR)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())


def usage(**changes: bool) -> tuple[x509.KeyUsage, bool]:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    flags = {**dict.fromkeys(names, False), "key_cert_sign": True, "crl_sign": True, **changes}
    return x509.KeyUsage(**flags), True


KEY = ec.generate_private_key(ec.SECP256R1())
IS_CA = (x509.BasicConstraints(ca=True, path_length=0), True)
IDENTIFIER = (x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), False)


def test_the_ceremony_makes_a_ca_whose_key_is_on_the_token(ca_token: Token) -> None:
    key = generate_key(ca_token, "ceremony", KeyAlgorithm.EC_P256)
    chain = a_chain(key)
    chain.root.verify_directly_issued_by(chain.root)
    chain.issuer.verify_directly_issued_by(chain.root)
    assert ceremony.accept(chain.issuer, key.public_key(), NOW) is chain.issuer


def test_the_default_settings_name_a_ca() -> None:
    settings = Settings()
    name = ceremony.authority_name(settings.authority.name, settings.issuing.issuer_name)
    assert [part.rfc4514_attribute_name for part in name] == ["C", "O", "CN"]


@pytest.mark.parametrize(("organization", "common_name"), [("O" * 65, "CN"), ("O", "Ô" * 33)])
def test_a_ca_name_too_long_is_named(organization: str, common_name: str) -> None:
    with pytest.raises(Misconfigured, match="too long"):
        ceremony.authority_name(organization, common_name)


def test_a_right_answer_is_accepted() -> None:
    answer = an_answer(KEY, IS_CA, usage(), IDENTIFIER)
    assert ceremony.accept(answer, KEY.public_key(), NOW) is answer


@pytest.mark.parametrize(
    ("extensions", "what"),
    [
        ([usage(), IDENTIFIER], "missing"),
        ([IS_CA, IDENTIFIER], "missing"),
        ([IS_CA, usage()], "missing"),
        ([(x509.BasicConstraints(ca=False, path_length=None), True), usage(), IDENTIFIER], "CA"),
        ([IS_CA, usage(key_cert_sign=False), IDENTIFIER], "may not sign"),
        ([IS_CA, usage(crl_sign=False), IDENTIFIER], "may not sign"),
    ],
)
def test_an_answer_for_no_ca_is_not_accepted(
    extensions: list[tuple[x509.ExtensionType, bool]], what: str
) -> None:
    with pytest.raises(AnswerUnfit, match=what):
        ceremony.accept(an_answer(KEY, *extensions), KEY.public_key(), NOW)


def test_an_answer_for_another_key_is_not_accepted() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    answer = an_answer(other, IS_CA, usage(), IDENTIFIER)
    with pytest.raises(AnswerUnfit, match="another key"):
        ceremony.accept(answer, KEY.public_key(), NOW)


@pytest.mark.parametrize("when", [NOW - timedelta(seconds=1), NOW + YEAR + timedelta(seconds=1)])
def test_an_answer_out_of_its_dates_is_not_accepted(when: Any) -> None:
    with pytest.raises(AnswerUnfit, match="not valid now"):
        ceremony.accept(an_answer(KEY, IS_CA, usage(), IDENTIFIER), KEY.public_key(), when)


def certify_mail_signer(chain: Chain, **changes: Any) -> x509.Certificate:
    valid: dict[str, Any] = {
        "name": ceremony.authority_name("Cơ quan (trình diễn)", "Thư của hệ thống"),
        "mailbox": "hoso@ca.example.gov.vn",
        "public_key": rsa.generate_private_key(65537, 2048).public_key(),
        "issuer": chain.issuer,
        "issuer_key": chain.key,
        "addresses": ADDRESSES,
        "not_before": NOW,
        "not_after": NOW + YEAR,
    }
    return ceremony.certify_mail_signer(**{**valid, **changes})


def test_the_mail_signer_is_certified_for_its_mailbox(chain: Chain) -> None:
    certificate = certify_mail_signer(chain)
    certificate.verify_directly_issued_by(chain.issuer)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == ["hoso@ca.example.gov.vn"]


def test_faults_found_by_the_linter_stop_the_signing(chain: Chain) -> None:
    relative = Addresses(crl="/ca.crl", issuer="/ca.cer", ocsp="/ocsp")
    with pytest.raises(LintFailed, match="RFC 5280"):
        certify_mail_signer(chain, addresses=relative)


def test_no_service_certificate_outlives_the_ca(chain: Chain) -> None:
    with pytest.raises(IssuerEndsFirst):
        certify_mail_signer(chain, not_after=NOW + 11 * YEAR)
