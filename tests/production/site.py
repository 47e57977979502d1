"""A bot in separate processes, around real servers, as the tests of this folder drive it."""

import asyncio
import smtplib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.policy import SMTP
from itertools import count
from pathlib import Path

from bot.register.lifecycle import CertificateStatus, DossierStatus, NoticeStatus
from bot.register.models import Certificate, Dossier, Notice, Task
from bot.register.tasks import Kind
from demo.house import House
from demo.paper import fill
from demo.peers.postgres import Postgres
from demo.peers.rabbitmq import RabbitMq
from demo.process import Process
from demo.school import MAILBOX, School, Teacher, letter
from tests.house import OFFICIAL, a_mail

PATIENCE = 90  # seconds
SOON = timedelta(hours=1)  # what is due later has its time: a clock, a reminder, the regular CRL


@dataclass
class Site:
    """The processes, the servers around them, and the school that writes."""

    house: House
    database: Postgres
    broker: RabbitMq
    school: School
    form: bytes
    processes: dict[str, Process] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def start(self, *names: str) -> None:
        """Start those of the processes that do not run."""
        for name in names:
            if not self.processes[name].is_alive:
                await asyncio.to_thread(self.processes[name].start)

    async def stop(self, name: str) -> int:
        """Its exit code."""
        return await asyncio.to_thread(self.processes[name].stop)

    async def send(self, people: int = 1) -> str:
        """The school mails a good letter; its number."""
        number = f"{next(self._numbers)}/THPTCVA-VP"
        teachers = tuple(self._teacher() for _ in range(people))
        values = letter(teachers, datetime.now(UTC).date(), number)
        raw = a_mail(self.school.sign(fill(self.form, values))).as_bytes(policy=SMTP)
        await asyncio.to_thread(self.hand_in, raw)
        return number

    def hand_in(self, raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.house.door, timeout=PATIENCE) as client:
            client.sendmail(MAILBOX, [OFFICIAL], raw)

    def _teacher(self) -> Teacher:
        number = next(self._numbers)
        return Teacher(
            "Vũ Thị Ánh Tuyết", "12/03/1988", f"001188{number:06}",
            f"gv{number}@hanoiedu.edu.vn", f"09{number:08}",
        )  # fmt: skip

    @property
    def log(self) -> str:
        """What the processes have written."""
        return self.house.log.read_text()

    async def done(self, number: str, people: int = 1, *, burnt: bool = False) -> None:
        """The letter is completed, everybody is told, each once.

        Args:
            burnt: whether a serial may have been lost on the way.
        """
        await until(
            lambda: Dossier.exists(status="completed", letter_key__endswith=number.casefold())
        )
        await until(self.quiet)
        dossier = await Dossier.get(letter_key__endswith=number.casefold())
        assert dossier.status is DossierStatus.COMPLETED
        certificates = await Certificate.filter(item__dossier=dossier)
        statuses = [one.status for one in certificates]
        assert statuses.count(CertificateStatus.VALID) == people
        assert len(statuses) == people or burnt
        assert not await Notice.exclude(status=NoticeStatus.SENT).exists()
        mails = [path.name for path in (self.house.home / "outgoing/mail/new").iterdir()]
        assert len(mails) == await Notice.filter(channel="email").count()

    async def quiet(self) -> bool:
        due = Task.filter(due_at__lte=datetime.now(UTC) + SOON).exclude(kind=Kind.COLLECT)
        return not await due.exists()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():
            await asyncio.sleep(0.05)


def a_site(
    home: Path, pins: Path, revocation: str, database: Postgres, broker: RabbitMq, url: str
) -> House:
    """The settings of a site on a founded home, with keys that take their time to be made."""
    house = House(home)
    house.settings.write_text(
        f'home = "{home}"\n[database]\nurl = "{url}"\n[broker]\nurl = "{broker.url}"\n'
        f'[door]\nport = {house.door}\n[tokens]\npins = "{pins}"\n'
        f'[web]\nport = {house.web}\nbase_url = "http://127.0.0.1:{house.web}"\n'
        f'[trust]\naddresses = ["{revocation}"]\n[issuing]\nalgorithm = "rsa-3072"\n'
    )
    return house
