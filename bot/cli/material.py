"""Certificates and CRLs out of files and folders that people name."""

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from bot.signatures.trust import UNREADABLE, TrustStore, issued

FILES_LIMIT = 2_000
SIZE_LIMIT = 64_000_000  # bytes of all files together
_PEM = b"-----BEGIN "


class TooMuch(ValueError):
    """More files or bytes than are read."""


@dataclass(frozen=True)
class Material:
    """What was found; `crls` in DER."""

    certificates: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.certificates or self.crls)

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Self:
        """Read files, and folders with all below them; what is neither is passed over.

        Raises:
            OSError: a path cannot be read.
            TooMuch: they hold too much.
        """
        certificates: dict[x509.Certificate, None] = {}
        crls: dict[bytes, None] = {}
        left = SIZE_LIMIT
        for number, file in enumerate(_files(paths)):
            data = _head(file, left)
            left -= len(data)
            if number == FILES_LIMIT or not left:
                raise TooMuch
            for found in _objects(data):
                if isinstance(found, x509.Certificate):
                    certificates[found] = None
                else:
                    crls[found.public_bytes(Encoding.DER)] = None
        return cls(tuple(certificates), tuple(crls))

    def trust_store(self) -> TrustStore:
        """Anchors are the self-signed ones; without any, those that no other has issued.

        Beside a root, an authority whose own root is missing is no anchor: whoever
        may have revoked it could not be asked.
        """
        anchors = [one for one in self.certificates if issued(one, one)] or self._tops()
        below = [one for one in self.certificates if one not in anchors]
        return TrustStore(tuple(anchors), tuple(below))

    def _tops(self) -> list[x509.Certificate]:
        by_subject = defaultdict(list)
        for certificate in self.certificates:
            by_subject[certificate.subject].append(certificate)
        return [
            one
            for one in self.certificates
            if not any(issued(one, other) for other in by_subject[one.issuer])
        ]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            for folder, _, names in os.walk(path):
                within = (Path(folder, name) for name in sorted(names))
                yield from (file for file in within if file.is_file())
        else:
            yield path


def _head(file: Path, most: int) -> bytes:
    """At most `most` bytes of an ordinary file: a pipe could keep us waiting for ever."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError(f"{file} is no file")
    with file.open("rb") as opened:
        return opened.read(most)


def _objects(data: bytes) -> Iterator[x509.Certificate | x509.CertificateRevocationList]:
    """What stands in PEM or DER, certs-only PKCS#7 too; what is neither is passed over."""
    for der in _blocks(data):
        for read in (_certificate, _crl, pkcs7.load_der_pkcs7_certificates):
            with suppress(*UNREADABLE):
                yield from read(der)
                break


def _blocks(data: bytes) -> Iterator[bytes]:
    if not pem.detect(data):
        yield data
        return
    with suppress(ValueError):
        yield from (der for _, _, der in pem.unarmor(data, multiple=True))


def _certificate(der: bytes) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(der)]


def _crl(der: bytes) -> list[x509.CertificateRevocationList]:
    return [x509.load_der_x509_crl(der)]
