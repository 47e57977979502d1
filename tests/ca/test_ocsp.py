"""OCSP answers, with OpenSSL as the relying party."""

import secrets
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from asn1crypto import ocsp as asn1
from asn1crypto.core import OctetString
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509 import ocsp as pyca
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus
from hypothesis import given
from hypothesis import strategies as st

from bot.ca import inquiry, ocsp, profiles
from bot.ca.certificate import sign
from bot.ca.crl import Revoked
from bot.ca.inquiry import Unbelievable
from bot.ca.lint import lint_certificate
from bot.ca.ocsp import Unanswerable
from bot.ca.signing import PrivateKey
from bot.errors import Misconfigured
from bot.hsm.keys import generate_key
from bot.hsm.token import Token
from bot.sections.authority import KeyAlgorithm
from tests.ca.builders import NOW, YEAR, Chain, a_chain, a_draft, a_public_key, a_responder
from tests.ca.linted import lint_ocsp

ASKED = NOW + timedelta(days=30)
UNTIL = ASKED + timedelta(minutes=10)
GOOD, BAD, STRANGE = 11, 12, 13
STATUSES = {GOOD: None, BAD: Revoked(BAD, NOW, x509.ReasonFlags.key_compromise)}
UNAUTHORIZED, MALFORMED = OCSPResponseStatus.UNAUTHORIZED, OCSPResponseStatus.MALFORMED_REQUEST
NONCE = b"n" * 32
SHA1 = hashes.SHA1()  # noqa: S303 - RFC 6960 names the issuer by it
REASONS = [reason for reason in x509.ReasonFlags if reason != x509.ReasonFlags.remove_from_crl]


class Delegate(NamedTuple):
    """Who answers for the CA of `chain`."""

    chain: Chain
    key: PrivateKey
    certificate: x509.Certificate

    def answer(self, request: bytes, **changes: Any) -> bytes:
        valid: dict[str, Any] = {
            "statuses": STATUSES,
            "responder": self.certificate,
            "key": self.key,
            "now": ASKED,
            "until": UNTIL,
        }
        return ocsp.answer(ocsp.read(request, self.chain.issuer), **{**valid, **changes})

    def request(self, *serials: int, nonce: bytes = NONCE) -> bytes:
        return inquiry.request(self.chain.issuer, serials, nonce)

    def says(self, response: bytes, now: datetime = ASKED) -> dict[int, OCSPCertStatus]:
        return inquiry.statuses(response, self.chain.issuer, NONCE, now)


@pytest.fixture(scope="module")
def delegate(chain: Chain) -> Delegate:
    key = ec.generate_private_key(ec.SECP256R1())
    return Delegate(chain, key, a_responder(chain, key))


@pytest.fixture(scope="module")
def whole(delegate: Delegate) -> bytes:
    return delegate.answer(delegate.request(GOOD, BAD))


def test_each_status_is_said_of_its_own_certificate(delegate: Delegate) -> None:
    response = delegate.answer(delegate.request(GOOD, BAD, STRANGE))
    assert delegate.says(response) == {
        GOOD: OCSPCertStatus.GOOD,
        BAD: OCSPCertStatus.REVOKED,
        STRANGE: OCSPCertStatus.UNKNOWN,
    }


def test_an_answer_says_what_rfc_6960_asks_for(delegate: Delegate) -> None:
    answer = pyca.load_der_ocsp_response(delegate.answer(delegate.request(BAD)))
    [single] = answer.responses
    assert answer.produced_at_utc == single.this_update_utc == ASKED
    assert single.next_update_utc == UNTIL
    assert single.revocation_time_utc == NOW
    assert single.revocation_reason is x509.ReasonFlags.key_compromise
    identifier = x509.SubjectKeyIdentifier.from_public_key(delegate.key.public_key())
    assert answer.responder_key_hash == identifier.digest
    assert answer.certificates == [delegate.certificate]
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == NONCE
    assert isinstance(answer.signature_hash_algorithm, hashes.SHA256)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_arrives_but_the_unspecified_one(
    delegate: Delegate, reason: x509.ReasonFlags
) -> None:
    statuses = {BAD: Revoked(BAD, NOW, reason)}
    answer = pyca.load_der_ocsp_response(delegate.answer(delegate.request(BAD), statuses=statuses))
    said = None if reason is x509.ReasonFlags.unspecified else reason
    assert answer.revocation_reason is said


