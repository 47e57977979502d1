"""People's mail programs: what they compose, and handing it in."""

import smtplib
from email.message import EmailMessage
from email.policy import SMTP

from bot.dossier.form import Form
from demo.school import MAILBOX

OFFICIAL = "hoso@ca.example.gov.vn"


def with_letter(letter: bytes, form: Form) -> bytes:
    """The school's mail, with its signed form."""
    mail = _mail(MAILBOX, f"Đề nghị {form.name} chứng thư chữ ký số")
    mail.set_content("Kính gửi quý cơ quan hồ sơ, chi tiết trong tệp đính kèm.\n")
    mail.add_attachment(
        letter, maintype="application", subtype="pdf", filename=f"mau-{form.number}.pdf"
    )
    return mail.as_bytes(policy=SMTP)


def with_text(text: str, sender: str) -> EmailMessage:
    """A mail of some lines."""
    mail = _mail(sender, "Trả lời")
    mail.set_content(text + "\n")
    return mail


def send(door: int, mail: bytes, sender: str = MAILBOX) -> None:
    """To the official mailbox, by the SMTP server on `door`."""
    with smtplib.SMTP("127.0.0.1", door) as client:
        client.sendmail(sender, [OFFICIAL], mail)


def _mail(sender: str, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, OFFICIAL, subject
    return mail
