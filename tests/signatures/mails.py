"""Signed mails, made by hand so that one thing can be wrong in each."""

import base64
import hashlib
import subprocess
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.signatures.authority import NOW, Holder

PDF = b"%PDF-1.7\n\x00\xff binary\r\n%%EOF\n"
ENTITY = (
    b"Content-Type: multipart/mixed; boundary=inner\r\n\r\n"
    b"--inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nK\xc3\xadnh g\xe1\xbb\xadi\r\n"
    b"--inner\r\nContent-Type: application/pdf; name=a.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(PDF).replace(b"\n", b"\r\n") +
    b"--inner--\r\n"
)  # fmt: skip
HEADERS = b"From: vanthu@thptcva.edu.vn\r\nTo: hoso@ca.example.gov.vn\r\nMIME-Version: 1.0\r\n"


def clear(
    cms_: bytes, entity: bytes = ENTITY, *, boundary: bytes = b"outer", headers: bytes = HEADERS
) -> bytes:
    """A mail that is multipart/signed (RFC 1847)."""
    return headers + clear_entity(cms_, entity, boundary=boundary)


def clear_entity(cms_: bytes, entity: bytes = ENTITY, *, boundary: bytes = b"outer") -> bytes:
    return (
        b"Content-Type: multipart/signed; micalg=sha-256;\r\n"
        b" protocol=\"application/pkcs7-signature\"; boundary=\"" + boundary + b"\"\r\n\r\n"
        b"This is an S/MIME signed message\r\n\r\n--" + boundary + b"\r\n" + entity
        + b"\r\n--" + boundary + b"\r\n" + signature_entity(cms_)
        + b"\r\n--" + boundary + b"--\r\n"
    )  # fmt: skip


def signature_entity(cms_: bytes) -> bytes:
    return (
        b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n"
        b"Content-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=smime.p7s\r\n\r\n" + encoded(cms_)
    )


def opaque(cms_: bytes, *, headers: bytes = HEADERS) -> bytes:
    return headers + opaque_entity(cms_)


def opaque_entity(
    cms_: bytes, type_: bytes = b"application/pkcs7-mime; smime-type=signed-data"
) -> bytes:
    return (
        b"Content-Type: " + type_ + b"; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded(cms_)
    )


def encoded(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def signed(
    content: bytes,
    *signers: Holder,
    detached: bool = True,
    certificates: Sequence[Holder | bytes] | None = None,
    kind: str = "data",
    **options: Any,
) -> bytes:
    """A CMS signed-data; `options` as for `signer_info`, for every one."""
    infos = [signer_info(content, one, kind=kind, **options) for one in signers]
    return wrapped(
        infos,
        certificates if certificates is not None else signers,
        None if detached else content,
        kind,
    )


def wrapped(
    infos: Sequence[cms.SignerInfo],
    certificates: Sequence[Holder | bytes],
    content: bytes | None,
    kind: str = "data",
) -> bytes:
    held: dict[str, object] = {"content_type": kind}
    if content is not None:
        held["content"] = content if kind == "data" else core.ParsableOctetString(content)
    ders = [one.der if isinstance(one, Holder) else one for one in certificates]
    signed_data = cms.SignedData(
        {
            "version": "v1" if kind == "data" else "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": held,
            "certificates": [
                cms.CertificateChoices("certificate", x509.Certificate.load(der)) for der in ders
            ],
            "signer_infos": list(infos),
        }
    )
    info = cms.ContentInfo({"content_type": "signed_data", "content": signed_data})
    der: bytes = info.dump()
    return der


def signer_info(
    content: bytes,
    by: Holder,
    *,
    kind: str = "data",
    attributed: bool = True,
    digest: str = "sha256",
    algorithm: dict[str, object] | None = None,
    change: Callable[[list[dict[str, object]]], object] = lambda attributes: None,
    unsigned: Callable[[bytes], list[dict[str, object]]] = lambda value: [],
    sid: cms.SignerIdentifier | None = None,
    pss: bool = False,
) -> cms.SignerInfo:
    """One SignerInfo. `change` may spoil the list of signed attributes before it is signed."""
    attributes: list[dict[str, object]] = [
        {"type": "content_type", "values": [kind]},
        {"type": "message_digest", "values": [hashlib.new(digest, content).digest()]},
        {"type": "signing_time", "values": [cms.Time({"utc_time": NOW})]},
    ]
    change(attributes)
    to_be_signed = cms.CMSAttributes(attributes).dump() if attributed else content
    value, named = _value(by, to_be_signed, digest, pss)
    certificate = x509.Certificate.load(by.der)
    info = {
        "version": "v1",
        "sid": sid
        or cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
        ),
        "digest_algorithm": {"algorithm": digest},
        "signature_algorithm": algorithm or named,
        "signature": value,
    }
    if attributed:
        info["signed_attrs"] = cms.CMSAttributes(attributes)
    if stamps := unsigned(value):
        info["unsigned_attrs"] = cms.CMSAttributes(stamps)
    return cms.SignerInfo(info)


