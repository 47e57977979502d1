"""The way from a mail's signer up to an anchor: what may stand on it, and what may not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ObjectIdentifier

from bot.signatures import smime
from bot.signatures.cms import CHAIN_LIMIT
from bot.signatures.trust import Policy, TrustStore
from tests.signatures.authority import (
    ANY,
    DAY,
    DOCUMENT,
    HOUR,
    MAIL,
    NOW,
    OCSP,
    SERVER,
    Extension,
    Holder,
    Pki,
    named,
    purpose,
    usage,
)
from tests.signatures.mails import ENTITY, clear, signed

STRANGE: Extension = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True


def mail_of(signer: Holder, *more: Holder) -> bytes:
    return clear(signed(ENTITY, signer, certificates=[signer, *more]))


@pytest.mark.parametrize(
    ("extensions", "reason"),
    [
        ([], "passed"),  # no key usage is no limit
        ([usage("content_commitment")], "passed"),
        ([usage("key_encipherment")], "certificate.key_usage"),
        ([purpose(MAIL)], "passed"),
        ([purpose(ANY)], "passed"),
        ([purpose(SERVER)], "certificate.extended_key_usage"),
        ([purpose(DOCUMENT)], "certificate.extended_key_usage"),
        ([purpose(SERVER, MAIL)], "passed"),
        ([STRANGE], "certificate.chain"),
    ],
)
def test_what_the_signer_is_meant_for(made: Pki, extensions: list[Extension], reason: str) -> None:
    assert made.verdict(mail_of(made.issuer.holder(extensions=extensions))) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"since": NOW + HOUR}, "certificate.not_yet_valid"),
        ({"until": NOW - HOUR}, "certificate.expired"),
        ({"until": NOW - timedelta(seconds=30)}, "passed"),  # clocks differ
        ({"authority": True}, "certificate.authority"),
    ],
)
def test_the_signer(made: Pki, changes: dict[str, Any], reason: str) -> None:
    assert made.verdict(mail_of(made.issuer.holder(**changes))) == reason


def dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DirectoryName(named("", organisation=name)) for name in names]


def excluded(*names: x509.GeneralName) -> Extension:
    return x509.NameConstraints(None, names), True


def permitted(*names: x509.GeneralName) -> Extension:
    return x509.NameConstraints(names, None), True


HERE = x509.Name(named("x").rdns[:2])  # C and O of everybody here
ELSEWHERE = x509.Name(named("x", "Nơi khác").rdns[:2])
OURS: Extension = x509.SubjectAlternativeName([x509.RFC822Name("a@thptcva.edu.vn")]), False
SIGNS = usage("key_cert_sign", "crl_sign")


@pytest.mark.parametrize(
    ("extensions", "reason"),
    [
        ([], "passed"),
        ([usage("digital_signature")], "certificate.chain"),
        ([SIGNS, purpose(SERVER)], "certificate.extended_key_usage"),
        ([SIGNS, purpose(MAIL, OCSP)], "passed"),
        ([SIGNS, STRANGE], "certificate.chain"),
        ([SIGNS, permitted(x509.DirectoryName(HERE))], "passed"),
        ([SIGNS, permitted(x509.DirectoryName(ELSEWHERE))], "certificate.chain"),
        ([SIGNS, excluded(x509.DirectoryName(HERE))], "certificate.chain"),
        ([SIGNS, excluded(x509.DirectoryName(ELSEWHERE))], "passed"),
        ([SIGNS, permitted(x509.RFC822Name("thptcva.edu.vn"))], "passed"),
        ([SIGNS, permitted(x509.RFC822Name("other.vn"))], "certificate.chain"),
        ([SIGNS, excluded(x509.RFC822Name("thptcva.edu.vn"))], "certificate.chain"),
    ],
)
def test_the_authority_between(made: Pki, extensions: list[Extension], reason: str) -> None:
    between = made.root.authority("CA giữa", extensions=extensions)
    signer = between.holder(extensions=[usage("digital_signature"), OURS])
    crls = (*made.crls(), between.crl())
    assert made.verdict(mail_of(signer, between), crls=crls) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"path_length": 1}, "passed"),
        ({"path_length": 0}, "certificate.chain"),
        ({"until": NOW - DAY}, "certificate.chain"),
    ],
)
def test_limits_of_an_authority(made: Pki, changes: dict[str, Any], reason: str) -> None:
    above = made.root.authority("CA trên", **changes)
    between = above.authority("CA giữa")
    signer = between.holder()
    crls = (*made.crls(), above.crl(), between.crl())
    assert made.verdict(mail_of(signer, above, between), crls=crls) == reason


def test_who_is_no_authority_issues_nothing(made: Pki) -> None:
    false = Holder(made.signer.certificate, made.signer.key).holder("Giả")
    mail = mail_of(false, made.signer)
    assert made.verdict(mail, crls=(*made.crls(), made.signer.crl())) == "certificate.chain"


def test_anchors_are_ours_alone(made: Pki) -> None:
    other = Pki.made()
    assert made.verdict(mail_of(other.signer, other.issuer, other.root)) == "certificate.untrusted"
    key = ec.generate_private_key(ec.SECP256R1())
    alone = Holder.root("Tự ký", key=key).holder("Tự ký", key=key)
    assert made.verdict(mail_of(alone)) == "certificate.untrusted"
    only_between = TrustStore((), (made.issuer.certificate,))
    assert made.verdict(mail_of(made.signer), trust=only_between) == "certificate.untrusted"


def test_an_anchor_that_has_expired() -> None:
    root = Holder.root(until=NOW - DAY)
    issuer = root.authority()
    old = Pki(root, issuer, issuer.holder())
    assert old.verdict(mail_of(old.signer)) == "certificate.chain"
    assert old.verdict(mail_of(old.signer), at=NOW - 2 * DAY) == "passed"


@pytest.mark.parametrize("stated", [{"authority": False}, {"extensions": [usage("crl_sign")]}])
def test_an_anchor_that_says_it_issues_nothing(stated: dict[str, Any]) -> None:
    """Such as a colleague's certificate, put beside the others by mistake."""
    anchor = Holder.root().holder(**stated)
    signer = anchor.holder()
    judged = Pki(anchor, anchor, signer)
    trust = TrustStore((anchor.certificate,))
    assert judged.verdict(mail_of(signer), trust=trust, crls=[anchor.crl()]) == "certificate.chain"


