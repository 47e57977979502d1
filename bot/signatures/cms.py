"""One CMS signature: is it intact, and can its signer be believed (EN 319 102-1 clause 5).

Runs in the sandbox. pyHanko does the cryptography and the path validation;
what counts as good is decided here.
"""

from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.ades.report import AdESFailure
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathValidationError,
    RevokedError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.validate import async_validate_path

from bot.signatures.objects import entry
from bot.signatures.trust import CertificatePath, TrustStore
from bot.signatures.verdict import CLOCK_GRACE, SubIndication, Verdict

SUB_FILTERS = {"/ETSI.CAdES.detached", "/adbe.pkcs7.detached"}
_DIGESTS = {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}
_SIGNATURES = {"rsassa_pkcs1v15", "rsassa_pss", "ecdsa"}
_RSA_BITS, _EC_BITS = 2048, 256

T = TypeVar("T")


def integrity(signature: EmbeddedPdfSignature) -> Verdict | None:
    """What is wrong with the signature as such: None when it is intact.

    Format, digest and signature value are checked under the certificate in
    the CMS, whoever made that; coverage is the caller's to check.
    """
    try:
        return _format(signature) or _cryptography(signature)
    except MemoryError:
        raise
    except SignatureValidationError as error:
        if error.ades_subindication is AdESFailure.FORMAT_FAILURE:
            return Verdict.failed(SubIndication.FORMAT_FAILURE, "signature.format")
        return Verdict.indeterminate(
            SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "signature.no_certificate"
        )
    except Exception:  # pyHanko and asn1crypto may raise anything
        return Verdict.indeterminate(SubIndication.GENERIC, "signature.unreadable")


def _format(signature: EmbeddedPdfSignature) -> Verdict | None:
    content = signature.signed_data["encap_content_info"]
    well_formed = (
        entry(signature.sig_object, "/SubFilter") in SUB_FILTERS
        and content["content_type"].native == "data"
        and content["content"].native is None  # detached: nothing beside the file itself is signed
        and signature.signer_info["signed_attrs"].native is not None
    )
    return None if well_formed else Verdict.failed(SubIndication.FORMAT_FAILURE, "signature.format")


def _cryptography(signature: EmbeddedPdfSignature) -> Verdict | None:
    digest_right, signature_right = validate_sig_integrity(
        signature.signer_info,
        signature.signer_cert,
        expected_content_type="data",
        actual_digest=signature.compute_digest(),
    )
    if not digest_right:
        return Verdict.failed(SubIndication.HASH_FAILURE, "signature.digest")
    if not signature_right:
        return Verdict.failed(SubIndication.SIG_CRYPTO_FAILURE, "signature.value")
    return None


def signer_certificate(signature: EmbeddedPdfSignature) -> bytes | None:
    """The signer's certificate in DER, named by the SignerInfo; None where there is none."""
    try:
        certificate: bytes = signature.signer_cert.dump()
    except SignatureValidationError:
        return None
    return certificate


def claimed_time(signature: EmbeddedPdfSignature) -> datetime | None:
    """The signing time the signer claims, in UTC; None where there is none to read."""
    try:
        claimed = signature.self_reported_timestamp
        return claimed.astimezone(UTC) if claimed and claimed.tzinfo else None
    except MemoryError:
        raise
    except Exception:  # a claim that cannot be read is no claim
        return None


def judge_signer(
    signature: EmbeddedPdfSignature,
    trust: TrustStore,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    moment: datetime,
) -> Verdict:
    """The verdict on an intact signature, as of `moment`; offline."""
    try:
        certificate = x509.load_der_x509_certificate(signature.signer_cert.dump())
        return (
            _weak(signature.signer_info, certificate)
            or _unfit(certificate)
            or _status(certificate, trust, crls, ocsps, moment)
        )
    except MemoryError:
        raise
    except Exception:  # what cannot be checked is neither good nor bad
        return Verdict.indeterminate(SubIndication.GENERIC, "certificate.unreadable")


def _weak(signer: cms.SignerInfo, certificate: x509.Certificate) -> Verdict | None:
    digest = signer["digest_algorithm"]["algorithm"].native
    algorithm = signer["signature_algorithm"]
    try:
        signed_digest = algorithm.hash_algo
    except ValueError:  # plain rsaEncryption names none; the digest algorithm stands for it
        signed_digest = digest
    match certificate.public_key():
        case rsa.RSAPublicKey(key_size=bits):
            strong_key = bits >= _RSA_BITS
        case ec.EllipticCurvePublicKey(key_size=bits):
            strong_key = bits >= _EC_BITS
        case _:
            strong_key = False
    strong_digests = {digest, signed_digest} <= _DIGESTS
    if strong_key and strong_digests and algorithm.signature_algo in _SIGNATURES:
        return None
    return Verdict.indeterminate(
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "signature.weak_algorithm"
    )


def _unfit(certificate: x509.Certificate) -> Verdict | None:
    """Key usage: digitalSignature or nonRepudiation, one is enough; none stated is not."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        fit = usage.digital_signature or usage.content_commitment
    except x509.ExtensionNotFound:
        fit = False
    if fit:
        return None
    return Verdict.indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate.key_usage")


def _status(
    certificate: x509.Certificate,
    trust: TrustStore,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    moment: datetime,
) -> Verdict:
    path = trust.path(certificate.public_bytes(Encoding.DER))
    if path is None:
        return Verdict.indeterminate(
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "certificate.untrusted"
        )
    leaf, *intermediates, root = _as_asn1(path)
    context = ValidationContext(
        trust_roots=[root],
        other_certs=intermediates,
        moment=moment,
        crls=list(crls),
        ocsps=list(ocsps),
        revocation_mode="require",
        retroactive_revinfo=True,  # fetched after receipt; revocation dates are still compared
        time_tolerance=CLOCK_GRACE,
    )
    way_down = ValidationPath(CertTrustAnchor(root), reversed(intermediates), leaf)
    try:
        _settled(async_validate_path(context, way_down))
    except PathValidationError as error:
        return _why_not(error)
    return Verdict.passed()


def _why_not(error: PathValidationError) -> Verdict:
    own = error.is_ee_cert and not error.is_side_validation
    match error:
        case RevokedError() if own:
            why, reason = SubIndication.REVOKED_NO_POE, "certificate.revoked"
        case RevokedError() if not error.is_side_validation:
            why, reason = SubIndication.REVOKED_CA_NO_POE, "certificate.issuer_revoked"
        case InsufficientRevinfoError():
            why, reason = SubIndication.TRY_LATER, "revocation.unavailable"
        case ExpiredError() if own:
            why, reason = SubIndication.OUT_OF_BOUNDS_NO_POE, "certificate.expired"
        case NotYetValidError() if own:
            why, reason = SubIndication.OUT_OF_BOUNDS_NO_POE, "certificate.not_yet_valid"
        case DisallowedAlgorithmError():
            why, reason = SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "certificate.weak_algorithm"
        case _:
            why = SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
            reason = "certificate.chain"
    return Verdict.indeterminate(why, reason)


def _as_asn1(path: CertificatePath) -> list[asn1_x509.Certificate]:
    return [
        asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        for certificate in path.certificates
    ]


def _settled(validation: Coroutine[object, None, T]) -> T:
    """The result of a coroutine that has nothing to wait for: a child has no event loop."""
    try:
        validation.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    validation.close()
    raise RuntimeError("offline validation wanted to wait")