def test_the_linter_finds_nothing_in_certificate_and_answer(delegate: Delegate) -> None:
    certificate = delegate.certificate.public_bytes(Encoding.DER)
    assert not [finding for finding in lint_certificate(certificate) if finding.stops]
    assert lint_ocsp(delegate.answer(delegate.request(GOOD, BAD, STRANGE))) == []
    assert lint_ocsp(delegate.answer(delegate.request(GOOD), until=ASKED - YEAR))


def test_a_delegated_certificate_is_for_that_only(delegate: Delegate) -> None:
    extensions = delegate.certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]
    present = {extension.oid for extension in extensions}
    assert x509.OCSPNoCheck.oid in present
    assert x509.AuthorityKeyIdentifier.oid in present
    assert x509.SubjectKeyIdentifier.oid in present
    assert not present & {x509.SubjectAlternativeName.oid, x509.AuthorityInformationAccess.oid}


@pytest.mark.parametrize(
    "algorithm",
    [SHA1, hashes.SHA256(), hashes.SHA384(), hashes.SHA512()],
    ids=lambda one: one.name,
)
def test_the_issuer_may_be_named_by_each_hash(
    delegate: Delegate, algorithm: hashes.HashAlgorithm
) -> None:
    issuer = delegate.chain.issuer
    certificate = sign(a_draft(issuer, serial=GOOD).tbs, delegate.chain.key, issuer)
    builder = pyca.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm)
    request = builder.build().public_bytes(Encoding.DER)
    answer = pyca.load_der_ocsp_response(delegate.answer(request))
    assert answer.certificate_status is OCSPCertStatus.GOOD
    assert isinstance(answer.hash_algorithm, type(algorithm))


def refused(delegate: Delegate, request: bytes) -> OCSPResponseStatus:
    with pytest.raises(Unanswerable) as raised:
        delegate.answer(request)
    status = raised.value.status
    said = pyca.load_der_ocsp_response(ocsp.failure(status))
    assert said.response_status is status
    return status


def test_another_issuer_s_certificate_is_not_ours_to_speak_of(delegate: Delegate) -> None:
    other = a_chain().issuer
    assert refused(delegate, inquiry.request(other, [GOOD], NONCE)) is UNAUTHORIZED
    ours, theirs = (
        asn1.OCSPRequest.load(inquiry.request(issuer, [GOOD], NONCE))["tbs_request"]["request_list"]
        for issuer in (delegate.chain.issuer, other)
    )
    both = asn1.OCSPRequest({"tbs_request": {"request_list": [ours[0], theirs[0]]}})
    assert refused(delegate, both.dump()) is UNAUTHORIZED


def changed(delegate: Delegate, change: Callable[[Any], None]) -> bytes:
    """A valid request with one change."""
    request = asn1.OCSPRequest.load(delegate.request(GOOD))
    change(request["tbs_request"])
    made: bytes = request.dump(force=True)
    return made


def nonces(*values: bytes) -> Callable[[Any], None]:
    def change(tbs: Any) -> None:
        tbs["request_extensions"] = [
            {"extn_id": "nonce", "extn_value": OctetString(value)} for value in values
        ]

    return change


def hash_of(algorithm: str, parameters: Any = None) -> Callable[[Any], None]:
    def change(tbs: Any) -> None:
        wanted = {"algorithm": algorithm, "parameters": parameters}
        tbs["request_list"][0]["req_cert"]["hash_algorithm"] = wanted

    return change


def critical(tbs: Any) -> None:
    unknown = {"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}
    tbs["request_extensions"] = [unknown]


def version(tbs: Any) -> None:
    tbs["version"] = 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (nonces(b""), MALFORMED),
        (nonces(b"n" * 129), MALFORMED),
        (nonces(b"n", b"n"), MALFORMED),
        (critical, MALFORMED),
        (version, MALFORMED),
        (hash_of("md5"), UNAUTHORIZED),
        (hash_of("sha256"), UNAUTHORIZED),
    ],
    ids=["no nonce in it", "long nonce", "two", "critical", "version", "md5", "other hash"],
)
def test_what_cannot_be_answered_is_said_by_its_status(
    delegate: Delegate, change: Callable[[Any], None], status: OCSPResponseStatus
) -> None:
    assert refused(delegate, changed(delegate, change)) is status


