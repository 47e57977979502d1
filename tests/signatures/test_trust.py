"""The way from a certificate up to an anchor of ours, and to none of theirs."""

from pathlib import Path

import pytest
from cryptography import x509

from bot.errors import Misconfigured
from bot.sections import servers
from bot.signatures.trust import TrustStore, ocsp_addresses
from demo.foreign import ForeignPki, Signer
from tests.signatures.builders import trust_of


def test_the_leaf_alone_is_enough(pki: ForeignPki, leader: Signer) -> None:
    (path,) = trust_of(pki).paths(leader.der)
    assert path.certificates == (
        leader.certificate,
        pki.issuer.certificate,
        pki.root.certificate,
    )
    leaf, issuer = path.needs
    assert (leaf.ocsp, leaf.crl) == ((f"{pki.address}/ocsp",), (f"{pki.address}/issuer.crl",))
    assert (issuer.ocsp, issuer.crl) == ((), (f"{pki.address}/root.crl",))


def test_no_way_without_the_intermediate(pki: ForeignPki, leader: Signer) -> None:
    assert TrustStore((pki.root.certificate,)).paths(leader.der) == ()


def test_no_way_to_the_same_names_with_other_keys(leader: Signer) -> None:
    with ForeignPki() as other:
        assert trust_of(other).paths(leader.der) == ()


def test_an_anchor_signs_nothing_itself(pki: ForeignPki) -> None:
    assert trust_of(pki).paths(pki.root.der) == ()


@pytest.mark.parametrize("certificate", [b"", b"\x30\x80", b"-----BEGIN CERTIFICATE-----"])
def test_no_way_from_garbage(pki: ForeignPki, certificate: bytes) -> None:
    assert trust_of(pki).paths(certificate) == ()


VERSION_3 = bytes.fromhex("a003020102")


def test_no_way_from_a_version_that_does_not_exist(pki: ForeignPki, leader: Signer) -> None:
    assert VERSION_3 in leader.der
    assert trust_of(pki).paths(leader.der.replace(VERSION_3, bytes.fromhex("a003020103"), 1)) == ()


def test_addresses_that_cannot_be_read_are_none(pki: ForeignPki) -> None:
    """A general name of a type that does not exist; the certificate itself is well signed."""
    twisted = pki.signer("A", address="http://example.vn")
    der = twisted.der.replace(b"\x86\x16http://example.vn/ocsp", b"\x8f\x16http://example.vn/ocsp")
    assert der != twisted.der
    certificate = x509.load_der_x509_certificate(der)
    assert ocsp_addresses(certificate) == ()


def test_folders(pki: ForeignPki, tmp_path: Path) -> None:
    pki.write_trust(tmp_path / "trust")
    (tmp_path / "trust/roots/again.der").write_bytes(pki.root.der)
    store = TrustStore.load(servers.Trust(), tmp_path)
    assert store.roots == (pki.root.certificate, pki.root.certificate)
    assert store.intermediates == (pki.issuer.certificate,)
    assert TrustStore.from_der(*store.to_der()) == store


def test_a_folder_with_something_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "trust/roots").mkdir(parents=True)
    (tmp_path / "trust/roots/readme.txt").write_text("x")
    with pytest.raises(Misconfigured, match=r"trust\.roots"):
        TrustStore.load(servers.Trust(), tmp_path)
