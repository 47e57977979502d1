"""Who lives in the year: agencies, their teachers, and what each of them must have been told."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.clock import HANOI
from bot.dossier.form import Procedure
from bot.register.lifecycle import Capacity, Role
from bot.register.models import Agency, AgencySigner, Certificate, Officer
from tests.dossier.builders import form_values
from tests.year.paper import Written, certificate, fingerprint

NAMES = ("Nguyễn Thị Hoà", "Trần Đức Bình", "Lê Hoàng Yến", "Phạm Quốc Đạt", "Vũ Thị Ánh")


@dataclass(eq=False)
class Teacher:
    """A row of form 01, and what its person must have been told by the end: kind and channel."""

    number: int
    domain: str
    place: str
    title: str = "Giáo viên"
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: int = 0  # how often the mailbox was changed
    has_certificate: bool = False  # in the end

    @property
    def full_name(self) -> str:
        return NAMES[self.number % len(NAMES)]

    @property
    def personal_number(self) -> str:
        return f"001185{self.number:06}"

    @property
    def mailbox(self) -> str:
        return f"gv{self.number}.{self.moved}@{self.domain}"

    @property
    def next_mailbox(self) -> str:
        return f"gv{self.number}.{self.moved + 1}@{self.domain}"

    @property
    def mailboxes(self) -> list[str]:
        return [f"gv{self.number}.{old}@{self.domain}" for old in range(self.moved + 1)]

    @property
    def phone(self) -> str:
        return f"+84{self.mobile[1:]}"

    def is_issued(self) -> None:
        self.has_certificate = True
        self.told.update([("credential", "email"), ("passcode", "sms")])

    def is_revoked(self) -> None:
        self.has_certificate = False
        self.told["revoked", "email"] += 1

    def moves(self) -> None:
        """The mailbox has changed: told at the old one and at the new one."""
        self.moved += 1
        self.told["changed", "email"] += 2

    @property
    def mobile(self) -> str:
        return f"09{self.number:08}"

    def row(self, **changes: str) -> dict[str, str]:
        return {
            "full_name": self.full_name,
            "birth_date": "05/09/1985",
            "personal_number": self.personal_number,
            "issued_on": "10/05/2021",
            "issued_by": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
            "mailbox": self.mailbox,
            "workplace": self.place,
            "province": "Hà Nội",
            "title": self.title,
            "mobile": self.mobile,
            **changes,
        }

    async def serial(self) -> str:
        """Of the current certificate, as its person reads it there."""
        current = Certificate.filter(
            subscriber__personal_number=self.personal_number, current_of__isnull=False
        )
        return (await current.get()).serial

    async def change(self, **changes: str) -> dict[str, str]:
        """A row of form 04."""
        return {
            "full_name": self.full_name,
            "serial": await self.serial(),
            "mailbox": self.mailbox,
            **changes,
        }

    async def revocation(self, reason: str) -> dict[str, str]:
        """A row of form 05."""
        return {
            "full_name": self.full_name,
            "personal_number": self.personal_number,
            "mailbox": self.mailbox,
            "serial": await self.serial(),
            "reason": reason,
        }


@dataclass(eq=False)
class School:
    """An agency, and how many letters it has written."""

    number: int
    agency: Agency
    letters: int = 0
    returned: int = 0  # of them, whole or in part
    people: list[Teacher] = field(default_factory=list)

    @property
    def domain(self) -> str:
        return f"truong{self.number}.edu.vn"

    def teachers(self, count: int, title: str = "Giáo viên") -> list[Teacher]:
        """So many who have asked for nothing yet."""
        first = self.number * 100 + len(self.people)
        new = [Teacher(first + one, self.domain, self.agency.name, title) for one in range(count)]
        self.people += new
        return new

    def head(self) -> Teacher:
        """Somebody whose title an officer must look at."""
        return self.teachers(1, "Phó Hiệu trưởng")[0]

    def letter(
        self, procedure: Procedure, *rows: dict[str, str], now: datetime, **changes: str
    ) -> Written:
        """A form with these rows, signed today by leader and seal."""
        self.letters += 1
        values = form_values(*rows, procedure=procedure) | {
            "letter_agency": self.agency.name.upper(),
            "letter_number": f"{self.letters}/TR{self.number}",
            "letter_date": f"{now.astimezone(HANOI):%d/%m/%Y}",
            "receiver_mailbox": f"vanthu@{self.domain}",
            "receiver_mobile": f"0399{self.number:06}",
            **changes,
        }
        signers = (f"leader-{self.number}", f"seal-{self.number}")
        return Written(self.agency.mailbox, values, signers)


async def enrol(number: int, now: datetime) -> School:
    """A school with its two signers."""
    name = f"Trường THPT số {number}"
    agency = await Agency.create(
        code=f"truong-{number}",
        name=name,
        province="Hà Nội",
        organization=name,
        mailbox=f"truong@truong{number}.edu.vn",
        domains=[f"truong{number}.edu.vn"],
        registered_at=now,
    )
    for role, capacity in (("leader", Capacity.LEADER), ("seal", Capacity.ORGANISATION)):
        signer = f"{role}-{number}"
        await AgencySigner.create(
            agency=agency,
            fingerprint=fingerprint(signer),
            certificate=certificate(signer),
            name=signer,
            capacity=capacity,
            since=now - timedelta(days=1),
        )
    return School(number, agency)


async def enrol_officer(name: str, mobile: str, now: datetime) -> Officer:
    """An officer who governs."""
    return await Officer.create(
        name=name,
        mailbox=f"{name}@ca.example.gov.vn",
        mobile=mobile,
        role=Role.GOVERN,
        certificate=certificate(name),
        fingerprint=fingerprint(name),
        since=now - timedelta(days=1),
    )
