"""What a CRL or an OCSP answer says of a certificate, and which say nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ObjectIdentifier

from bot.signatures.status import Status, Statuses
from tests.signatures.authority import (
    DAY,
    HOUR,
    NOW,
    OCSP,
    SERVER,
    Extension,
    Holder,
    Pki,
    purpose,
    usage,
)

GOOD, REVOKED, UNKNOWN = Status.GOOD, Status.REVOKED, Status.UNKNOWN
HERE = "http://crl.gov.vn/1.crl"


def points(*addresses: str, **of: Any) -> Extension:
    names = [x509.UniformResourceIdentifier(one) for one in addresses]
    rest = {"relative_name": None, "reasons": None, "crl_issuer": None} | of
    return x509.CRLDistributionPoints([x509.DistributionPoint(full_name=names, **rest)]), False


def scope(**only: Any) -> Extension:
    none = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(none | only)), True


def strange(critical: bool, oid: str = "1.2.3.4") -> Extension:
    return x509.UnrecognizedExtension(ObjectIdentifier(oid), b"\x05\x00"), critical


def status(
    by: Holder,
    one: Holder,
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
    at: datetime = NOW,
) -> Status:
    return Statuses(crls, ocsps).of(one.certificate, by.certificate, at)


@pytest.fixture
def issuer(made: Pki) -> Holder:
    return made.root.authority("CA cấp")


@pytest.mark.parametrize(
    ("extensions", "says"),
    [
        ([], GOOD),
        ([strange(False)], GOOD),
        ([strange(True)], UNKNOWN),
        ([(x509.DeltaCRLIndicator(1), True)], UNKNOWN),
        ([(x509.DeltaCRLIndicator(1), False)], UNKNOWN),
        ([scope(full_name=[x509.UniformResourceIdentifier(HERE)])], GOOD),
        ([scope(full_name=[x509.UniformResourceIdentifier("http://crl.gov.vn/2")])], UNKNOWN),
        ([scope(only_contains_user_certs=True)], GOOD),
        ([scope(only_contains_ca_certs=True)], UNKNOWN),
        ([scope(only_contains_attribute_certs=True)], UNKNOWN),
        ([scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise]))], UNKNOWN),
        ([scope(indirect_crl=True)], UNKNOWN),
    ],
)
def test_the_scope_of_a_crl(issuer: Holder, extensions: list[Extension], says: Status) -> None:
    one = issuer.holder(extensions=[usage("digital_signature"), points(HERE)])
    assert status(issuer, one, [issuer.crl(*extensions)]) is says
    issuer.revoke(one)
    expected = UNKNOWN if says is UNKNOWN else REVOKED
    assert status(issuer, one, [issuer.crl(*extensions)]) is expected


def test_a_crl_of_users_says_nothing_of_authorities(issuer: Holder) -> None:
    below = issuer.authority("CA dưới")
    assert status(issuer, below, [issuer.crl(scope(only_contains_user_certs=True))]) is UNKNOWN
    assert status(issuer, below, [issuer.crl(scope(only_contains_ca_certs=True))]) is GOOD


def test_who_signs_a_crl(issuer: Holder) -> None:
    one = issuer.holder()
    namesake = Holder.root(issuer.certificate.subject)
    assert status(issuer, one, [namesake.crl()]) is UNKNOWN
    assert status(issuer, one, [issuer.crl(by=one)]) is UNKNOWN
    mute = issuer.authority("CA câm", extensions=[usage("key_cert_sign")])
    assert status(mute, mute.holder(), [mute.crl()]) is UNKNOWN


def test_where_others_list(issuer: Holder) -> None:
    other = [x509.DirectoryName(issuer.certificate.subject)]
    for told in ({"crl_issuer": other}, {"reasons": frozenset([x509.ReasonFlags.superseded])}):
        one = issuer.holder(extensions=[points(HERE, **told)])
        assert status(issuer, one, [issuer.crl()]) is UNKNOWN


def test_when_a_crl_holds(issuer: Holder) -> None:
    one = issuer.holder()
    lapsed = issuer.crl(made=NOW - 2 * DAY, until=NOW - DAY)
    assert status(issuer, one, [lapsed]) is UNKNOWN
    assert status(issuer, one, [lapsed], at=NOW - DAY) is GOOD
    later = issuer.crl(made=NOW + DAY, until=NOW + 2 * DAY)  # it knows what was revoked before
    assert status(issuer, one, [later]) is GOOD


def test_a_crl_made_after_it_expired_is_silent(issuer: Holder) -> None:
    one, then = issuer.holder(until=NOW - 5 * DAY), NOW - 6 * DAY
    assert status(issuer, one, [issuer.crl()], at=then) is UNKNOWN
    for since, says in ((NOW - 50 * DAY, GOOD), (NOW - DAY, UNKNOWN)):
        kept = core.GeneralizedTime(since).dump()
        keeps = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.60"), kept), False
        assert status(issuer, one, [issuer.crl(keeps)], at=then) is says


def test_when_it_was_revoked(issuer: Holder) -> None:
    one = issuer.holder()
    issuer.revoke(one, NOW - DAY)
    assert status(issuer, one, [issuer.crl()]) is REVOKED
    assert status(issuer, one, [issuer.crl()], at=NOW - 2 * DAY) is GOOD


@pytest.mark.parametrize(
    ("extension", "says"),
    [
        ((x509.InvalidityDate(NOW - 3 * DAY), False), REVOKED),
        ((x509.CRLReason(x509.ReasonFlags.superseded), False), GOOD),
        (strange(True), UNKNOWN),
    ],
)
def test_an_entry(issuer: Holder, extension: Extension, says: Status) -> None:
    one = issuer.holder()
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(one.certificate.serial_number)
        .revocation_date(NOW - DAY)
        .add_extension(*extension)
    )
    builder = x509.CertificateRevocationListBuilder(
        issuer.certificate.subject, NOW - HOUR, NOW + HOUR, [], [entry.build()]
    )
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    crl = builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert status(issuer, one, [crl], at=NOW - 2 * DAY) is says


def answer(
    by: Holder,
    one: Holder,
    *,
    issuer: Holder | None = None,
    about: Holder | None = None,
    revoked: datetime | None = None,
    good: bool = True,
    made: datetime = NOW - HOUR,
    until: datetime | None = NOW + HOUR,
    brings: Sequence[Holder] = (),
    extension: Extension | None = None,
) -> bytes:
    said = ocsp.OCSPCertStatus.GOOD if good else ocsp.OCSPCertStatus.UNKNOWN
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=(about or one).certificate,
        issuer=(issuer or by).certificate,
        algorithm=hashes.SHA1(),  # noqa: S303 - RFC 6960 names the issuer by it
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else said,
        this_update=made,
        next_update=until,
        revocation_time=revoked,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
    if brings:
        builder = builder.certificates([one.certificate for one in brings])
    if extension:
        builder = builder.add_extension(*extension)
    assert isinstance(by.key, ec.EllipticCurvePrivateKey)
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, GOOD),
        ({"revoked": NOW - DAY}, REVOKED),
        ({"revoked": NOW + HOUR}, GOOD),
        ({"good": False}, UNKNOWN),
        ({"made": NOW - DAY, "until": NOW - HOUR}, UNKNOWN),
        ({"made": NOW - DAY, "until": None}, UNKNOWN),
        ({"made": NOW - timedelta(minutes=9), "until": None}, GOOD),
        ({"made": NOW + 101 * DAY, "until": NOW + 102 * DAY}, UNKNOWN),  # after it expired
        ({"extension": strange(True)}, UNKNOWN),
    ],
)
def test_an_answer(issuer: Holder, changes: dict[str, Any], says: Status) -> None:
    one = issuer.holder()
    assert status(issuer, one, ocsps=[answer(issuer, one, **changes)]) is says


def test_an_answer_about_another(issuer: Holder, made: Pki) -> None:
    one = issuer.holder()
    other = issuer.holder()
    assert status(issuer, one, ocsps=[answer(issuer, one, about=other)]) is UNKNOWN
    assert status(issuer, one, ocsps=[answer(issuer, one, issuer=made.issuer)]) is UNKNOWN


RESPONDER = [usage("digital_signature"), purpose(OCSP), (x509.OCSPNoCheck(), False)]


@pytest.mark.parametrize(
    ("extensions", "says"),
    [
        (RESPONDER, GOOD),
        (RESPONDER[:2], GOOD),  # its issuer names no place to ask
        ([*RESPONDER[:2], points(HERE)], UNKNOWN),
        ([usage("digital_signature"), purpose(SERVER)], UNKNOWN),
        ([usage("digital_signature")], UNKNOWN),
        ([usage("key_encipherment"), purpose(OCSP)], UNKNOWN),
    ],
)
def test_whom_the_issuer_delegated(
    issuer: Holder, extensions: list[Extension], says: Status
) -> None:
    one = issuer.holder()
    responder = issuer.holder("OCSP", extensions=extensions)
    made = answer(responder, one, issuer=issuer, brings=[responder])
    assert status(issuer, one, ocsps=[made]) is says


def test_a_responder_of_nobodys(issuer: Holder, made: Pki) -> None:
    one = issuer.holder()
    for by in (made.issuer, issuer.authority("CA dưới")):
        responder = by.holder("OCSP", extensions=RESPONDER)
        forged = answer(responder, one, issuer=issuer, brings=[responder, issuer])
        assert status(issuer, one, ocsps=[forged]) is UNKNOWN
    old = issuer.holder("OCSP", extensions=RESPONDER, until=NOW - DAY)
    assert status(issuer, one, ocsps=[answer(old, one, issuer=issuer, brings=[old])]) is UNKNOWN


def test_a_responder_that_was_revoked(issuer: Holder) -> None:
    one = issuer.holder()
    responder = issuer.holder("OCSP", extensions=[*RESPONDER[:2], points(HERE)])
    made = answer(responder, one, issuer=issuer, brings=[responder])
    assert status(issuer, one, [issuer.crl()], [made]) is GOOD
    issuer.revoke(responder)
    forged = answer(responder, one, issuer=issuer, brings=[responder], revoked=NOW - DAY)
    assert status(issuer, one, [issuer.crl()], [forged]) is GOOD  # the CRL alone counts


def test_revoked_outweighs_good(issuer: Holder) -> None:
    one = issuer.holder()
    good = answer(issuer, one)
    issuer.revoke(one)
    assert status(issuer, one, [issuer.crl()], [good]) is REVOKED


def test_bytes_that_say_nothing(issuer: Holder) -> None:
    one = issuer.holder()
    whole = issuer.crl()
    junk = [b"", b"\x30\x80", whole[:-1], whole.replace(b"\x30", b"\x31", 1)]
    assert status(issuer, one, junk, [*junk, answer(issuer, one)[:-3]]) is UNKNOWN
