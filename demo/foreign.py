"""A public key infrastructure beside ours: where agencies' certificates come from.

A root, an intermediate «CA phục vụ các cơ quan Nhà nước (trình diễn)» and
signing certificates for leaders and seals, with a CRL and OCSP served over
HTTP on loopback, as the real ones are. For the demonstration and the tests;
its keys lie in memory and are worth nothing.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def rsa_2048() -> PrivateKey:
    """As agencies have today."""
    return rsa.generate_private_key(65537, 2048)


def p256() -> PrivateKey:
    """A hundred times as quickly made."""
    return ec.generate_private_key(ec.SECP256R1())


ROOT_NAME = "CA gốc (trình diễn)"
ISSUER_NAME = "CA phục vụ các cơ quan Nhà nước (trình diễn)"
_BACKDATED = timedelta(days=400)  # certificates have been in use for a while
_LIFE = timedelta(days=1_000)
_FRESH = timedelta(hours=1)  # nextUpdate − thisUpdate


class Service(Enum):
    """How the status service behaves."""

    UP = auto()
    DOWN = auto()  # answers 503
    HANGING = auto()  # takes the connection and stays silent
    STALE = auto()  # serves answers whose nextUpdate has passed


@dataclass(frozen=True)
class Signer:
    """A signing certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


class ForeignPki:
    """Root, intermediate, leaves and their status service.

    A context manager: inside, CRLs are at `/root.crl` and `/issuer.crl` and
    OCSP at `/ocsp` below `address`. `hits` counts requests by path;
    `crl_service` and `ocsp_service` say how each behaves.

    Args:
        new_key: makes the key of everybody who brings none.
    """

    def __init__(self, new_key: Callable[[], PrivateKey] = rsa_2048) -> None:
        self._new_key = new_key
        self.hits: Counter[str] = Counter()
        self.crl_service = Service.UP
        self.ocsp_service = Service.UP
        self._revoked: dict[int, datetime] = {}
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.root = self._authority(ROOT_NAME, None)
        self.issuer = self._authority(ISSUER_NAME, self.root)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Prefix of every address in the certificates, as `trust.addresses` takes it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def signer(
        self,
        name: str,
        *,
        organisation: str = "Trường THPT Chu Văn An",
        key: PrivateKey | None = None,
        usage: Sequence[str] = ("digital_signature", "content_commitment"),
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        address: str | None = None,
        mailboxes: Sequence[str] = (),
    ) -> Signer:
        """A signing certificate for a leader or a seal, with a new key unless `key` is given.

        `usage` lists the key usage bits, `address` stands in the certificate
        instead of our own, `mailboxes` are its e-mail addresses.
        """
        now = datetime.now(UTC)
        key = key or self._new_key()
        return Signer(
            self._certificate(
                _name(name, organisation),
                key,
                (self.issuer.certificate.subject, self.issuer.key),
                "issuer.crl",
                _usage(*usage),
                period=(not_before or now - _BACKDATED, not_after or now + _LIFE),
                address=address or self.address,
                mailboxes=mailboxes,
            ),
            key,
        )

    def revoke(self, certificate: x509.Certificate, at: datetime | None = None) -> None:
        """Revoke `certificate`, ours or the intermediate's; since an hour ago unless `at`."""
        since = at or datetime.now(UTC) - timedelta(hours=1)
        self._revoked[certificate.serial_number] = since.replace(microsecond=0)

    def write_trust(self, folder: Path) -> None:
        """Write `roots/` and `intermediates/` below `folder`, as `bot.toml` names them."""
        for name, one in (("roots", self.root), ("intermediates", self.issuer)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / "foreign.pem").write_bytes(one.certificate.public_bytes(Encoding.PEM))

    def crl(self, issuer: Signer, now: datetime) -> bytes:
        """A CRL in DER with everything revoked."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(now + _FRESH)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(_key_identifier(issuer.key), critical=False)
        )
        for serial, since in self._revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def ocsp(self, question: bytes, now: datetime) -> bytes:
        """An OCSP answer in DER, signed by the intermediate."""
        asked = ocsp.load_der_ocsp_request(question)
        since = self._revoked.get(asked.serial_number)
        status = ocsp.OCSPCertStatus.REVOKED if since else ocsp.OCSPCertStatus.GOOD
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm,
            cert_status=status,
            this_update=now,
            next_update=now + _FRESH,
            revocation_time=since,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.issuer.certificate)
        builder = builder.certificates([self.issuer.certificate])
        return builder.sign(self.issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _authority(self, name: str, above: Signer | None) -> Signer:
        key = self._new_key()
        own_name = _name(name, "Cơ quan trình diễn")
        now = datetime.now(UTC)
        issuer_name, issuer_key = (
            (above.certificate.subject, above.key) if above else (own_name, key)
        )
        certificate = self._certificate(
            own_name,
            key,
            (issuer_name, issuer_key),
            "root.crl" if above else None,
            _usage("key_cert_sign", "crl_sign", "digital_signature"),
            period=(now - 2 * _BACKDATED, now + 2 * _LIFE),
            address=self.address,
            authority=True,
        )
        return Signer(certificate, key)

    def _certificate(
        self,
        subject: x509.Name,
        key: PrivateKey,
        issuer: tuple[x509.Name, PrivateKey],
        crl: str | None,
        usage: x509.KeyUsage,
        *,
        period: tuple[datetime, datetime],
        address: str,
        mailboxes: Sequence[str] = (),
        authority: bool = False,
    ) -> x509.Certificate:
        issuer_name, issuer_key = issuer
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(period[0])
            .not_valid_after(period[1])
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(_key_identifier(issuer_key), critical=False)
        )
        if crl:
            points = [x509.UniformResourceIdentifier(f"{address}/{crl}")]
            point = x509.DistributionPoint(points, None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        if crl and not authority:
            access = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP,
                x509.UniformResourceIdentifier(f"{address}/ocsp"),
            )
            purposes = [ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(
                x509.AuthorityInformationAccess([access]), critical=False
            ).add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if mailboxes:
            names = x509.SubjectAlternativeName(map(x509.RFC822Name, mailboxes))
            builder = builder.add_extension(names, critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pki = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer = {"/root.crl": pki.root, "/issuer.crl": pki.issuer}.get(self.path)
                if issuer is None:
                    self.send_error(404)
                else:
                    self._serve(pki.crl_service, lambda now: pki.crl(issuer, now))

            def do_POST(self) -> None:
                question = self.rfile.read(int(self.headers["Content-Length"]))
                self._serve(pki.ocsp_service, lambda now: pki.ocsp(question, now))

            def _serve(self, service: Service, make: Callable[[datetime], bytes]) -> None:
                pki.hits[self.path] += 1
                if service is Service.HANGING:
                    pki._closing.wait()
                elif service is Service.DOWN:
                    self.send_error(503)
                else:
                    age = 3 * _FRESH if service is Service.STALE else timedelta(minutes=1)
                    body = make(datetime.now(UTC) - age)
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "Hà Nội"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*bits: str) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{bit: bit in bits for bit in every})


def _key_identifier(key: PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
