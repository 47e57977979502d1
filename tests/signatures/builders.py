"""Valid things: a form, signed letters, a mail; tests make one change each."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache

import pikepdf
from pikepdf import Array, Dictionary, Name, String

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
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    texts = [name for name in VALUES if name != "declare_sector"]
    fields = [
        *(_widget(pdf, name, FT=Name.Tx) for name in (*texts, "row_02_full_name")),
        *(_box(pdf, name) for name in ("declare_sector", "declare_finance")),
        _widget(pdf, "notify", FT=Name.Ch, Opt=Array([String("email"), String("sms")])),
    ]
    page.Annots = pdf.make_indirect(Array(fields))
    font = pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    )
    pdf.Root.AcroForm = pdf.make_indirect(
        Dictionary(
            Fields=Array(fields),
            DR=Dictionary(Font=Dictionary(Helv=font)),
            DA=String("/Helv 10 Tf 0 g"),
        )
    )
    pdf.save(saved := io.BytesIO())
    return saved.getvalue()


def _widget(pdf: pikepdf.Pdf, name: str, **entries: object) -> pikepdf.Object:
    look = {"/Type": Name.Annot, "/Subtype": Name.Widget, "/Rect": Array([10, 10, 200, 20])}
    own = {f"/{key}": value for key, value in entries.items()}
    return pdf.make_indirect(Dictionary({**look, **own, "/T": String(name)}))


def _box(pdf: pikepdf.Pdf, name: str) -> pikepdf.Object:
    looks = {state: pdf.make_stream(b"", Subtype=Name.Form) for state in ("/on", "/Off")}
    return _widget(pdf, name, FT=Name.Btn, AS=Name.Off, AP=Dictionary(N=Dictionary(looks)))


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
