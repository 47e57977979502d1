"""Whom a certificate names. Pure; any bytes give an answer."""

from collections.abc import Iterator
from contextlib import suppress

from cryptography import x509
from cryptography.x509.oid import NameOID

from bot.signatures.trust import UNREADABLE


def subject(certificate: bytes | None) -> str | None:
    """The subject of a certificate (DER), most specific first (RFC 4514); None where it is none."""
    with suppress(*UNREADABLE):
        name = x509.load_der_x509_certificate(certificate or b"").subject
        return name.rfc4514_string({NameOID.EMAIL_ADDRESS: "E"})
    return None


def addresses(certificate: bytes | None) -> frozenset[str]:
    """Mailboxes that a certificate (DER) names (RFC 8550 section 3), in lower case.

    Only ASCII: what looks like another address is another address.
    """
    return frozenset(
        name.lower() for name in _names(certificate or b"") if name.isascii() and "@" in name
    )


def _names(der: bytes) -> Iterator[str]:
    with suppress(*UNREADABLE):
        certificate = x509.load_der_x509_certificate(der)
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
            yield str(attribute.value)
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        yield from extension.value.get_values_for_type(x509.RFC822Name)
