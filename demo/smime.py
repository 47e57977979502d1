"""A mail program that signs: S/MIME over the whole mail (RFC 8551 section 3.5.3)."""

from email.message import EmailMessage
from email.policy import SMTP

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)

from demo.foreign import Signer

_CONTENT = ("content-type", "content-transfer-encoding", "content-disposition", "mime-version")


def sealed(mail: EmailMessage, signer: Signer) -> bytes:
    """`mail` as sent: its body signed by `signer`, its other headers outside, as always."""
    entity = EmailMessage(policy=SMTP)
    for name, value in mail.items():
        if name.casefold() in _CONTENT[:-1]:
            entity[name] = value
    entity.set_payload(mail.get_payload())
    builder = PKCS7SignatureBuilder().set_data(entity.as_bytes())
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    signed = builder.sign(Encoding.SMIME, [PKCS7Options.DetachedSignature])
    headers = EmailMessage(policy=SMTP)
    for name, value in mail.items():
        if name.casefold() not in _CONTENT:
            headers[name] = value
    return headers.as_bytes().rstrip(b"\r\n") + b"\r\n" + _crlf(signed)


def _crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
