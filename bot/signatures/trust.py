"""Whose certificates can be believed: trust anchors, and the way up to them.

Pure but for `load`. The way up uses the intermediates of the trust store
only, never those a file brings along: agencies' signatures often embed just
the leaf, and what a stranger embeds is no reason to fetch or believe anything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from bot.errors import Misconfigured
from bot.sections import servers

_DEPTH_LIMIT = 6  # certificates of one path, root and leaf included

UNREADABLE = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises on hostile DER: most are no ValueError, and extensions come late."""


@dataclass(frozen=True)
class Policy:
    """What is asked of a signature beyond the law.

    `revocation`: every certificate below the anchor needs a status; without, none
    is looked at (for diagnosis only). `unattributed`: a mail's signature without
    signed attributes is let in (RFC 5652 section 5.3 allows it for plain data).
    """

    revocation: bool = True
    unattributed: bool = True


@dataclass(frozen=True)
class Need:
    """A certificate whose status must be known, and where it may be asked for.

    `of_authority`: it is not the signer's own but stands above it.
    """

    certificate: x509.Certificate
    issuer: x509.Certificate
    ocsp: tuple[str, ...]
    crl: tuple[str, ...]
    of_authority: bool


@dataclass(frozen=True)
class CertificatePath:
    """From the signer's certificate up to the trust anchor (RFC 5280 section 6)."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def needs(self) -> tuple[Need, ...]:
        """Every certificate below the anchor, each with its issuer."""
        pairs = zip(self.certificates, self.certificates[1:], strict=False)
        return tuple(
            Need(
                certificate,
                issuer,
                ocsp_addresses(certificate),
                crl_addresses(certificate),
                of_authority=certificate is not self.certificates[0],
            )
            for certificate, issuer in pairs
        )


@dataclass(frozen=True)
class TrustStore:
    """Trust anchors and the intermediate certificates below them."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()

    @classmethod
    def load(cls, trust: servers.Trust, home: Path) -> Self:
        """Read the folders of `trust`, relative to `home`; a missing one is empty.

        Raises:
            Misconfigured: a file in them holds no certificate.
        """
        return cls(
            tuple(_read_folder(home / trust.roots, "trust.roots")),
            tuple(_read_folder(home / trust.intermediates, "trust.intermediates")),
        )

    @classmethod
    def from_der(cls, roots: Iterable[bytes], intermediates: Iterable[bytes]) -> Self:
        return cls(
            tuple(map(x509.load_der_x509_certificate, roots)),
            tuple(map(x509.load_der_x509_certificate, intermediates)),
        )

    def to_der(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Roots and intermediates, as a child of the sandbox takes them."""
        return (
            tuple(root.public_bytes(Encoding.DER) for root in self.roots),
            tuple(one.public_bytes(Encoding.DER) for one in self.intermediates),
        )

    def path(self, certificate: bytes) -> CertificatePath | None:
        """The way from `certificate` (DER, hostile) to an anchor, or None.

        Every signature on it is verified, nothing else is: validity, key
        usage, constraints and status are pass 2's to judge.
        """
        try:
            leaf = x509.load_der_x509_certificate(certificate)
            way = self._climb((leaf,))
        except UNREADABLE:
            return None
        return CertificatePath(way) if way else None

    def _climb(self, way: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...] | None:
        top = way[-1]
        if len(way) > 1 and top in self.roots:
            return way
        if len(way) == _DEPTH_LIMIT:
            return None
        for issuer in (*self.roots, *self._newest_first):
            known = issuer not in way and _issued(top, issuer)
            if known and (whole := self._climb((*way, issuer))):
                return whole
        return None

    @property
    def _newest_first(self) -> list[x509.Certificate]:
        return sorted(self.intermediates, key=lambda one: one.not_valid_after_utc, reverse=True)


def ocsp_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """OCSP responders of the authority information access (RFC 5280 section 4.2.2.1)."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except UNREADABLE:
        return ()
    return tuple(
        description.access_location.value
        for description in access.value
        if description.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(description.access_location, x509.UniformResourceIdentifier)
    )


def crl_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """CRL distribution points by URI (RFC 5280 section 4.2.1.13)."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except UNREADABLE:
        return ()
    return tuple(
        name.value
        for point in points.value
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    )


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except UNREADABLE:
        return False
    return True


def _read_folder(folder: Path, setting: str) -> Iterator[x509.Certificate]:
    for file in sorted(folder.glob("*")):
        data = file.read_bytes()
        try:
            if b"-----BEGIN CERTIFICATE-----" in data:
                yield from x509.load_pem_x509_certificates(data)
            else:
                yield x509.load_der_x509_certificate(data)
        except UNREADABLE:
            raise Misconfigured(
                f"Setting {setting}: {file} holds no certificate.", "Remove it or replace it."
            ) from None