def _value(by: Holder, data: bytes, digest: str, pss: bool) -> tuple[bytes, dict[str, object]]:
    hash_ = getattr(hashes, digest.upper())()
    match by.key:
        case rsa.RSAPrivateKey() as key if pss:
            mask = padding.PSS(padding.MGF1(hash_), salt_length=hash_.digest_size)
            return key.sign(data, mask, hash_), pss_algorithm(digest, digest, hash_.digest_size)
        case rsa.RSAPrivateKey() as key:
            return key.sign(data, padding.PKCS1v15(), hash_), {"algorithm": f"{digest}_rsa"}
        case ec.EllipticCurvePrivateKey() as key:
            return key.sign(data, ec.ECDSA(hash_)), {"algorithm": f"{digest}_ecdsa"}
        case ed25519.Ed25519PrivateKey() as key:
            return key.sign(data), {"algorithm": "ed25519"}
        case ed448.Ed448PrivateKey() as key:
            return key.sign(data), {"algorithm": "ed448"}


def pss_algorithm(digest: str, mask: str, salt: int) -> dict[str, object]:
    return {
        "algorithm": "rsassa_pss",
        "parameters": algos.RSASSAPSSParams(
            {
                "hash_algorithm": {"algorithm": digest},
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
                "salt_length": salt,
            }
        ),
    }


def by_key_identifier(holder: Holder) -> cms.SignerIdentifier:
    return cms.SignerIdentifier(
        "subject_key_identifier", x509.Certificate.load(holder.der).key_identifier
    )


def signing_certificate(of: Holder, digest: str = "sha256") -> dict[str, object]:
    identifier: dict[str, object] = {"cert_hash": hashlib.new(digest, of.der).digest()}
    if digest == "sha1":
        return {
            "type": "signing_certificate",
            "values": [tsp.SigningCertificate({"certs": [identifier]})],
        }
    identifier["hash_algorithm"] = {"algorithm": digest}
    return {
        "type": "signing_certificate_v2",
        "values": [tsp.SigningCertificateV2({"certs": [identifier]})],
    }


def stamped(
    by: Holder,
    at: datetime,
    *,
    over: bytes | None = None,
    certificates: Sequence[Holder] | None = None,
    digest: str = "sha256",
    kind: str = "tst_info",
) -> Callable[[bytes], list[dict[str, object]]]:
    """For `unsigned`: a time-stamp of `at` over the signature's value, or `over` something else."""

    def stamp(value: bytes) -> list[dict[str, object]]:
        imprint = hashlib.new(digest, value if over is None else over).digest()
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3",
                "message_imprint": {
                    "hash_algorithm": {"algorithm": digest},
                    "hashed_message": imprint,
                },
                "serial_number": 1,
                "gen_time": at,
            }
        )
        brought = [by] if certificates is None else certificates
        token = signed(info.dump(), by, detached=False, certificates=brought, kind=kind)
        content = cms.ContentInfo.load(token)
        return [{"type": "signature_time_stamp_token", "values": [content]}]

    return stamp


def by_openssl(folder: Path, entity: bytes, *signers: Holder, more: Sequence[str] = ()) -> bytes:
    """What `openssl cms -sign` makes of it: a whole entity, with its MIME headers."""
    (folder / "entity").write_bytes(entity)
    chosen: list[str] = []
    for number, one in enumerate(signers):
        file = folder / f"{number}.pem"
        file.write_bytes(
            one.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + one.certificate.public_bytes(Encoding.PEM)
        )
        chosen += ["-signer", str(file)]
    done = subprocess.run(
        ["openssl", "cms", "-sign", "-in", str(folder / "entity"), *chosen, *more],
        check=True,
        capture_output=True,
    )
    return done.stdout
