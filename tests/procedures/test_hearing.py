"""Words that are sent again: what nobody signed makes no new one of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from bot.clock import Calendar
from bot.config import Settings
from bot.dossier.orders import read_order
from bot.inbox.archive import Archive
from bot.inbox.mime import Survey
from bot.outbox.officer_notices import Ordered
from bot.procedures.orders.hearing import Word, hear
from bot.procedures.orders.obeying import obey
from bot.procedures.services import Vetting
from bot.register.lifecycle import Role
from bot.register.models import Notice, Officer, Order, Pause
from bot.register.place import Place
from bot.register.tasks import Kind, Lease
from bot.sections.officers import Officers
from bot.signatures.verdict import MailInspection, MailSignature, SignedMail
from tests.dossier.builders import PASSED
from tests.procedures.governors import a_governor, der
from tests.register.rows import NOW, a_mail

CERTIFICATE = der("an")
STOP = 'ĐỀ NGHỊ pause\r\n{"queue": "ca"}\r\n'
YEARS = timedelta(days=800)


@dataclass
class Read:
    """What was found in a mail."""

    mail: SignedMail
    retry: bool = False

    async def inspect_mail(self, *_: Any) -> MailInspection:
        return MailInspection(signatures=self.mail.signatures)

    async def judge_mail(self, *_: Any) -> "Read":
        return self


def a_mail_that_says(
    said: str, signed_at: datetime, stamped_at: datetime | None = None
) -> SignedMail:
    signature = MailSignature(
        field="1", covers=9, intact=True, certificate=CERTIFICATE, signing_time=signed_at,
        is_root=True, verdict=PASSED, proven_at=stamped_at,
    )  # fmt: skip
    return SignedMail(signatures=(signature,), said=said)


@pytest.fixture
async def officer(register: Place) -> Officer:
    return await a_governor("an")


async def heard(signed: SignedMail, folder: Path) -> str:
    """Why nothing came of it; empty if something did."""
    examiner: Any = Read(signed)
    vetting = Vetting(Settings(home=folder), Calendar(), Archive(folder), examiner)
    mail, lease = await a_mail(received_at=NOW), Lease(1, "", Kind.IDENTIFY, 1, 1, NOW)
    word = await hear(b"", Survey(), mail, [], lease, vetting, NOW)
    assert word
    assert word.officer
    async with in_transaction():
        await obey(mail, word, word.officer, Officers(), NOW)
    return (await Order.get(mail=mail)).refused


async def test_a_new_time_stamp_makes_no_new_word_of_an_old_one(
    officer: Officer, tmp_path: Path
) -> None:
    """Anybody can have a signature stamped: the attribute is not signed (RFC 3161, annex A)."""
    assert await heard(a_mail_that_says(STOP, NOW), tmp_path) == ""
    await Pause.all().delete()
    later = NOW + timedelta(minutes=1)
    assert await heard(a_mail_that_says(STOP, NOW, later), tmp_path) == "order.replayed"
    assert await heard(a_mail_that_says(STOP, NOW - YEARS, NOW), tmp_path) == "order.old"
    assert not await Pause.exists()


async def test_who_proposes_hears_its_number_and_whether_it_waits(
    officer: Officer, tmp_path: Path
) -> None:
    await a_governor("binh")
    stop, go_on = STOP, STOP.replace("pause", "resume")
    for text in (stop, go_on):
        assert await heard(a_mail_that_says(text, NOW), tmp_path) == ""
    told = [Ordered.read(one.data) async for one in Notice.filter(kind="ordered").order_by("id")]
    assert [(one.proposal, one.waits) for one in told] == [
        ("DX-2026-000001", False), ("DX-2026-000002", True),
    ]  # fmt: skip


async def test_other_line_ends_make_no_new_word(officer: Officer, tmp_path: Path) -> None:
    """A signature over the canonical form holds for both (RFC 8551 section 3.1.1)."""
    assert await heard(a_mail_that_says(STOP, NOW), tmp_path) == ""
    other = STOP.replace("\r\n", "\n")
    assert await heard(a_mail_that_says(other, NOW), tmp_path) == "order.replayed"


async def test_who_may_no_more_when_it_is_written_orders_nothing(officer: Officer) -> None:
    """Their role was taken from them while their order was looked into."""
    await Officer.filter(id=officer.id).update(role=Role.DECIDE)
    assert officer.role is Role.GOVERN  # as it was
    mail = await a_mail(received_at=NOW)
    word = Word(read_order(STOP), officer, text=STOP, signed_at=NOW)
    async with in_transaction():
        await obey(mail, word, officer, Officers(), NOW)
    assert (await Order.get(mail=mail)).refused == "officer.role"
