"""A whole bot in the test's process: real door, register, tokens, signatures and web.

Tokens and the CA are made once a session (SoftHSM reads its configuration once
a process); each test has a home of its own with a register, archive and outbox.
"""

import asyncio
import shutil
import smtplib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import make_msgid
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from bot import app, install
from bot.clock import HANOI
from bot.config import Settings
from bot.dossier.form import Procedure
from bot.dossier.forms import blank_form
from bot.home import Home
from bot.register.lifecycle import Capacity, Role
from bot.register.models import Agency, AgencySigner, Officer, Task
from bot.sections.authority import Issuing, KeyAlgorithm
from bot.sections.servers import Database, Door, Outbox, Sandbox, Tokens, Trust, Web
from demo.foreign import ForeignPki, Service, Signer, p256
from demo.paper import fill
from demo.peers.processes import free_port
from demo.school import CODE, MAILBOX, PROVINCE, SCHOOL, TEACHERS, School, Teacher, letter
from tests.registers import sqlite_place
from tests.slips import plain_slips

OFFICIAL = "hoso@ca.example.gov.vn"
OFFICER = "canbo@ca.example.gov.vn"
GOOD = (TEACHERS[0], TEACHERS[2])
PATIENCE = 60  # seconds until a test gives up
CLIENTS = ThreadPoolExecutor(16)  # threads of their own: clients wait for the bot, which needs some


def settings_for(home: Path, tokens: Path, revocation: str, database: str = "") -> Settings:
    """Fast keys, real limits, everything on loopback; relying parties look where the web is."""
    web = free_port()
    return Settings(
        home=home,
        database=Database(url=database),
        door=Door(port=0),
        web=Web(port=web, base_url=f"http://127.0.0.1:{web}"),
        tokens=Tokens(pins=tokens / "pins"),
        trust=Trust(addresses=(revocation,), fetch_seconds=2),
        issuing=Issuing(algorithm=KeyAlgorithm.EC_P256),
        sandbox=Sandbox(seconds=5),
        outbox=Outbox(hourly=1_000),  # one house is written to by many tests
    )


def found(settings: Settings) -> None:
    """What `bot init --demo-root` does, on tokens that stand already; with keys quickly made."""
    now = datetime.now(UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(install, "SERVICE_KEY", KeyAlgorithm.EC_P256)
        for step in (
            install.make_folders(settings),
            install.make_keys(settings),
            install.make_request(settings),
            install.make_demo_root(settings, now),
        ):
            list(step)


@dataclass
class House:
    """A running bot, the school that writes to it, and what it says."""

    running: app.Running
    pki: ForeignPki
    school: School
    blank: bytes

    @property
    def settings(self) -> Settings:
        return self.running.settings

    def letter(
        self,
        *teachers: Teacher,
        sign: Callable[[School, bytes], bytes] = School.sign,
        number: str = "05/THPTCVA-VP",
        **changes: str,
    ) -> bytes:
        """Form 01 for `teachers` (two good ones), with fields changed, signed by both."""
        today = datetime.now(HANOI).date()
        values = letter(teachers or GOOD, today, number)
        return sign(self.school, fill(self.blank, {**values, **changes}))

    async def send(self, *files: bytes, sender: str = MAILBOX, **headers: str) -> None:
        """Mail `files` to the official mailbox, as the school's mail program would."""
        await self.submit(a_mail(*files, sender=sender, **headers).as_bytes(policy=SMTP), sender)

    async def submit(self, raw: bytes, sender: str = MAILBOX, to: str = OFFICIAL) -> None:
        """Hand `raw` in at the door, with a real SMTP client."""

        def hand_in() -> None:
            with smtplib.SMTP("127.0.0.1", self.running.door, timeout=PATIENCE) as client:
                client.sendmail(sender, [to], raw)

        await asyncio.get_running_loop().run_in_executor(CLIENTS, hand_in)

    async def quiet(self) -> None:
        """Wait until nothing is left to do now."""
        async with asyncio.timeout(PATIENCE):
            while await self._busy():
                await asyncio.sleep(0.05)

    async def _busy(self) -> bool:
        due = Task.filter(parked_at__isnull=True, due_at__lte=datetime.now(UTC))
        return await due.exists() or await Task.filter(lease__isnull=False).exists()

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        """What was sent, oldest first."""
        folder = Home(self.settings).maildir / "new"
        paths = sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [
            one for one in map(_read, paths) if to is None or one["To"].addresses[0].addr_spec == to
        ]

    def messages(self) -> list[str]:
        """The SMS that were sent."""
        return [path.read_text() for path in sorted(Home(self.settings).sms.glob("*"))]


@cache
def _read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=default)