@pytest.mark.parametrize("length", [1, 16, 32, 128])
def test_nonces_of_rfc_9654_are_echoed(delegate: Delegate, length: int) -> None:
    nonce = secrets.token_bytes(length)
    answer = pyca.load_der_ocsp_response(delegate.answer(delegate.request(GOOD, nonce=nonce)))
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce


def test_no_more_than_twenty_at_once(delegate: Delegate) -> None:
    most = range(1, ocsp.MOST_ASKED + 1)
    assert len(delegate.says(delegate.answer(delegate.request(*most)))) == ocsp.MOST_ASKED
    assert refused(delegate, delegate.request(*most, GOOD)) is MALFORMED
    assert refused(delegate, delegate.request()) is MALFORMED


def test_a_serial_that_nobody_could_have_is_unknown(delegate: Delegate) -> None:
    for serial in (0, -GOOD, 1 << 2_000):
        response = delegate.answer(delegate.request(serial))
        assert delegate.says(response) == {serial: OCSPCertStatus.UNKNOWN}


@given(request=st.binary(max_size=300))
def test_any_bytes_are_answered_or_refused(delegate: Delegate, request: bytes) -> None:
    assert refused(delegate, request) in {MALFORMED, UNAUTHORIZED}


@given(data=st.data())
def test_any_fault_in_a_request_is_answered_or_refused(
    delegate: Delegate, data: st.DataObject
) -> None:
    request = bytearray(delegate.request(GOOD, BAD))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(request) - 1))
        request[place] = data.draw(st.integers(0, 255))
    try:
        response = delegate.answer(bytes(request))
    except Unanswerable:
        return
    pyca.load_der_ocsp_response(response)


def test_deep_nesting_is_refused(delegate: Delegate) -> None:
    nested = b""
    for _ in range(2_000):
        nested = b"\x30\x84" + len(nested).to_bytes(4, "big") + nested
    assert refused(delegate, nested) is MALFORMED


def test_a_stranger_s_key_answers_nothing(delegate: Delegate) -> None:
    with pytest.raises(Misconfigured):
        delegate.answer(delegate.request(GOOD), key=ec.generate_private_key(ec.SECP256R1()))


