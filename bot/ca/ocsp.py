"""Answers to OCSP requests (RFC 6960, RFC 9654; fit for caches by RFC 5019), by a delegated key.

Bytes and facts come in, bytes go out. Requests are hostile: they are few bytes,
read once from front to back, and of what they hold only certificate numbers and
the nonce matter. Signatures on them mean nothing here and are not looked at.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from asn1crypto import ocsp as asn1
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import OctetString
from asn1crypto.keys import PublicKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.ocsp import OCSPResponseBuilder, OCSPResponseStatus

from bot.ca.crl import Revoked
from bot.ca.signing import PrivateKey, algorithm_for, require_same_key, sign_bytes, verify_bytes

MOST_ASKED = 20  # certificates in one request
LONGEST_NONCE = 128  # octets; RFC 9654 2.1
HASHES = ("sha1", "sha256", "sha384", "sha512")  # by which a request may name the issuer
NO_PARAMETERS = (b"", b"\x05\x00")  # absent, or NULL


class Unanswerable(Exception):
    """There is no answer but a status (RFC 6960 2.3).

    Args:
        status: never SUCCESSFUL.
    """

    def __init__(self, status: OCSPResponseStatus) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Asked:
    """One certificate: its serial number, and the CertID (DER) to be repeated in the answer."""

    serial: int
    certificate_id: bytes


@dataclass(frozen=True)
class Question:
    """What one request asks; `nonce` is to be echoed."""

    asked: tuple[Asked, ...]
    nonce: bytes | None

    @property
    def serials(self) -> frozenset[int]:
        return frozenset(one.serial for one in self.asked)


def read(request: bytes, issuer: x509.Certificate) -> Question:
    """What an OCSPRequest (DER, hostile) asks about certificates of `issuer`.

    Raises:
        Unanswerable: MALFORMED_REQUEST, or UNAUTHORIZED when it asks about another's.
    """
    try:
        question, names = _read(request)
    except Exception:  # asn1crypto says in many ways that it cannot read something
        raise Unanswerable(OCSPResponseStatus.MALFORMED_REQUEST) from None
    if not names <= _names(issuer):
        raise Unanswerable(OCSPResponseStatus.UNAUTHORIZED)
    return question


def answer(
    question: Question,
    statuses: Mapping[int, Revoked | None],
    *,
    responder: x509.Certificate,
    key: PrivateKey,
    now: datetime,
    until: datetime,
) -> bytes:
    """A signed OCSPResponse, DER.

    Args:
        statuses: by serial number; None is good. What is not there is unknown.
        responder: the certificate of `key`, delegated by the issuer; goes with the answer.
        now: producedAt and thisUpdate; aware, whole seconds count.
        until: nextUpdate.

    Raises:
        Misconfigured: `key` is not the responder's.
        SignatureBroken: the signature does not verify.
    """
    require_same_key(key, responder.public_key())
    data = asn1.ResponseData(
        {
            "responder_id": asn1.ResponderId("by_key", _key_hash(responder, "sha1")),
            "produced_at": _seconds(now),
            "responses": [
                {
                    "cert_id": asn1.CertId.load(one.certificate_id),
                    "cert_status": _status(one.serial, statuses),
                    "this_update": _seconds(now),
                    "next_update": _seconds(until),
                }
                for one in question.asked
            ],
            "response_extensions": _nonce(question),
        }
    )
    signature = sign_bytes(key, data.dump())
    verify_bytes(responder.public_key(), signature, data.dump())
    basic = asn1.BasicOCSPResponse(
        {
            "tbs_response_data": data,
            "signature_algorithm": {"algorithm": algorithm_for(responder.public_key())},
            "signature": signature,
            "certs": [asn1_x509.Certificate.load(responder.public_bytes(Encoding.DER))],
        }
    )
    made: bytes = asn1.OCSPResponse(
        {
            "response_status": "successful",
            "response_bytes": {"response_type": "basic_ocsp_response", "response": basic},
        }
    ).dump()
    return made


def failure(status: OCSPResponseStatus) -> bytes:
    """An OCSPResponse, DER, that is nothing but its status; nobody signs it (RFC 6960 2.3)."""
    return OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


# An issuer as a CertID names it: hash algorithm, hash of its name, hash of its key.
Name = tuple[str, bytes, bytes]


def _read(request: bytes) -> tuple[Question, set[Name]]:
    tbs = asn1.OCSPRequest.load(request, strict=True)["tbs_request"]
    requests = tbs["request_list"]
    if tbs["version"].native != "v1" or not 0 < len(requests) <= MOST_ASKED:
        raise ValueError
    if any(_is_critical(one) for each in requests for one in each["single_request_extensions"]):
        raise ValueError
    ids = [one["req_cert"] for one in requests]
    asked = tuple(Asked(one["serial_number"].native, one.dump(force=True)) for one in ids)
    return Question(asked, _read_nonce(tbs["request_extensions"])), {_named(one) for one in ids}


def _read_nonce(extensions: Any) -> bytes | None:
    """The nonce, if there is one; no other extension is needed for an answer."""
    others = [one for one in extensions if one["extn_id"].native != "nonce"]
    nonces = [one for one in extensions if one["extn_id"].native == "nonce"]
    if len(nonces) > 1 or any(map(_is_critical, others)):
        raise ValueError
    if not nonces:
        return None
    nonce: bytes = OctetString.load(bytes(nonces[0]["extn_value"]), strict=True).native
    if not 1 <= len(nonce) <= LONGEST_NONCE:
        raise ValueError
    return nonce


def _is_critical(extension: Any) -> bool:
    return bool(extension["critical"].native)


def _named(certificate_id: Any) -> Name:
    algorithm = certificate_id["hash_algorithm"]
    if algorithm["parameters"].dump() not in NO_PARAMETERS:
        raise ValueError
    return (
        algorithm["algorithm"].native,
        certificate_id["issuer_name_hash"].native,
        certificate_id["issuer_key_hash"].native,
    )


@lru_cache(maxsize=2)
def _names(issuer: x509.Certificate) -> frozenset[Name]:
    """All the names that a CertID may call `issuer` by (RFC 6960 4.1.1)."""
    name = issuer.subject.public_bytes()
    return frozenset(
        (hashed, hashlib.new(hashed, name).digest(), _key_hash(issuer, hashed)) for hashed in HASHES
    )


def _key_hash(certificate: x509.Certificate, hashed: str) -> bytes:
    """Hash of the public key's BIT STRING, without tag, length and unused bits."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.new(hashed, bytes(PublicKeyInfo.load(key)["public_key"])).digest()


def _status(serial: int, statuses: Mapping[int, Revoked | None]) -> asn1.CertStatus:
    if serial not in statuses:
        return asn1.CertStatus("unknown")
    revoked = statuses[serial]
    if revoked is None:
        return asn1.CertStatus("good")
    info: dict[str, Any] = {"revocation_time": _seconds(revoked.at)}
    if revoked.reason is not x509.ReasonFlags.unspecified:  # as on the CRL (RFC 5280 5.3.1)
        info["revocation_reason"] = revoked.reason.name
    return asn1.CertStatus("revoked", info)


def _nonce(question: Question) -> list[dict[str, Any]] | None:
    if question.nonce is None:
        return None
    return [{"extn_id": "nonce", "extn_value": OctetString(question.nonce)}]


def _seconds(moment: datetime) -> datetime:
    """RFC 5280 4.1.2.5.2: no fractions."""
    return moment.astimezone(UTC).replace(microsecond=0)