def text_of(mail: EmailMessage) -> str:
    """What somebody reads, on one line."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def a_mail(*files: bytes, sender: str = MAILBOX, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, OFFICIAL
    message["Subject"] = "Đề nghị cấp chứng thư chữ ký số"
    message["Message-ID"] = make_msgid(domain="hanoiedu.edu.vn")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Kính gửi quý cơ quan hồ sơ.\n")
    for number, content in enumerate(files, start=1):
        message.add_attachment(
            content, maintype="application", subtype="pdf", filename=f"{number}.pdf"
        )
    return message


async def register_school(
    school: School, now: datetime, *, code: str = CODE, name: str = SCHOOL, mailbox: str = MAILBOX
) -> Agency:
    agency = await Agency.create(
        code=code,
        name=name,
        province=PROVINCE,
        organization=name,
        mailbox=mailbox,
        domains=["hanoiedu.edu.vn"],
        registered_at=now,
    )
    await register_signer(agency, school.leader, Capacity.LEADER, now)
    await register_signer(agency, school.seal, Capacity.ORGANISATION, now)
    return agency


async def register_officer(
    now: datetime,
    *,
    mailbox: str = OFFICER,
    role: Role = Role.WATCH,
    signer: Signer | None = None,
    name: str = "Cán bộ trực",
) -> Officer:
    """Somebody who is told of what waits; with a role and a certificate, they decide it."""
    der = signer.der if signer else None
    return await Officer.create(
        name=name,
        mailbox=mailbox,
        role=role,
        certificate=der,
        fingerprint=sha256(der).hexdigest() if der else None,
        since=now - timedelta(days=1),
    )


async def register_signer(
    agency: Agency, signer: Signer, capacity: Capacity, since: datetime
) -> None:
    await AgencySigner.create(
        agency=agency,
        fingerprint=sha256(signer.der).hexdigest(),
        certificate=signer.der,
        name=capacity,
        capacity=capacity,
        since=since,
    )


@pytest.fixture(scope="session")
def pki() -> Iterator[ForeignPki]:
    with ForeignPki(p256) as pki:
        yield pki


@pytest.fixture(scope="session")
def school(pki: ForeignPki) -> School:
    return School.of(pki)


@cache
def drawn(procedure: Procedure) -> bytes:
    """A blank form, drawn once: it takes two seconds."""
    return blank_form(Settings(), procedure)


@pytest.fixture(scope="session")
def blank() -> bytes:
    return drawn(Procedure.ISSUE)


@pytest.fixture(scope="session")
def founded(
    token_home: Path,
    pki: ForeignPki,
    blank_register: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A home with a CA and a register; nobody lives in it."""
    home = tmp_path_factory.mktemp("founded")
    found(settings_for(home, token_home, pki.address))
    pki.write_trust(home / "trust")
    sqlite_place(blank_register, home)
    return home


@asynccontextmanager
async def inhabited(
    home: Path, tokens: Path, pki: ForeignPki, school: School, database: str = ""
) -> AsyncIterator[app.Running]:
    """A bot that runs on `home`, with the school and an officer, while the block runs."""
    async with app.embedded(settings_for(home, tokens, pki.address, database)) as running:
        await register_school(school, datetime.now(UTC) - timedelta(days=1))
        await register_officer(datetime.now(UTC))
        with plain_slips():
            yield running
    pki.ocsp_service = pki.crl_service = Service.UP


@pytest.fixture
async def house(
    founded: Path,
    token_home: Path,
    pki: ForeignPki,
    school: School,
    blank: bytes,
    database: str,
    tmp_path: Path,
) -> AsyncIterator[House]:
    """A bot with a home of its own, for one test."""
    home = shutil.copytree(founded, tmp_path / "home")
    async with inhabited(home, token_home, pki, school, database) as running:
        yield House(running, pki, school, blank)
