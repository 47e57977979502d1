"""A mail program that signs: S/MIME over the whole mail (RFC 8551 section 3.5.3)."""

import re
from email.message import EmailMessage
from email.policy import SMTP

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)

from demo.foreign import Signer

_FIELD = re.compile(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*")  # folded lines included


def sealed(mail: EmailMessage, signer: Signer) -> bytes:
    """`mail` as sent: its body and content fields signed, its other fields outside, as always."""
    head, _, body = mail.as_bytes(policy=SMTP).partition(b"\r\n\r\n")
    fields = _FIELD.findall(head + b"\r\n")
    content = [field for field in fields if field.lower().startswith(b"content-")]
    others = [field for field in fields if not field.lower().startswith((b"content-", b"mime-"))]
    entity = b"".join(content) + b"\r\n" + body
    builder = PKCS7SignatureBuilder().set_data(entity)
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    signed = builder.sign(Encoding.SMIME, [PKCS7Options.DetachedSignature])
    return b"".join(others) + signed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
