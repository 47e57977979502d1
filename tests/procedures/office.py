"""Letters without files: what their signatures cover is given by hand, all else is done."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from bot.clock import Calendar
from bot.config import Settings
from bot.dossier.decision import Decision
from bot.dossier.decision import decide as think
from bot.dossier.form import Procedure
from bot.dossier.gather import Judged, gather
from bot.inbox.archive import Archive
from bot.inbox.mime import Survey
from bot.procedures import decide
from bot.procedures.judging import Judging
from bot.procedures.services import Vetting
from bot.register import tasks
from bot.register.lifecycle import Capacity
from bot.register.models import Agency, AgencySigner, Dossier, Item, Task
from bot.register.tasks import HandOver, Kind, Lease, LeaseLost
from bot.signatures.verdict import SignedFile, SignedMail
from tests.dossier.builders import a_person, a_signature, form_values
from tests.register.rows import NOW, a_dossier, a_mail, an_agency

CAPACITIES = {"leader": Capacity.LEADER, "seal": Capacity.ORGANISATION}


async def a_school(name: str = "Trường Trung học phổ thông Chu Văn An") -> Agency:
    """A registered agency with its two signers."""
    agency = await an_agency(name=name, mailbox=f"{len(name)}@hanoiedu.edu.vn")
    for field_, capacity in CAPACITIES.items():
        signature = a_signature(f"{field_} of {agency.id}")
        await AgencySigner.create(
            agency=agency, fingerprint=signature.fingerprint, certificate=b"",
            name=field_, capacity=capacity, since=NOW,
        )  # fmt: skip
    return agency


def at(agency: Agency, position: int = 1, **typed: str) -> dict[str, str]:
    """A valid row of form 01 for somebody who works there."""
    return a_person(position, workplace=agency.name, **typed)


@dataclass
class Office:
    """Where letters come in; `judged` is what was signed in each, by its digest."""

    vetting: Vetting
    judged: dict[str, Judged] = field(default_factory=dict)

    async def letter(
        self,
        agency: Agency,
        *rows: dict[str, str],
        procedure: Procedure = Procedure.ISSUE,
        now: datetime = NOW,
        **typed: str,
    ) -> Dossier:
        """A letter that comes now, next in number; it waits to be decided."""
        number = len(self.judged) + 1
        raw = str(number).encode()
        digest = sha256(raw).hexdigest()
        values = form_values(
            *rows, procedure=procedure, letter_number=f"{number}/CVA-VP",
            letter_agency=agency.name, letter_date=f"{now:%d/%m/%Y}", **typed,
        )  # fmt: skip
        signatures = tuple(
            a_signature(f"{one} of {agency.id}", signing_time=now) for one in CAPACITIES
        )
        file = SignedFile(name="x.pdf", sha256=digest, signatures=signatures, values=values)
        self.judged[digest] = Judged(Survey(senders=(agency.mailbox,)), file, SignedMail())
        mail = await a_mail(digest=self.vetting.archive.put(raw), received_at=now)
        return await a_dossier(
            agency=agency, mail=mail, letter_digest=digest, received_at=now, due_at=now
        )

    async def decided(self, dossier: Dossier, now: datetime = NOW) -> list[Item]:
        """Let it be decided; its rows."""
        lease = await begun(Kind.DECIDE, dossier.id, now)
        await decide.decide_dossier(lease, self.vetting, now)
        return await Item.filter(dossier=dossier).order_by("position")

    async def thought(self, dossier: Dossier, now: datetime = NOW) -> Decision:
        """What would be decided; nothing is written down."""
        judged = self.judged[dossier.letter_digest]
        return think(await gather(dossier, judged, self.vetting.settings, now))

    async def judge(self, raw: bytes, letter: str, *_: Any) -> Judging:
        await asyncio.sleep(0)  # as long as others need to come up
        return Judging(self.judged[letter], ())


async def begun(kind: Kind, subject: int, now: datetime = NOW) -> Lease:
    """The right to do that task, called for if need be.

    Raises:
        LeaseLost: somebody took it away meanwhile.
    """
    await tasks.call(kind, subject, due=now)
    task = await Task.get_or_none(kind=kind, subject=subject)
    lease = await tasks.begin(await handed(task, now), now) if task else None
    if lease is None:
        raise LeaseLost(subject)
    return lease


async def handed(task: Task, now: datetime) -> HandOver:
    """That task, due or not, as a relay hands it over."""
    message = HandOver(task.id, token_hex(16))
    until = now + tasks.HAND_OVER
    await Task.filter(id=task.id).update(
        lease=message.token, leased_until=until, begun_at=None, due_at=now
    )
    return message


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return an_office(tmp_path, monkeypatch.setattr)


def an_office(folder: Path, put: Callable[[Any, str, Any], object]) -> Office:
    """`put`: how `judge` takes the place of what opens files."""
    nobody: Any = None  # no file is opened
    settings = Settings(home=folder)
    office = Office(Vetting(settings, Calendar(), Archive(folder), nobody))
    put(decide, "judge", office.judge)
    return office
