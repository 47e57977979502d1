"""Asking an OCSP responder, and what of its answer can be believed (RFC 6960 2.1, 3.2, 4.2.2.2).

This is the relying party's side, for looking at our own responder from outside.
What comes back crossed a network in the clear: it is read by `cryptography`'s
parser, which is memory-safe, and never further than its signature allows.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta

from asn1crypto import ocsp as asn1
from asn1crypto.core import OctetString
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.ca.signing import SignatureBroken, verify_bytes

NONCE_LENGTH = 32  # octets; RFC 9654 2.1
SKEW = timedelta(minutes=5)  # by which clocks may differ; OpenSSL's default, too

_UNREADABLE = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
)


class Unbelievable(Exception):
    """The answer is none, is not for this request, or nobody who may has signed it."""


def request(issuer: x509.Certificate, serials: Collection[int], nonce: bytes) -> bytes:
    """An OCSPRequest, DER, for certificates of `issuer`; by SHA-1, which every responder knows."""
    name, key = _hashes(issuer)
    asked = [
        {
            "req_cert": {
                "hash_algorithm": {"algorithm": "sha1"},
                "issuer_name_hash": name,
                "issuer_key_hash": key,
                "serial_number": serial,
            }
        }
        for serial in serials
    ]
    extension = {"extn_id": "nonce", "extn_value": OctetString(nonce)}
    made: bytes = asn1.OCSPRequest(
        {"tbs_request": {"request_list": asked, "request_extensions": [extension]}}
    ).dump()
    return made


def statuses(
    response: bytes, issuer: x509.Certificate, nonce: bytes, now: datetime
) -> dict[int, ocsp.OCSPCertStatus]:
    """What an OCSPResponse says at `now`, by serial number, of certificates of `issuer`.

    Raises:
        Unbelievable: no successful answer to this nonce, or by none who may answer.
    """
    try:
        answer = ocsp.load_der_ocsp_response(response)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Unbelievable("no answer")
        if answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce != nonce:
            raise Unbelievable("an answer to another request")
        if not any(_signed(answer, by) for by in _authorised(answer, issuer, now)):
            raise Unbelievable("not signed by who may")
        return {
            single.serial_number: single.certificate_status
            for single in answer.responses
            if _is_about(single, issuer) and _holds(single, now)
        }
    except _UNREADABLE as error:
        raise Unbelievable(type(error).__name__) from None


def _hashes(issuer: x509.Certificate) -> tuple[bytes, bytes]:
    """SHA-1 of the issuer's name and key (4.1.1)."""
    key = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest
    name = hashlib.sha1(issuer.subject.public_bytes(), usedforsecurity=False).digest()
    return name, key


def _authorised(
    answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime
) -> list[x509.Certificate]:
    """The issuer, and whom it delegated."""
    delegated = [
        one
        for one in answer.certificates
        if one.not_valid_before_utc - SKEW <= now <= one.not_valid_after_utc
        and is_delegated(one, issuer)
    ]
    return [issuer, *delegated]


def is_delegated(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` lets `certificate` answer for it, and told nobody to ask about that
    (4.2.2.2); its dates are not looked at.
    """
    try:
        certificate.verify_directly_issued_by(issuer)
        extensions = certificate.extensions
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        extensions.get_extension_for_class(x509.OCSPNoCheck)
    except _UNREADABLE:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def _signed(answer: ocsp.OCSPResponse, by: x509.Certificate) -> bool:
    try:
        verify_bytes(by.public_key(), answer.signature, answer.tbs_response_bytes)
    except SignatureBroken:
        return False
    return True


def _is_about(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    return (single.issuer_name_hash, single.issuer_key_hash) == _hashes(issuer)


def _holds(single: ocsp.OCSPSingleResponse, now: datetime) -> bool:
    until = single.next_update_utc
    return until is not None and single.this_update_utc - SKEW <= now <= until
