"""What our certificates say: names (X.520, RFC 5280 4.1.2.6) and extensions (4.2)."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from bot.errors import Refused

COUNTRY = "VN"
NAME_LIMIT = 64  # ub-common-name, ub-organization-name …: characters, not octets
MAILBOX_LIMIT = 255  # ub-emailaddress-length

TYPES = {
    "L": "locality_name",
    "O": "organization_name",
    "OU": "organizational_unit_name",
    "CN": "common_name",
}

# Extensions that do not depend on keys, each with its criticality.
Profile = tuple[tuple[x509.ExtensionType, bool], ...]


def is_latin(letter: str) -> bool:
    """Whether `letter` (NFC) is a plain Latin letter, with or without marks."""
    return unicodedata.name(letter, "").startswith(("LATIN SMALL LETTER ", "LATIN CAPITAL LETTER "))


def is_personal_name(text: str) -> bool:
    """Whether `text` (NFC) is words of Latin letters with apostrophes, hyphens and full stops.

    Nothing in it is hidden, of another script, or a second shape of a letter (NFKC),
    so that no two names look the same and differ.
    """
    return unicodedata.is_normalized("NFKC", text) and all(
        any(map(is_latin, word)) and all(is_latin(one) or one in "'’-." for one in word)
        for word in text.split(" ")
    )


class NameUnfit(Refused):
    """A part of the subject is empty, too long, or has characters that do not belong there.

    Args:
        attribute: the X.520 short name: L, O, OU, CN or E.
    """

    code = "subject.unfit"

    def __init__(self, attribute: str) -> None:
        super().__init__(attribute)
        self.attribute = attribute


@dataclass(frozen=True)
class Subject:
    """A subscriber's distinguished name, in the order of issue.

    Attributes:
        province: L, the province or city.
        organization: O, the first level of the agency's official path.
        units: OU, the further levels, outermost first; may be empty.
        common_name: CN, the person's full name.
        email: E and the SAN, the official mailbox; ASCII.

    Raises:
        NameUnfit: X.520 has no room for a part of it, or the person's name has other
            characters than `is_personal_name` allows.
    """

    province: str
    organization: str
    units: tuple[str, ...]
    common_name: str
    email: str

    def __post_init__(self) -> None:
        for attribute, value in self._texts():
            if not value.strip() or len(value) > NAME_LIMIT or not value.isprintable():
                raise NameUnfit(attribute)
        if not is_personal_name(unicodedata.normalize("NFC", self.common_name)):
            raise NameUnfit("CN")
        if not _is_mailbox(self.email):
            raise NameUnfit("E")

    def name(self) -> bytes:
        """The Name, DER; texts in NFC (RFC 5280, 7.1)."""
        name: bytes = asn1.Name(
            "",
            asn1.RDNSequence(
                [
                    _rdn("country_name", asn1.DirectoryString("printable_string", COUNTRY)),
                    *(
                        _rdn(TYPES[attribute], asn1.DirectoryString("utf8_string", value))
                        for attribute, value in self._texts()
                    ),
                    _rdn("email_address", asn1.EmailAddress(self.email)),
                ]
            ),
        ).dump()
        return name

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "L", unicodedata.normalize("NFC", self.province)
        yield "O", unicodedata.normalize("NFC", self.organization)
        for unit in self.units:
            yield "OU", unicodedata.normalize("NFC", unit)
        yield "CN", unicodedata.normalize("NFC", self.common_name)


def _rdn(kind: str, value: object) -> asn1.RelativeDistinguishedName:
    return asn1.RelativeDistinguishedName([{"type": kind, "value": value}])


def _is_mailbox(text: str) -> bool:
    local, at, domain = text.partition("@")
    return (
        text.isascii()
        and text.isprintable()
        and " " not in text
        and len(text) <= MAILBOX_LIMIT
        and bool(local and at and domain)
        and "@" not in domain
    )


@dataclass(frozen=True)
class Addresses:
    """Where relying parties look; absolute `http://` URLs.

    Attributes:
        crl: the issuer's CRL, DER.
        issuer: the issuer's certificate, DER.
        ocsp: its responder (RFC 6960).
    """

    crl: str
    issuer: str
    ocsp: str


def subscriber(mailbox: str, addresses: Addresses) -> Profile:
    """A person who signs on the central service: signatures and commitment, e-mail, TLS client."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(digital_signature=True, content_commitment=True), True),
        (
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            False,
        ),
        *_mailbox(mailbox),
        *_pointers(addresses),
    )


def mail_signer(mailbox: str, addresses: Addresses) -> Profile:
    """The service key that signs our outgoing mail from `mailbox` (RFC 8550)."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        *_mailbox(mailbox),
        *_pointers(addresses),
    )


def ocsp_responder() -> Profile:
    """Who answers for the issuer what its certificates' status is (RFC 6960 4.2.2.2).

    It lives shortly, so that nobody need ask whether it was revoked (4.2.2.2.1).
    """
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
    )


def issuing_ca() -> Profile:
    """A subordinate that issues end-entity certificates only, under a demonstration root.

    That root publishes nothing, so the certificate points nowhere.
    """
    return (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_key_usage(key_cert_sign=True, crl_sign=True), True),
    )


def root() -> Profile:
    """A trust anchor."""
    return (
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (_key_usage(key_cert_sign=True, crl_sign=True), True),
    )


def _mailbox(mailbox: str) -> Profile:
    return ((x509.SubjectAlternativeName([x509.RFC822Name(mailbox)]), False),)


def _pointers(addresses: Addresses) -> Profile:
    crl = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(addresses.crl)],
        relative_name=None,
        reasons=None,
        crl_issuer=None,
    )
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(address))
        for method, address in (
            (AuthorityInformationAccessOID.OCSP, addresses.ocsp),
            (AuthorityInformationAccessOID.CA_ISSUERS, addresses.issuer),
        )
    ]
    return (
        (x509.CRLDistributionPoints([crl]), False),
        (x509.AuthorityInformationAccess(access), False),
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """RFC 5280 4.2.1.3; contentCommitment is the newer name of nonRepudiation."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
