"""A time-stamp that is believed proves an earlier time; any other changes nothing."""

import io
from collections.abc import Callable
from datetime import datetime

import pytest
from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bot.signatures import pdf, smime
from tests.signatures.authority import DAY, HOUR, MAIL, NOW, TIME, Holder, Pki, purpose, usage
from tests.signatures.builders import a_filled_form
from tests.signatures.mails import ENTITY, clear, signed, stamped

STAMPER = [usage("digital_signature"), purpose(TIME, critical=True)]
THEN = NOW - 10 * DAY

Stamp = Callable[[bytes], list[dict[str, object]]]


@pytest.fixture(scope="module")
def authority(made: Pki) -> Holder:
    return made.issuer.holder("TSA", extensions=STAMPER)


@pytest.fixture(scope="module")
def expired(made: Pki) -> Holder:
    """Its certificate was good at THEN, and is not any more."""
    return made.issuer.holder("Hết hạn", until=NOW - 2 * DAY)


def crls(made: Pki) -> tuple[bytes, ...]:
    """As they were while that certificate had not expired, and are good still."""
    return made.root.crl(), made.issuer.crl(made=NOW - 3 * DAY)


def mail_of(signer: Holder, stamp: Stamp) -> bytes:
    return clear(signed(ENTITY, signer, unsigned=stamp))


def test_it_proves_an_earlier_time(made: Pki, authority: Holder, expired: Holder) -> None:
    without = clear(signed(ENTITY, expired))
    assert made.verdict(without, crls=crls(made)) == "certificate.expired"
    (signature,) = made.judge(
        mail_of(expired, stamped(authority, THEN)), crls=crls(made)
    ).signatures
    assert (signature.passed, signature.proven_at) == (True, THEN)
    (found,) = smime.inspect(mail_of(expired, stamped(authority, THEN))).signatures
    assert found.stamped_by == (authority.der,)


def test_revoked_after_the_proven_time(made: Pki, authority: Holder) -> None:
    issuer = made.root.authority("CA khác")
    signer = issuer.holder()
    issuer.revoke(signer, THEN + DAY)
    lists = (*made.crls(), issuer.crl())
    for at, reason in ((THEN, "passed"), (THEN + 2 * DAY, "certificate.revoked")):
        cms_ = signed(
            ENTITY, signer, certificates=[signer, issuer], unsigned=stamped(authority, at)
        )
        assert made.verdict(clear(cms_), crls=lists) == reason


@pytest.mark.parametrize(
    "extensions",
    [
        [usage("digital_signature")],
        [usage("digital_signature"), purpose(MAIL)],
        [usage("digital_signature"), purpose(TIME, critical=False)],
        [usage("digital_signature"), purpose(TIME, MAIL, critical=True)],
        [usage("key_encipherment"), purpose(TIME, critical=True)],
    ],
)
def test_who_is_no_time_stamper(
    made: Pki, expired: Holder, extensions: list[tuple[x509.ExtensionType, bool]]
) -> None:
    false = made.issuer.holder("TSA", extensions=extensions)
    mail = mail_of(expired, stamped(false, THEN))
    assert made.verdict(mail, crls=crls(made)) == "certificate.expired"


def bad_stamps(made: Pki, authority: Holder) -> list[Stamp]:
    stranger = Pki.made().issuer.holder("TSA", extensions=STAMPER)
    return [
        stamped(stranger, THEN),
        stamped(authority, THEN, over=b"another signature"),
        stamped(authority, THEN, digest="sha1"),
        stamped(authority, THEN, certificates=[stranger]),
        stamped(authority, NOW + DAY),
        stamped(made.issuer.holder("TSA", extensions=STAMPER, until=NOW - HOUR), THEN),
        lambda value: [{"type": "signature_time_stamp_token", "values": []}],
        lambda value: [*stamped(authority, THEN)(b""), *stamped(authority, THEN)(b"x")],
    ]


@pytest.mark.parametrize("number", range(8))
def test_a_bad_one_makes_nothing_better_and_nothing_worse(
    made: Pki, authority: Holder, expired: Holder, number: int
) -> None:
    stamp = bad_stamps(made, authority)[number]
    assert made.verdict(mail_of(expired, stamp), crls=crls(made)) == "certificate.expired"
    (signature,) = made.judge(mail_of(made.signer, stamp)).signatures
    assert (signature.passed, signature.proven_at) == (True, None)


def test_a_bad_one_spoils_no_good_one(made: Pki, authority: Holder, expired: Holder) -> None:
    for bad in bad_stamps(made, authority)[:3]:

        def both(value: bytes, bad: Stamp = bad) -> list[dict[str, object]]:
            return [*bad(value), *stamped(authority, THEN)(value)]

        assert made.verdict(mail_of(expired, both), crls=crls(made)) == "passed"


def test_the_status_at_the_proven_time_may_be_unknown(
    made: Pki, authority: Holder, expired: Holder
) -> None:
    """Lists made after it expired are silent on it: neither good nor bad."""
    assert made.verdict(mail_of(expired, stamped(authority, THEN))) == "revocation.unavailable"


@pytest.mark.parametrize("at", [NOW - 200 * DAY, NOW - HOUR])
def test_a_good_one_makes_nothing_worse(made: Pki, authority: Holder, at: datetime) -> None:
    (signature,) = made.judge(mail_of(made.signer, stamped(authority, at))).signatures
    assert (signature.passed, signature.proven_at) == (True, at)


def test_one_whose_status_is_unknown_may_count_later(made: Pki, expired: Holder) -> None:
    other = made.root.authority("CA dấu thời gian")
    stamper = other.holder("TSA", extensions=STAMPER)
    mail = mail_of(expired, stamped(stamper, THEN, certificates=[stamper, other]))
    assert made.verdict(mail, crls=crls(made)) == "revocation.unavailable"
    assert made.verdict(mail, crls=(*crls(made), other.crl())) == "passed"
    other.revoke(stamper)
    assert made.verdict(mail, crls=(*crls(made), other.crl())) == "certificate.expired"


def signing_key(holder: Holder) -> keys.PrivateKeyInfo:
    der = holder.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return keys.PrivateKeyInfo.load(der)


def test_in_a_file_as_pyhanko_makes_it(made: Pki, expired: Holder) -> None:
    key = rsa.generate_private_key(65537, 2048)
    authority = made.issuer.holder("TSA", extensions=STAMPER, key=key)
    store = SimpleCertificateStore()
    certificates = [asn1_x509.Certificate.load(one.der) for one in (authority, expired)]
    signed_ = sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(a_filled_form())),
        PdfSignatureMetadata(field_name="leader", subfilter=SigSeedSubFilter.PADES),
        signer=SimpleSigner(certificates[1], signing_key(expired), store),
        timestamper=DummyTimeStamper(certificates[0], signing_key(authority), store, fixed_dt=THEN),
    )
    document = signed_.getvalue()
    (found,) = pdf.inspect(document).signatures
    assert found.stamped_by == (authority.der,)
    (signature,) = pdf.judge(document, "a.pdf", made.trust, crls(made), (), NOW).signatures
    assert (signature.passed, signature.proven_at) == (True, THEN)
    (without,) = pdf.judge(document, "a.pdf", made.trust, made.crls(), (), NOW).signatures
    assert not without.passed  # lists made after it expired are silent on it
