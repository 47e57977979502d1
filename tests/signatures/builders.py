"""Valid things: a form, signed letters, a mail; tests make one change each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache

from cryptography.hazmat.primitives.serialization import Encoding
from weasyprint import HTML

from bot.signatures.trust import TrustStore
from demo import paper
from demo.foreign import ForeignPki, Signer

VALUES = {
    "letter_number": "05/THPTCVA-VP",
    "letter_extract": "V/v đề nghị cấp chứng thư số",
    "declare_sector": "yes",
    "row_01_full_name": "Nguyễn Thị Ánh",
    "row_01_email": "ntanh@thptcva.edu.vn",
}


@cache
def a_form() -> bytes:
    """A blank fillable form with text fields, two boxes and a choice."""
    inputs = "".join(f"<input name={name}>" for name in VALUES if name != "declare_sector")
    page = f"""<style>input, select {{ appearance: auto }}</style>
      {inputs}<input name=row_02_full_name>
      <input type=checkbox name=declare_sector value=yes>
      <input type=checkbox name=declare_finance value=yes>
      <select name=notify><option value=email>email</option><option value=sms>sms</option></select>
    """
    return HTML(string=page).write_pdf(pdf_forms=True)


def a_filled_form(**changes: str) -> bytes:
    return paper.fill(a_form(), {**VALUES, **changes})


def a_letter(leader: Signer, seal: Signer) -> bytes:
    """The normal case: filled, signed by the leader, then by the seal."""
    return paper.sign(paper.sign(a_filled_form(), leader, "leader"), seal, "seal")


def a_mail(*files: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A mail whose parts 1, 2, … are `files`; part 0 is its text."""
    mail = EmailMessage()
    mail["From"] = "vanthu@thptcva.edu.vn"
    mail["To"] = "hoso@ca.example.gov.vn"
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content("Kính gửi …")
    for number, file in enumerate(files, 1):
        mail.add_attachment(
            file, maintype="application", subtype="pdf", filename=f"Công văn {number}.pdf"
        )
    return mail.as_bytes()


def trust_of(pki: ForeignPki) -> TrustStore:
    return TrustStore((pki.root.certificate,), (pki.issuer.certificate,))


def crls_of(pki: ForeignPki, now: datetime | None = None) -> tuple[bytes, bytes]:
    """Fresh CRLs of both authorities, as the fetcher would have them."""
    moment = now or datetime.now(UTC)
    return pki.crl(pki.root, moment), pki.crl(pki.issuer, moment)


def pem_of(signer: Signer) -> bytes:
    return signer.certificate.public_bytes(Encoding.PEM)
