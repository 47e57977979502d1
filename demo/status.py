"""What OpenSSL says of a certificate, with what it finds where the certificate says."""

import subprocess
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from bot.config import Settings
from bot.home import Home
from bot.register.models import Certificate


class Off(Exception):
    """A check from outside found something wrong."""


def is_good(settings: Settings, one: Certificate) -> str:
    """CRL and OCSP know nothing against it.

    Raises:
        Off: they do, or do not answer.
    """
    if "revoked" in _verified(settings, one) or "good" not in _asked(settings, one):
        raise Off(f"{one.serial} is not good")
    return f"openssl verify -crl_check, openssl ocsp: {one.serial[:16]}… good"


def is_revoked(settings: Settings, one: Certificate) -> str:
    """Both say so.

    Raises:
        Off: one of them does not.
    """
    if "revoked" not in _verified(settings, one) or "revoked" not in _asked(settings, one):
        raise Off(f"{one.serial} is not revoked where relying parties look")
    return f"openssl verify -crl_check, openssl ocsp: {one.serial[:16]}… revoked"


def is_renewed(old: Certificate, new: Certificate) -> str:
    """The same key, longer.

    Raises:
        Off: it is not.
    """
    before, after = _loaded(old), _loaded(new)
    if _key(before) != _key(after) or after.not_valid_after_utc <= before.not_valid_after_utc:
        raise Off(f"{new.serial} does not renew {old.serial}")
    return f"{new.serial[:16]}… has the key of {old.serial[:16]}…, and ends later"


def is_amended(old: Certificate, new: Certificate, mailbox: str) -> str:
    """The same key and end, another mailbox.

    Raises:
        Off: it is not.
    """
    before, after = _loaded(old), _loaded(new)
    [named] = after.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    same = _key(before) == _key(after) and before.not_valid_after_utc == after.not_valid_after_utc
    if not same or named.value != mailbox:
        raise Off(f"{new.serial} does not amend {old.serial}")
    return f"{new.serial[:16]}… has the key and end of {old.serial[:16]}…, for {mailbox}"


def _verified(settings: Settings, one: Certificate) -> str:
    folder = chain(settings)
    crl = x509.load_der_x509_crl(httpx.get(_crl_address(_loaded(one))).content)
    (folder / "ca.crl.pem").write_bytes(crl.public_bytes(Encoding.PEM))
    return openssl(
        "verify", "-x509_strict", "-crl_check", "-CRLfile", folder / "ca.crl.pem",
        "-CAfile", folder / "root.pem", "-untrusted", folder / "ca.pem",
        _file(settings, one),
    )  # fmt: skip


def _asked(settings: Settings, one: Certificate) -> str:
    folder = chain(settings)
    return openssl(
        "ocsp", "-issuer", folder / "ca.pem", "-cert", _file(settings, one),
        "-url", _ocsp_address(_loaded(one)), "-CAfile", folder / "root.pem",
        "-verify_other", folder / "ca.pem",
    )  # fmt: skip


def chain(settings: Settings) -> Path:
    """Where the chain lies for OpenSSL."""
    home = Home(settings)
    folder = home / "outside"
    folder.mkdir(exist_ok=True)
    for name, path in (("root", home.root_certificate), ("ca", home.ca_certificate)):
        certificate = x509.load_der_x509_certificate(path.read_bytes())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return folder


def _file(settings: Settings, one: Certificate) -> Path:
    path = chain(settings) / f"{one.serial}.pem"
    path.write_bytes(_loaded(one).public_bytes(Encoding.PEM))
    return path


def _loaded(one: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(one.der or b"")


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _crl_address(certificate: x509.Certificate) -> str:
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    return str((points[0].full_name or [])[0].value)


def _ocsp_address(certificate: x509.Certificate) -> str:
    about = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    responders = (one for one in about if one.access_method == AuthorityInformationAccessOID.OCSP)
    return str(next(responders).access_location.value)


def openssl(*words: str | Path) -> str:
    """What it says, on either of its outputs."""
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    return done.stdout + done.stderr
