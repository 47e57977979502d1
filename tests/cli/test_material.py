"""Certificates and CRLs, as people keep them."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from bot.cli import material
from bot.cli.material import Material, TooMuch
from demo.foreign import ForeignPki
from tests.signatures.authority import Holder
from tests.signatures.builders import crls_of


def pem_crl(der: bytes) -> bytes:
    return x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)


def test_every_way_of_keeping_them(pki: ForeignPki, tmp_path: Path) -> None:
    root, issuer = pki.root.certificate, pki.issuer.certificate
    lists = crls_of(pki)
    pems = [one.public_bytes(Encoding.PEM) for one in (root, issuer)]
    for kept in (
        b"Bag Attributes\n  friendlyName: A\n" + pems[0] + b"\n# and\r\n" + pems[1],
        pkcs7.serialize_certificates([root, issuer], Encoding.DER),
        pkcs7.serialize_certificates([root, issuer], Encoding.PEM),
        b"".join([*map(pem_crl, lists), *pems]),
    ):
        (tmp_path / "kept").write_bytes(kept)
        assert set(Material.read([tmp_path / "kept"]).certificates) == {root, issuer}
    assert set(Material.read([tmp_path / "kept"]).crls) == set(lists)


def test_a_folder_with_all_below_it_and_whatever_else(pki: ForeignPki, tmp_path: Path) -> None:
    pki.write_trust(tmp_path)
    (tmp_path / "README").write_text("our roots")
    (tmp_path / "broken.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CER")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "again").symlink_to(tmp_path)
    found = Material.read([tmp_path])
    assert set(found.certificates) == {pki.root.certificate, pki.issuer.certificate}


@pytest.mark.parametrize(("limit", "most"), [("FILES_LIMIT", 1), ("SIZE_LIMIT", 100)])
def test_more_than_is_read(
    pki: ForeignPki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    pki.write_trust(tmp_path)
    monkeypatch.setattr(material, limit, most)
    with pytest.raises(TooMuch):
        Material.read([tmp_path])


def test_a_pipe_is_not_waited_for() -> None:
    with pytest.raises(OSError, match="no file"):
        Material.read([Path("/dev/zero")])


def test_an_authority_without_its_root_is_no_anchor_beside_one() -> None:
    """Its other certificate, by the root that is there, may have been revoked."""
    root, gone = Holder.root("CA gốc"), Holder.root("CA gốc khác")
    own = root.authority("CA")
    cross = gone.authority("CA", key=own.key)
    known = Material((root.certificate, own.certificate, cross.certificate)).trust_store()
    assert known.roots == (root.certificate,)
    assert set(known.intermediates) == {own.certificate, cross.certificate}
    assert Material((cross.certificate,)).trust_store().roots == (cross.certificate,)


def test_a_root_that_signed_itself_twice() -> None:
    old = Holder.root("CA gốc")
    new = Holder.root("CA gốc", key=old.key)
    both = (old.certificate, new.certificate)
    assert Material(both).trust_store().roots == both
