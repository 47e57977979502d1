"""How the CA comes to be: its request to the root above it, and the answer.

A self-made root is for demonstrations. In production `request` goes to the
national root on paper and `accept` imports what comes back (docs/hsm.md).
"""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from bot.ca import profiles
from bot.ca.certificate import draft, new_serial, sign
from bot.ca.lint import lint_certificate, require_clean
from bot.ca.profiles import COUNTRY, NAME_LIMIT, Addresses, Profile
from bot.ca.signing import PrivateKey, PublicKey, SignatureBroken, hash_for
from bot.errors import Misconfigured


class AnswerUnfit(Misconfigured):
    """What the root above sent is no certificate for our CA key."""

    code = "ca.answer_unfit"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The certificate cannot be imported: {what}.",
            "Send the request to the root again and import its answer to it.",
        )


def authority_name(organization: str, common_name: str) -> x509.Name:
    """C, O and CN of a CA or of a service.

    Raises:
        Misconfigured: O has over 64 characters or CN over 64 octets. X.520 counts
            characters, but `cryptography` warns of such an issuer at every reading.
    """
    if len(organization) > NAME_LIMIT or len(common_name.encode()) > NAME_LIMIT:
        raise Misconfigured(
            "authority.name or issuing.issuer_name is too long for a certificate.",
            "Shorten it to 64 characters, accented ones counting two or three.",
        )
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def make_root(
    name: x509.Name, key: PrivateKey, *, not_before: datetime, not_after: datetime
) -> x509.Certificate:
    """A self-signed root, for demonstrations."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(new_serial())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    for extension, critical in (*profiles.root(), (identifier, False)):
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hash_for(key.public_key()))


def request(name: x509.Name, key: PrivateKey) -> x509.CertificateSigningRequest:
    """The CA's request (RFC 2986) to the root above it.

    Raises:
        SignatureBroken: the device's signature does not verify.
    """
    made = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .sign(key, hash_for(key.public_key()))
    )
    if not made.is_signature_valid:
        raise SignatureBroken
    return made


def certify(
    csr: x509.CertificateSigningRequest,
    root: x509.Certificate,
    root_key: PrivateKey,
    *,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """The demonstration root's answer to `csr`.

    Raises:
        Misconfigured: the request is not signed by its own key, or the draft has faults.
    """
    public_key = csr.public_key()
    if not csr.is_signature_valid or not isinstance(public_key, PublicKey):
        raise Misconfigured(
            "The request is not signed by the RSA or EC key in it.", "Make the request again."
        )
    return _issue(
        csr.subject,
        public_key,
        profiles.issuing_ca(),
        root,
        root_key,
        not_before=not_before,
        not_after=not_after,
    )


def accept(answer: x509.Certificate, public_key: object, now: datetime) -> x509.Certificate:
    """Check the root's answer against the CA's own key, and let it in.

    Raises:
        AnswerUnfit: it is for another key, is not valid now, or may not sign
            certificates and CRLs (RFC 5280 4.2.1.3, 4.2.1.9).
    """
    if answer.public_key() != public_key:
        raise AnswerUnfit("it is for another key")
    if not answer.not_valid_before_utc <= now <= answer.not_valid_after_utc:
        raise AnswerUnfit("it is not valid now")
    try:
        constraints = answer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = answer.extensions.get_extension_for_class(x509.KeyUsage).value
        answer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        raise AnswerUnfit("basicConstraints, keyUsage or subjectKeyIdentifier is missing") from None
    if not constraints.ca:
        raise AnswerUnfit("it is not a CA's")
    if not (usage.key_cert_sign and usage.crl_sign):
        raise AnswerUnfit("its key may not sign certificates and CRLs")
    return answer


def certify_mail_signer(
    name: x509.Name,
    mailbox: str,
    public_key: PublicKey,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    addresses: Addresses,
    *,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """The certificate of the service key that signs mail from `mailbox`.

    Raises:
        Misconfigured: the draft has faults, or the issuer ends first.
    """
    return _issue(
        name,
        public_key,
        profiles.mail_signer(mailbox, addresses),
        issuer,
        issuer_key,
        not_before=not_before,
        not_after=not_after,
    )


def certify_responder(
    name: x509.Name,
    public_key: PublicKey,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    *,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """The certificate of the key that answers OCSP requests for `issuer`.

    Raises:
        Misconfigured: the draft has faults, or the issuer ends first.
    """
    return _issue(
        name,
        public_key,
        profiles.ocsp_responder(),
        issuer,
        issuer_key,
        not_before=not_before,
        not_after=not_after,
    )


def _issue(
    name: x509.Name,
    public_key: PublicKey,
    profile: Profile,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    *,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """Draft, lint, sign."""
    drafted = draft(
        subject=name.public_bytes(),
        public_key=public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        profile=profile,
        issuer=issuer,
        serial=new_serial(),
        not_before=not_before,
        not_after=not_after,
    )
    require_clean(lint_certificate(drafted.trial))
    return sign(drafted.tbs, issuer_key, issuer)
