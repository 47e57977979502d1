"""Whose certificates can be believed: trust anchors, and the ways up to them.

Pure but for `load`. A way up leads over intermediates of the trust store, since
agencies' signatures often embed just the leaf, and over those the signature
brings along: these prove nothing, and count where an anchor's signature reaches them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from bot.errors import Misconfigured
from bot.sections import servers

_DEPTH_LIMIT = 6  # certificates of one path, root and leaf included
_PATHS_LIMIT = 4
_CHECKS_LIMIT = 64  # signatures verified to find them

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


LAWFUL = Policy()


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

    def paths(self, certificate: bytes, chain: Sequence[bytes] = ()) -> tuple[CertificatePath, ...]:
        """The ways from `certificate` (DER, hostile) to an anchor, a few at most.

        `chain` are other certificates (DER, hostile) that may lead there. Every
        signature on a way is verified, nothing else is: validity, key usage,
        constraints and status are pass 2's to judge.
        """
        brought = tuple(_readable(chain))
        checks = iter(range(_CHECKS_LIMIT))
        ways = (
            way
            for leaf in _readable([certificate])
            for way in self._climb((leaf,), brought, checks)
        )
        return tuple(CertificatePath(way) for way in islice(ways, _PATHS_LIMIT))

    def holds(self, certificate: x509.Certificate) -> bool:
        """Whether the operator put it there, and so vouches for it."""
        return certificate in self._held

    def _climb(
        self,
        way: tuple[x509.Certificate, ...],
        brought: tuple[x509.Certificate, ...],
        checks: Iterator[int],
    ) -> Iterator[tuple[x509.Certificate, ...]]:
        top = way[-1]
        passed = [(one.subject, one.public_key()) for one in way]
        strangers = (one for one in _newest_first(brought) if one.subject == top.issuer)
        for issuer in (*self._by_subject.get(top.issuer, ()), *strangers):
            if (issuer.subject, issuer.public_key()) in passed or next(checks, None) is None:
                continue
            if not issued(top, issuer):
                continue
            if issuer in self.roots:
                yield (*way, issuer)
            elif len(way) + 1 < _DEPTH_LIMIT:
                yield from self._climb((*way, issuer), brought, checks)

    @cached_property
    def _held(self) -> frozenset[x509.Certificate]:
        return frozenset((*self.roots, *self.intermediates))

    @cached_property
    def _by_subject(self) -> Mapping[x509.Name, Sequence[x509.Certificate]]:
        """Anchors first, then the newest."""
        found = defaultdict(list)
        for one in (*self.roots, *_newest_first(self.intermediates)):
            found[one.subject].append(one)
        return found


def _newest_first(certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    return sorted(certificates, key=lambda one: one.not_valid_after_utc, reverse=True)


def _readable(certificates: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """Those that can be loaded, with names and a key that can be compared."""
    for der in certificates:
        try:
            certificate = x509.load_der_x509_certificate(der)
            _ = certificate.subject, certificate.issuer, certificate.public_key()
            _ = certificate.not_valid_after_utc
        except UNREADABLE:
            continue
        yield certificate


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


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether names and signature say so; nothing else is looked at."""
    try:
        if isinstance(certificate.signature_hash_algorithm, hashes.SHA1):
            if certificate.issuer != issuer.subject:
                return False
            verify_sha1(certificate.signature, certificate.tbs_certificate_bytes, issuer)
        else:
            certificate.verify_directly_issued_by(issuer)
    except UNREADABLE:
        return False
    return True


def verify_sha1(signature: bytes, signed: bytes, issuer: x509.Certificate) -> None:
    """What cryptography refuses to do. Whether it counts is decided elsewhere.

    Raises: any of `UNREADABLE`.
    """
    match issuer.public_key():
        case rsa.RSAPublicKey() as key:
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        case ec.EllipticCurvePublicKey() as key:
            key.verify(signature, signed, ec.ECDSA(hashes.SHA1()))  # noqa: S303
        case _:
            raise ValueError("no such key")


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