def test_of_several_ways_one_that_holds(made: Pki) -> None:
    """An authority that was renewed: the same name and key, other dates."""
    key = ec.generate_private_key(ec.SECP256R1())
    old = made.root.authority("CA", key=key, until=NOW - DAY)
    new = made.root.authority("CA", key=key, since=NOW - HOUR, until=NOW + 300 * DAY)
    signer = old.holder()
    then = NOW - 2 * DAY
    crls = (*made.crls(), made.root.crl(made=then), old.crl())
    store = TrustStore((made.root.certificate,), (old.certificate, new.certificate))
    assert made.verdict(mail_of(signer), trust=store, crls=crls) == "passed"
    assert made.verdict(mail_of(signer), trust=store, crls=crls, at=then) == "passed"
    assert made.verdict(mail_of(signer, new, old), crls=crls) == "passed"


def test_many_namesakes_and_cycles_cost_little(made: Pki) -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    holders = [Holder.root("A", key=key) for key in keys]
    circle = [
        *(one.authority("A", key=key) for one in holders for key in keys),
        *(Holder.root("A") for _ in range(20)),
    ]
    signer = holders[0].holder()
    chain = [one.der for one in circle] * 40
    assert made.trust.paths(signer.der, chain) == ()


def test_the_brought_ones_are_bounded(made: Pki) -> None:
    between = made.root.authority("CA giữa")
    signer = between.holder()
    junk = [Holder.root(f"{at}") for at in range(20)]
    (found,) = smime.inspect(mail_of(signer, *junk, between)).signatures
    assert (found.intact, len(found.chain)) == (True, CHAIN_LIMIT)


