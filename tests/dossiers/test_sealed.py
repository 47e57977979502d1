"""Mails that are signed themselves: who sent them, and what their signatures are good for."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec

from bot.register.lifecycle import Capacity, DossierStatus, MailStatus
from bot.register.models import Agency
from demo.foreign import Signer
from demo.school import CODE, MAILBOX
from demo.smime import sealed
from tests.dossiers.desk import Desk
from tests.house import OFFICER, a_mail, register_signer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZIP = b"PK\x03\x04" + bytes(200)


def somebody(desk: Desk, name: str) -> Signer:
    return desk.house.pki.signer(name, key=ec.generate_private_key(ec.SECP256R1()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clerk(standing: Desk) -> Signer:
    signer = somebody(standing, "Lê Thị Văn Thư")
    agency = await Agency.get(code=CODE)
    since = datetime.now(UTC) - timedelta(days=1)
    await register_signer(agency, signer, Capacity.CLERK, since)
    return signer


def with_file(content: bytes, name: str) -> EmailMessage:
    mail = a_mail()
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail


async def test_what_a_clerk_sends_is_judged_by_its_letter(desk: Desk, clerk: Signer) -> None:
    left = await desk.take(sealed(a_mail(desk.letter()), clerk))
    assert left.statuses == [DossierStatus.COMPLETED]
    verdicts = left.dossiers[0].verdicts
    assert [one["indication"] for one in verdicts] == ["TOTAL-PASSED"] * 3


async def test_the_seal_over_the_mail_signs_no_letter(desk: Desk) -> None:
    """Whose it is is known; so the agency hears what is missing."""
    teacher = desk.teacher()
    unsigned = desk.house.letter(teacher, sign=lambda _, filled: filled)
    left = await desk.take(sealed(a_mail(unsigned), desk.house.school.seal))
    assert left.statuses == [DossierStatus.RETURNED]
    assert left.codes() >= {"signature.leader_missing", "signature.organisation_missing"}
    assert (left.recipients, left.made) == ([MAILBOX] * 2, 0)


async def test_a_signed_mail_without_any_letter_is_answered(desk: Desk) -> None:
    left = await desk.take(sealed(with_file(ZIP, "ho-so.zip"), desk.house.school.seal))
    assert left.statuses == [DossierStatus.RETURNED]
    assert (left.recipients, left.made) == ([MAILBOX] * 2, 0)
    assert "ZIP" in left.said(MAILBOX)


async def test_a_trusted_stranger_who_signs_only_the_mail_is_held(desk: Desk) -> None:
    left = await desk.take(sealed(a_mail(), somebody(desk, "Trần Văn Mới")))
    assert {mail.status for mail in left.mails} == {MailStatus.HELD}
    assert (left.recipients, left.dossiers, left.made) == ([OFFICER], [], 0)
    assert "[signer.unregistered]" in left.said(OFFICER)


async def test_a_mail_that_was_altered_tells_nothing_of_its_sender(desk: Desk) -> None:
    raw = sealed(with_file(ZIP, "ho-so.zip"), desk.house.school.seal)
    left = await desk.take(raw.replace("Kính gửi".encode(), "Kính gưi".encode()))
    assert left.dossiers == []
    assert {mail.status for mail in left.mails} == {MailStatus.IGNORED}
    assert left.recipients == [MAILBOX]  # From is registered: one note that nothing is signed


async def test_a_good_letter_in_an_altered_mail_is_a_good_letter(desk: Desk, clerk: Signer) -> None:
    raw = sealed(a_mail(desk.letter()), clerk)
    left = await desk.take(raw.replace("Kính gửi".encode(), "Kính gưi".encode()))
    assert left.statuses == [DossierStatus.COMPLETED]
