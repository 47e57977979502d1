"""The agency's hand: fills in a form and signs it, as its office software would."""

import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pikepdf
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from pikepdf import form
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf
from pyhanko.sign.signers.pdf_cms import Signer as PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyhanko_certvalidator.util import get_pyca_cryptography_hash, process_pss_params

from demo.foreign import Signer

_BESIDE = 1_400  # bytes of a CMS beside its certificate: RSA-4096's signature, attributes, names


def fill(blank: bytes, values: Mapping[str, str]) -> bytes:
    """Fill AcroForm fields by name; a box is ticked by any value.

    Raises:
        KeyError: the form has no field of that name.
    """
    with pikepdf.open(io.BytesIO(blank)) as pdf:
        fields = form.Form(pdf)
        for name, value in values.items():
            match fields[name]:
                case form.CheckboxField() as box:
                    box.checked = bool(value)
                case field:
                    field.value = value
        pdf.save(filled := io.BytesIO())
    return filled.getvalue()


def sign(
    pdf: bytes,
    signer: Signer,
    field: str,
    *,
    sub_filter: SigSeedSubFilter = SigSeedSubFilter.PADES,
    digest: str = "sha256",
    pss: bool = False,
    certify: MDPPerm | None = None,
    box: tuple[int, int, int, int] | None = None,
) -> bytes:
    """Add one signature as a new revision, embedding only the leaf.

    `field` names the new signature field, such as `leader` or `seal`; without a `box` on
    the first page it is invisible. `certify` says what others may still do.
    """
    about = PdfSignatureMetadata(
        field_name=field,
        md_algorithm=digest,
        subfilter=sub_filter,
        certify=certify is not None,
        docmdp_permissions=certify or MDPPerm.FILL_FORMS,
    )
    with ThreadPoolExecutor(1) as aside:  # pyHanko starts an event loop, and ours may be running
        signed = aside.submit(
            sign_pdf,
            IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False),  # as hybrid files need it
            about,
            signer=_Hand(signer, pss=pss),
            new_field_spec=SigFieldSpec(field, box=box),
            bytes_reserved=2 * (len(signer.der) + _BESIDE),  # else pyHanko signs twice to know it
        )
    return bytes(signed.result().getbuffer())


class _Hand(PdfSigner):
    """A key as it is: pyHanko's own hand loads, and so checks, an RSA key for each signature."""

    def __init__(self, signer: Signer, *, pss: bool) -> None:
        super().__init__(
            signing_cert=x509.Certificate.load(signer.der),
            cert_registry=SimpleCertificateStore(),
            prefer_pss=pss,
        )
        self._key = signer.key

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        digest = get_pyca_cryptography_hash(digest_algorithm)
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(data, ec.ECDSA(digest))
        mechanism = self.get_signature_mechanism_for_digest(digest_algorithm)
        if mechanism.signature_algo == "rsassa_pss":
            return self._key.sign(data, *process_pss_params(mechanism["parameters"]))
        return self._key.sign(data, PKCS1v15(), digest)