class TestBelief:
    """What the look from outside takes for an answer."""

    def test_not_another_s_nonce(self, delegate: Delegate) -> None:
        with pytest.raises(Unbelievable):
            delegate.says(delegate.answer(delegate.request(GOOD, nonce=b"another")))

    def test_nor_none(self, delegate: Delegate) -> None:
        certificate = sign(
            a_draft(delegate.chain.issuer, serial=GOOD).tbs,
            delegate.chain.key,
            delegate.chain.issuer,
        )
        builder = pyca.OCSPRequestBuilder()
        request = builder.add_certificate(certificate, delegate.chain.issuer, SHA1)
        with pytest.raises(Unbelievable):
            delegate.says(delegate.answer(request.build().public_bytes(Encoding.DER)))

    @pytest.mark.parametrize("status", [OCSPResponseStatus.TRY_LATER, MALFORMED])
    def test_not_a_status_alone(self, delegate: Delegate, status: OCSPResponseStatus) -> None:
        with pytest.raises(Unbelievable):
            delegate.says(ocsp.failure(status))

    @pytest.mark.parametrize("now", [UNTIL + timedelta(seconds=1), ASKED - timedelta(minutes=6)])
    def test_nothing_out_of_its_time(self, delegate: Delegate, now: datetime) -> None:
        assert delegate.says(delegate.answer(delegate.request(GOOD)), now) == {}

    def test_not_a_responder_out_of_its_dates(self, delegate: Delegate) -> None:
        late = NOW + timedelta(days=91)
        response = delegate.answer(delegate.request(GOOD), now=late, until=late + YEAR)
        with pytest.raises(Unbelievable):
            delegate.says(response, late)

    def test_not_who_was_delegated_by_another(self, delegate: Delegate) -> None:
        other = a_responder(a_chain(), delegate.key)
        with pytest.raises(Unbelievable):
            delegate.says(delegate.answer(delegate.request(GOOD), responder=other))

    def test_not_a_subscriber(self, delegate: Delegate) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = delegate.chain.issuer
        subscriber = sign(
            a_draft(issuer, public_key=a_public_key(key)).tbs, delegate.chain.key, issuer
        )
        assert not inquiry.is_delegated(subscriber, issuer)
        with pytest.raises(Unbelievable):
            delegate.says(delegate.answer(delegate.request(GOOD), responder=subscriber, key=key))

    def test_not_one_of_whom_somebody_would_have_to_ask(self, delegate: Delegate) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        profile = tuple(
            one for one in profiles.ocsp_responder() if not isinstance(one[0], x509.OCSPNoCheck)
        )
        issuer = delegate.chain.issuer
        checked = a_draft(issuer, public_key=a_public_key(key), profile=profile)
        certificate = sign(checked.tbs, delegate.chain.key, issuer)
        with pytest.raises(Unbelievable):
            delegate.says(delegate.answer(delegate.request(GOOD), responder=certificate, key=key))

    def test_the_issuer_itself(self, delegate: Delegate) -> None:
        issuer, key = delegate.chain.issuer, delegate.chain.key
        response = delegate.answer(delegate.request(GOOD), responder=issuer, key=key)
        assert delegate.says(response) == {GOOD: OCSPCertStatus.GOOD}

    @given(data=st.data())
    def test_no_bit_of_it_may_be_another(
        self, delegate: Delegate, whole: bytes, data: st.DataObject
    ) -> None:
        """What is signed is believed as it is; what is not, changes nothing."""
        response = bytearray(whole)
        response[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        try:
            said = delegate.says(bytes(response))
        except Unbelievable:
            return
        assert said == delegate.says(whole)


def openssl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["openssl", "ocsp", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_openssl_asks_and_believes_what_the_token_signed(
    ca_token: Token, ocsp_token: Token, tmp_path: Path
) -> None:
    chain = a_chain(generate_key(ca_token, "ocsp-issuer", KeyAlgorithm.RSA_2048))
    key = generate_key(ocsp_token, "responder", KeyAlgorithm.EC_P256)
    delegate = Delegate(chain, key, a_responder(chain, key))
    for name, serial in (("good", GOOD), ("bad", BAD)):
        certificate = sign(a_draft(chain.issuer, serial=serial).tbs, chain.key, chain.issuer)
        (tmp_path / name).write_bytes(certificate.public_bytes(Encoding.PEM))
    signer = ec.generate_private_key(ec.SECP256R1())
    requestor = sign(
        a_draft(chain.issuer, public_key=a_public_key(signer)).tbs, chain.key, chain.issuer
    )
    for name, document in (("root", chain.root), ("ca", chain.issuer), ("who", requestor)):
        (tmp_path / name).write_bytes(document.public_bytes(Encoding.PEM))
    (tmp_path / "key").write_bytes(
        signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    asks = ("-issuer", "ca", "-cert", "good", "-cert", "bad", "-serial", str(STRANGE), "-no_nonce")
    at = ("-attime", str(int(ASKED.timestamp())), "-validity_period", str(2**31 - 1))
    for digest, signing in (
        ("-sha1", ()),
        ("-sha256", ()),
        ("-sha1", ("-signer", "who", "-signkey", "key")),
    ):
        made = openssl(tmp_path, digest, *asks, *signing, "-reqout", "request")
        assert made.returncode == 0, made.stderr
        response = delegate.answer((tmp_path / "request").read_bytes())
        (tmp_path / "response").write_bytes(response)
        trusting = ("-CAfile", "root", "-verify_other", "ca")
        shown = openssl(tmp_path, digest, *asks, "-respin", "response", *trusting, *at)
        assert "Response verify OK" in shown.stderr, shown.stderr
        assert "good: good" in shown.stdout
        assert "bad: revoked" in shown.stdout
        assert "Reason: keyCompromise" in shown.stdout
        assert f"{STRANGE}: unknown" in shown.stdout
