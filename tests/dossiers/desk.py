"""One bot, mail after mail, and what each of them left behind."""

import asyncio
import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from hashlib import sha256
from itertools import count

import pikepdf
from cryptography import x509
from pikepdf import Array, Dictionary, Name

from bot.register.lifecycle import CertificateStatus, DossierStatus, MailStatus
from bot.register.models import (
    Account,
    Certificate,
    Dossier,
    Item,
    Mail,
    SubjectKey,
    Subscriber,
    Task,
)
from bot.register.tasks import Kind, Queue
from demo.school import MAILBOX, School, Teacher
from tests.house import OFFICIAL, House, a_mail, text_of

MADE = (Certificate, Account, Subscriber, SubjectKey)  # what only an accepted row may bring about
Seen = tuple[list[int], list[int], set[str], int, int]  # mails, dossiers, told, SMS, made
WAITING = (Kind.RESULT, Kind.PUBLISH)  # due some day, not because something failed


@cache
def plain_form(blank: bytes, rows: int = 2) -> bytes:
    """Form 01 without looks, with its first `rows` rows: read ten times as fast."""
    with pikepdf.open(io.BytesIO(blank)) as official, pikepdf.new() as pdf:
        spare = tuple(f"row_{row:02}" for row in range(rows + 1, 11))
        look = pdf.make_stream(b"", Subtype=Name.Form)
        fields = [
            _plain_field(pdf, one, look)
            for one in official.Root.AcroForm.Fields
            if not str(one.T).startswith(spare)
        ]
        pdf.add_blank_page().Annots = pdf.make_indirect(Array(fields))
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        fonts = Dictionary(Font=Dictionary(Helv=pdf.make_indirect(font)))
        form = Dictionary(Fields=Array(fields), DR=fonts, DA=pikepdf.String("/Helv 10 Tf 0 g"))
        pdf.Root.AcroForm = pdf.make_indirect(form)
        pdf.save(saved := io.BytesIO(), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return saved.getvalue()


def _plain_field(
    pdf: pikepdf.Pdf, official: pikepdf.Object, look: pikepdf.Object
) -> pikepdf.Object:
    own = {key: official[key] for key in ("/T", "/FT", "/V", "/Ff", "/Opt") if key in official}
    own |= {"/Type": Name.Annot, "/Subtype": Name.Widget, "/Rect": Array([9, 9, 99, 19])}
    if Name.Btn == official.FT:
        looks = Dictionary({"/on": look, "/Off": look})
        own |= {"/AS": Name.Off, "/AP": Dictionary(N=looks)}
    return pdf.make_indirect(Dictionary(own))


def as_sent(mail: EmailMessage) -> bytes:
    return mail.as_bytes(policy=SMTP)


@dataclass(frozen=True)
class Left:
    """What some mails left behind. `made` counts certificates, accounts, keys and persons."""

    mails: list[Mail]
    dossiers: list[Dossier]
    told: list[EmailMessage]
    messages: list[str]
    made: int

    @property
    def recipients(self) -> list[str]:
        """The mailboxes that were written to, once for each mail."""
        return sorted(mail["To"].addresses[0].addr_spec for mail in self.told)

    @property
    def statuses(self) -> list[DossierStatus]:
        return [dossier.status for dossier in self.dossiers]

    def said(self, to: str) -> str:
        """All that this mailbox read, on one line."""
        return " ".join(
            f"{mail['Subject']} {text_of(mail)}"
            for mail in self.told
            if mail["To"].addresses[0].addr_spec == to
        )

    def codes(self) -> set[str]:
        """Codes of the letters' faults."""
        return {fault["code"] for dossier in self.dossiers for fault in dossier.faults}

    def is_silent(self, status: MailStatus = MailStatus.IGNORED) -> bool:
        """Whether the mails became nothing and nobody was told."""
        kept = {mail.status for mail in self.mails} == {status}
        return kept and not (self.dossiers or self.told or self.messages or self.made)


@dataclass
class Desk:
    """Hands mails in to one house, and looks at what is new when all is quiet again."""

    house: House
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def teacher(self, **changes: str) -> Teacher:
        """Somebody who has asked for nothing yet."""
        number = next(self._numbers)
        about = {
            "full_name": "Vũ Thị Ánh Tuyết",
            "birth_date": "12/03/1988",
            "personal_number": f"001188{number:06}",
            "mailbox": f"gv{number}@hanoiedu.edu.vn",
            "mobile": f"09{number:08}",
        }
        return Teacher(**{**about, **changes})

    def letter(
        self, *teachers: Teacher, by: School | None = None, number: str = "", **changes: str
    ) -> bytes:
        """Form 01 for somebody new under a new number, signed by both, or by others."""
        teachers = teachers or (self.teacher(),)
        house = replace(self.house, blank=plain_form(self.house.blank, len(teachers)))
        return house.letter(
            *teachers,
            sign=lambda school, filled: (by or school).sign(filled),
            number=number or f"{next(self._numbers)}/THPTCVA-VP",
            **changes,
        )

    async def take(
        self,
        *mails: EmailMessage | bytes,
        sender: str = MAILBOX,
        to: str = OFFICIAL,
        new: bool = True,
    ) -> Left:
        """Hand all `mails` in at once; every byte is kept and every mail comes to an end."""
        raws = [mail if isinstance(mail, bytes) else as_sent(mail) for mail in mails]
        before = await self.seen()
        await asyncio.gather(*(self.house.submit(raw, sender, to) for raw in raws))
        left = await self.since(before)
        digests = {sha256(raw).hexdigest() for raw in raws} if new else set()
        assert {mail.digest for mail in left.mails} == digests
        return left

    async def seen(self) -> Seen:
        return (
            [mail.id for mail in await Mail.all().only("id")],
            [dossier.id for dossier in await Dossier.all().only("id")],
            {mail["Message-ID"] for mail in self.house.mails()},
            len(self.house.messages()),
            await self._made(),
        )

    async def _made(self) -> int:
        return sum([await model.all().count() for model in MADE])

    async def since(self, before: Seen) -> Left:
        """What is new when all is quiet again."""
        await self.settle()
        mails, dossiers, told, messages, made = before
        new = await Mail.exclude(id__in=mails).order_by("id")
        for mail in new:
            assert mail.status is not MailStatus.STORED
            raw = self.house.running.tools[Queue.VET].archive.get(mail.digest)
            assert sha256(raw).hexdigest() == mail.digest
        return Left(
            new,
            await Dossier.exclude(id__in=dossiers).order_by("id"),
            [mail for mail in self.house.mails() if mail["Message-ID"] not in told],
            self.house.messages()[messages:],
            await self._made() - made,
        )

    async def settle(self) -> None:
        """Wait until all is quiet, and bring forward what is tried again after a failure."""
        await self.house.quiet()
        failed = Task.filter(attempts__gt=0, parked_at__isnull=True).exclude(kind__in=WAITING)
        while await failed.update(due_at=datetime.now(UTC)):
            await self.house.quiet()

    async def still_issues(self) -> None:
        """The next good letter goes through to a certificate and all that is told of it."""
        teacher = self.teacher()
        left = await self.take(a_mail(self.letter(teacher)))
        (dossier,) = left.dossiers
        assert dossier.status is DossierStatus.COMPLETED
        assert left.recipients == sorted([MAILBOX, teacher.mailbox, MAILBOX])
        assert len(left.messages) == 2  # the passcode, and the result to the receiver
        assert await names_in_certificates(dossier) == [teacher.full_name]


async def names_in_certificates(dossier: Dossier) -> list[str]:
    """CN of every certificate that is valid, in the order of the rows."""
    items = await Item.filter(dossier=dossier).order_by("position").values_list("id", flat=True)
    names = []
    for item in items:
        for one in await Certificate.filter(item_id=item, status=CertificateStatus.VALID):
            subject = x509.load_der_x509_certificate(one.der or b"").subject
            (name,) = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            names.append(str(name.value))
    return names
