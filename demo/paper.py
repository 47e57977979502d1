"""The agency's hand: fills in a form and signs it, as its office software would."""

import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pikepdf
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pikepdf import form
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko_certvalidator.registry import SimpleCertificateStore

from demo.foreign import Signer


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
) -> bytes:
    """Add one invisible signature as a new revision, embedding only the leaf.

    `field` names the new signature field, such as `leader` or `seal`.
    """
    encoded = signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    hand = SimpleSigner(
        signing_cert=x509.Certificate.load(signer.der),
        signing_key=keys.PrivateKeyInfo.load(encoded),
        cert_registry=SimpleCertificateStore(),
        prefer_pss=pss,
    )
    with ThreadPoolExecutor(1) as aside:  # pyHanko starts an event loop, and ours may be running
        signed = aside.submit(
            sign_pdf,
            IncrementalPdfFileWriter(io.BytesIO(pdf)),
            PdfSignatureMetadata(field_name=field, md_algorithm=digest, subfilter=sub_filter),
            signer=hand,
            new_field_spec=SigFieldSpec(field),
        )
    return bytes(signed.result().getbuffer())