def test_a_weak_key_above(made: Pki) -> None:
    weak = made.root.authority("Yếu", key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - to be refused
    signer = weak.holder()
    crls = (*made.crls(), weak.crl())
    assert made.verdict(mail_of(signer, weak), crls=crls) == "certificate.weak_algorithm"


def by_sha1(subject: Holder, issuer: Holder) -> Holder:
    """The same certificate, signed with SHA-1 by the same issuer, as old roots did."""
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    made = asn1_x509.Certificate.load(subject.der).copy()
    for field in (made["tbs_certificate"]["signature"], made["signature_algorithm"]):
        field["algorithm"] = "sha1_ecdsa"
    to_be_signed = made["tbs_certificate"].dump(force=True)
    made["signature_value"] = issuer.key.sign(to_be_signed, ec.ECDSA(hashes.SHA1()))  # noqa: S303 - to be refused
    return Holder(x509.load_der_x509_certificate(made.dump(force=True)), subject.key)


def test_sha_1_is_believed_where_the_operator_vouches(made: Pki) -> None:
    old = by_sha1(made.issuer, made.root)
    assert old.certificate.signature_hash_algorithm
    assert old.certificate.signature_hash_algorithm.name == "sha1"
    vouched = TrustStore((made.root.certificate,), (old.certificate,))
    assert made.verdict(mail_of(made.signer), trust=vouched) == "passed"
    brought = TrustStore((made.root.certificate,))
    assert made.verdict(mail_of(made.signer, old), trust=brought) == "certificate.weak_algorithm"
    leaf = by_sha1(made.signer, made.issuer)
    assert made.verdict(mail_of(leaf)) == "certificate.weak_algorithm"


def crl_by_sha1(issuer: Holder) -> bytes:
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    made = asn1_crl.CertificateList.load(issuer.crl()).copy()
    for field in (made["tbs_cert_list"]["signature"], made["signature_algorithm"]):
        field["algorithm"] = "sha1_ecdsa"
    to_be_signed = made["tbs_cert_list"].dump(force=True)
    made["signature"] = issuer.key.sign(to_be_signed, ec.ECDSA(hashes.SHA1()))  # noqa: S303 - to be refused
    der: bytes = made.dump(force=True)
    return der


def test_an_old_root_lists_with_sha_1_as_well(made: Pki) -> None:
    """And nobody else; nor is anything else signed by it, or by another key."""
    old = by_sha1(made.root, made.root)
    trust = TrustStore((old.certificate,), (made.issuer.certificate,))
    mail, own = mail_of(made.signer), made.issuer.crl()
    assert made.verdict(mail, trust=trust, crls=[crl_by_sha1(old), own]) == "passed"
    for crls in (
        [crl_by_sha1(old), crl_by_sha1(made.issuer)],
        [crl_by_sha1(replace(old, key=made.signer.key)), own],
        [crl_by_sha1(old)[:-1] + b"\0", own],
    ):
        assert made.verdict(mail, trust=trust, crls=crls) == "revocation.unavailable"
    assert made.verdict(mail, crls=[crl_by_sha1(made.root), own]) == "revocation.unavailable"


def test_without_revocation_for_diagnosis(made: Pki) -> None:
    mail = mail_of(made.signer)
    assert made.verdict(mail, crls=()) == "revocation.unavailable"
    assert made.verdict(mail, crls=(), policy=Policy(revocation=False)) == "passed"


@pytest.mark.parametrize(
    "spoil", [lambda der: der[:-1], lambda der: der.replace(b"\x06\x03U\x1d", b"\x06\x03U\x1f")]
)
def test_a_certificate_that_cannot_be_read(made: Pki, spoil: Callable[[bytes], bytes]) -> None:
    cms_ = signed(ENTITY, made.signer, certificates=[made.signer])
    bent = cms_.replace(made.signer.der, spoil(made.signer.der).ljust(len(made.signer.der), b"\0"))
    assert not made.judge(clear(bent)).passed
