"""One CMS signature: is it intact (RFC 5652 section 5.4; EN 319 102-1 clauses 5.2.2, 5.2.3, 5.2.7)?

Runs in the sandbox. Files, mails and time-stamps come the same way through here,
each SignerInfo by itself. pyHanko does the cryptography; what is well formed,
and who the signer is, is decided here. Whether he can be believed is another
question (`bot.signatures.signer`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from asn1crypto import cms, core, x509
from cryptography.hazmat.primitives import hashes
from pyhanko.sign.general import check_ess_certid, match_issuer_serial
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from bot.signatures.verdict import SubIndication, Verdict

DATA, TIME = "data", "tst_info"  # what is signed: content types
CERTIFICATES_LIMIT = 64  # among which the signer's is looked for
CHAIN_LIMIT = 16  # of the others that are handed on
_SET = b"\x31"  # how signed attributes begin, in DER
_TRAILER = "trailer_field_bc"
_ONCE = {
    "content_type",
    "message_digest",
    "signing_time",
    "cms_algorithm_protection",
    "signing_certificate",
    "signing_certificate_v2",
}

FORMAT = Verdict.failed(SubIndication.FORMAT_FAILURE, "signature.format")
_DIGEST = Verdict.failed(SubIndication.HASH_FAILURE, "signature.digest")
_VALUE = Verdict.failed(SubIndication.SIG_CRYPTO_FAILURE, "signature.value")
_UNREADABLE = Verdict.indeterminate(SubIndication.GENERIC, "signature.unreadable")
_NO_CERTIFICATE = Verdict.indeterminate(
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "signature.no_certificate"
)


@dataclass(frozen=True)
class Claim:
    """One SignerInfo: who is said to have signed, and what is wrong with that.

    `wrong` is None when it is intact: digest and value are right under
    `certificate` (DER). `content` is then what was signed, byte for byte. `chain`
    are the other certificates that came along.
    """

    signer: cms.SignerInfo
    wrong: Verdict | None
    content: bytes = b""
    certificate: bytes | None = None
    chain: tuple[bytes, ...] = ()
    signing_time: datetime | None = None


def signed_data(info: bytes) -> cms.SignedData | None:
    """The signed-data in a ContentInfo (DER or BER); None where it is something else."""
    try:
        content: object = cms.ContentInfo.load(info)["content"]
    except MemoryError:
        raise
    except Exception:  # asn1crypto may raise anything
        return None
    return content if isinstance(content, cms.SignedData) else None


def claims(
    signed: cms.SignedData, contents: Sequence[bytes] | None, kind: str, *, unattributed: bool
) -> Iterator[Claim]:
    """Every SignerInfo of `signed`, checked by itself.

    Args:
        contents: the signed bytes, where they stand outside; if they may stand in
            several ways, each. None: they are inside.
        kind: what the content must be.
        unattributed: whether there need be no signed attributes (section 5.3).

    Raises: whatever asn1crypto raises where `signed` cannot be read at all.
    """
    held = signed["encap_content_info"]["content"]
    is_misplaced = (held is core.VOID) is (contents is None)  # nowhere, or in two places
    ways = [bytes(held)] if contents is None and not is_misplaced else contents or ()
    certificates = list(_certificates(signed))
    for signer in signed["signer_infos"]:
        found: x509.Certificate | None = None
        content = b""
        try:
            attributes = _attributes(signer)
            found = _signer_certificate(signer, attributes, certificates)
            _require_format(signed, signer, attributes, kind)
            if is_misplaced or not (attributes or (unattributed and kind == DATA)):
                raise _Flaw(FORMAT)
            content = _verified(signer, found, ways, kind, is_attributed=bool(attributes))
            wrong = None
        except MemoryError:
            raise
        except _Flaw as flaw:
            wrong = flaw.verdict
        except SignatureValidationError:  # it contradicts itself
            wrong = FORMAT
        except Exception:  # pyHanko and asn1crypto may raise anything
            wrong = _UNREADABLE
        yield Claim(
            signer,
            wrong,
            content,
            found.dump() if found else None,
            tuple(one.dump() for one in certificates if one is not found)[:CHAIN_LIMIT],
            _claimed_time(signer),
        )


class _Flaw(Exception):
    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


Attributes = Mapping[str, core.Asn1Value]


def _attributes(signer: cms.SignerInfo) -> Attributes:
    """The signed attributes by type; those that must not come twice have one value each."""
    if signer["signed_attrs"] is core.VOID:
        return {}
    own = cms.CMSAttributes.load(signer["signed_attrs"].untag().dump())  # what is verified stays
    found: dict[str, core.Asn1Value] = {}
    for attribute in own:
        name, values = attribute["type"].native, attribute["values"]
        if name in _ONCE and (name in found or len(values) != 1):
            raise _Flaw(FORMAT)
        found[name] = values[0] if len(values) else core.VOID
    return found


def _certificates(signed: cms.SignedData) -> Iterator[x509.Certificate]:
    """Each once."""
    seen = set()
    for choice in islice(signed["certificates"], CERTIFICATES_LIMIT):
        if choice.name == "certificate":
            certificate = choice.chosen.untag()
            if certificate.dump() not in seen:
                seen.add(certificate.dump())
                yield certificate


def _signer_certificate(
    signer: cms.SignerInfo, attributes: Attributes, certificates: Sequence[x509.Certificate]
) -> x509.Certificate:
    """The one that the signer names (5.3), and that his attributes name (RFC 5035), if they do."""
    sid = signer["sid"]
    if sid.name == "issuer_and_serial_number":
        named = [one for one in certificates if match_issuer_serial(sid.chosen, one)]
    else:
        named = [one for one in certificates if one.key_identifier == sid.chosen.native]
    for name in ("signing_certificate", "signing_certificate_v2"):
        if name in attributes:
            identifier = attributes[name]["certs"][0]
            named = [one for one in named if check_ess_certid(one, identifier)]
    if len(named) != 1:  # none, or it cannot be told which
        raise _Flaw(_NO_CERTIFICATE)
    return named[0]


def _require_format(
    signed: cms.SignedData, signer: cms.SignerInfo, attributes: Attributes, kind: str
) -> None:
    """Raises: _Flaw."""
    said = signed["encap_content_info"]["content_type"].native
    is_complete = not attributes or (
        attributes.keys() >= {"content_type", "message_digest"}
        and attributes["content_type"].native == kind
    )
    if said != kind or not is_complete or not _is_of_one_digest(signer):
        raise _Flaw(FORMAT)


def _is_of_one_digest(signer: cms.SignerInfo) -> bool:
    """Whether content, attributes and, with PSS, the mask use the same digest (RFC 8933, 4056)."""
    digest = signer["digest_algorithm"]["algorithm"].native
    algorithm = signer["signature_algorithm"]
    try:
        named = algorithm.hash_algo
    except ValueError:  # plain rsaEncryption and Ed25519 name none
        named = digest
    if algorithm["algorithm"].native == "rsassa_pss":
        parameters = algorithm["parameters"]
        mask = parameters["mask_gen_algorithm"]
        if (mask["algorithm"].native, parameters["trailer_field"].native) != ("mgf1", _TRAILER):
            return False
        return bool(digest == named == mask["parameters"]["algorithm"].native)
    return bool(digest == named)


def _verified(
    signer: cms.SignerInfo,
    certificate: x509.Certificate,
    contents: Sequence[bytes],
    kind: str,
    *,
    is_attributed: bool,
) -> bytes:
    """The one of `contents` that was signed.

    Raises:
        _Flaw: none was.
    """
    flaw = _Flaw(FORMAT)
    for content in contents:
        if not is_attributed and content.startswith(_SET):  # attributes, passed off as content
            continue
        digest = hashes.Hash(
            get_pyca_cryptography_hash(signer["digest_algorithm"]["algorithm"].native)
        )
        digest.update(content)
        digest_right, signature_right = validate_sig_integrity(
            signer,
            certificate,
            expected_content_type=kind,
            actual_digest=digest.finalize(),
        )
        if digest_right and signature_right:
            return content
        flaw = _Flaw(_VALUE if digest_right or not is_attributed else _DIGEST)
    raise flaw


def _claimed_time(signer: cms.SignerInfo) -> datetime | None:
    """In UTC; None where there is none to read."""
    try:
        claimed = _attributes(signer)["signing_time"].native
        return claimed.astimezone(UTC) if claimed.tzinfo else None
    except MemoryError:
        raise
    except Exception:  # a claim that cannot be read is no claim
        return None
