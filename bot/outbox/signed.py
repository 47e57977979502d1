"""A signed mail's body: the bytes that are signed, and the signature beside them."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from bot.outbox.cms import PrivateKey, signed_data


def multipart_signed(
    entity: bytes,
    key: PrivateKey,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    now: datetime,
) -> bytes:
    """MIME fields and body of a message, CRLF lines (RFC 8551 section 3.5.3).

    `entity`, a MIME part in canonical form, is spliced in, never written twice.
    """
    boundary = f"signed-{secrets.token_hex(16)}"
    signature = signed_data(entity, key, certificate, chain, now)
    lines = (
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";',
        f' micalg=sha-256; boundary="{boundary}"'.encode("ascii"),
        b"",
        b"This is an S/MIME signed message (RFC 8551).",
        f"--{boundary}".encode("ascii"),
        entity,
        f"--{boundary}".encode("ascii"),
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"',
        b"Content-Transfer-Encoding: base64",
        b'Content-Disposition: attachment; filename="smime.p7s"',
        b"",
        *base64.encodebytes(signature).splitlines(),
        f"--{boundary}--".encode("ascii"),
        b"",
    )
    return b"\r\n".join(lines)
