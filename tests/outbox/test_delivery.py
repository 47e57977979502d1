from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from bot.errors import Conflict
from bot.hsm.token import Token
from bot.outbox.content import Content
from bot.outbox.delivery import Post, intend, post
from bot.outbox.maildir import MaildirTransport
from bot.outbox.transport import RecipientRefused, TransportUnavailable
from bot.register.lifecycle import Channel, NoticeStatus
from bot.register.models import Attempt, Mail, Notice, Task
from bot.register.place import Place
from bot.register.tasks import Kind, LeaseLost
from bot.sms.gateway import NumberRefused
from tests.outbox.dying import MOMENTS, Moment, dying
from tests.outbox.examples import NOW, a_passcode, a_receipt, a_result
from tests.outbox.world import (
    Killed,
    Signer,
    a_dossier,
    a_mail,
    a_post,
    all_chains_hold,
    an_agency,
    events,
    mails,
    messages,
    take,
    verified,
)
from tests.registers import everything

pytestmark = pytest.mark.usefixtures("register")

AGAIN = NOW + timedelta(minutes=5)


@pytest.fixture
def services(post_token: Token, signer: Signer, tmp_path: Path) -> Post:
    return a_post(post_token, signer, tmp_path)


async def intended(content: Content, channel: Channel = Channel.EMAIL, **changes: Any) -> Notice:
    recipient = "c3chuvanan@hanoiedu.vn" if channel is Channel.EMAIL else "+84912345678"
    values: dict[str, Any] = {"key": "k", "channel": channel, "recipient": recipient, "now": NOW}
    async with in_transaction():
        return await intend(content, **values | changes)


async def test_one_key_is_one_notice_and_one_task() -> None:
    first = await intended(a_receipt())
    second = await intended(a_receipt(agency="Trường khác"), recipient="somebody@else.vn")
    assert second.id == first.id
    assert await Notice.all().count() == await Task.all().count() == 1
    assert (await Notice.get()).recipient == "c3chuvanan@hanoiedu.vn"
    assert (await Task.get()).kind == Kind.NOTICE


async def test_an_intent_is_undone_with_its_transaction() -> None:
    async def undone() -> None:
        async with in_transaction():
            await intended(a_receipt())
            raise Killed

    with pytest.raises(Killed):
        await undone()
    assert await Notice.all().count() == await Task.all().count() == 0


async def test_a_receipt_answers_the_agencys_mail(
    services: Post, signer: Signer, tmp_path: Path
) -> None:
    mail = await a_mail()
    dossier = await a_dossier(await an_agency(), mail)
    notice = await intended(a_receipt(), dossier=dossier, answers=mail)
    await post(await take(Kind.NOTICE), services, NOW)
    [raw] = mails(tmp_path)
    assert f"\r\nMessage-ID: <notice-{notice.id}@ca.example.gov.vn>\r\n".encode() in raw
    assert f"\r\nIn-Reply-To: {mail.message_id}\r\n".encode() in raw
    assert b"\r\nAuto-Submitted: auto-replied\r\n" in raw
    assert verified(raw, signer.root, tmp_path) is not None
    await notice.refresh_from_db()
    assert (notice.status, notice.sent_at) == (NoticeStatus.SENT, NOW)
    assert (await Attempt.get()).accepted_at == NOW
    assert await Task.all().count() == 0
    [event] = await events("notice.send")
    assert event.chain == f"dossier:{dossier.id}"


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_anywhere_and_repeated_a_mail_is_one_mail(
    services: Post, signer: Signer, tmp_path: Path, moment: Moment
) -> None:
    await intended(a_receipt())
    with pytest.raises(Killed):
        await post(*dying(await take(Kind.NOTICE), services, moment, signer), NOW)
    assert (await Notice.get()).status is NoticeStatus.INTENDED
    assert await Attempt.filter(accepted_at__isnull=True).count() == 1
    await post(await take(Kind.NOTICE), services, AGAIN)
    assert len(mails(tmp_path)) == 1
    assert (await Notice.get()).status is NoticeStatus.SENT
    attempt = await Attempt.get()
    assert (attempt.made_at, attempt.accepted_at) == (NOW, AGAIN)
    assert await Task.all().count() == 0
    assert await all_chains_hold()


@pytest.mark.parametrize("moment", [one for one in MOMENTS if one != "sign"])
@pytest.mark.parametrize("content", [a_result(), a_passcode()], ids=["result", "passcode"])
async def test_killed_anywhere_and_repeated_a_message_is_one_message(
    services: Post, signer: Signer, tmp_path: Path, moment: Moment, content: Content
) -> None:
    notice = await intended(content, Channel.SMS)
    with pytest.raises(Killed):
        await post(*dying(await take(Kind.NOTICE), services, moment, signer), NOW)
    await post(await take(Kind.NOTICE), services, AGAIN)
    [message] = messages(tmp_path)
    assert message.startswith("To: +84912345678\n\n")
    assert (await Attempt.get()).message_id == f"notice-{notice.id}"
    assert (await Notice.get()).status is NoticeStatus.SENT
    assert await Task.all().count() == 0


async def test_a_mail_that_was_read_meanwhile_is_not_sent_again(
    services: Post, signer: Signer, tmp_path: Path
) -> None:
    await intended(a_receipt())
    lease = await take(Kind.NOTICE)
    with pytest.raises(Killed):
        await post(*dying(lease, services, "after the peer", signer), NOW)
    [new] = (tmp_path / "mail" / "new").iterdir()
    new.rename(tmp_path / "mail" / "cur" / f"{new.name}:2,S")
    await post(await take(Kind.NOTICE), services, AGAIN)
    assert mails(tmp_path) == []


async def test_a_second_delivery_of_the_task_is_a_conflict(services: Post, tmp_path: Path) -> None:
    await intended(a_receipt())
    lease = await take(Kind.NOTICE)
    await post(lease, services, NOW)
    with pytest.raises(Conflict):
        await post(lease, services, NOW)
    assert len(mails(tmp_path)) == 1
    assert len(await events("notice.send")) == 1


async def test_a_hand_whose_lease_was_given_away_sends_nothing(
    services: Post, tmp_path: Path
) -> None:
    await intended(a_receipt())
    late = await take(Kind.NOTICE)
    await take(Kind.NOTICE)
    with pytest.raises(LeaseLost):
        await post(late, services, NOW)
    assert mails(tmp_path) == []
    assert await Attempt.all().count() == 0


class Refusing:
    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    async def deliver(self, message_id: str, recipient: str, raw: bytes) -> str:
        raise self.error

    async def knows(self, message_id: str) -> None:
        return None

    async def send(self, to: str, text: str, reference: str, *, since: datetime | None) -> str:
        raise self.error


@pytest.mark.parametrize(
    ("content", "channel", "error", "code"),
    [
        (a_receipt(), Channel.EMAIL, RecipientRefused, "mail.refused"),
        (a_result(), Channel.SMS, NumberRefused, "sms.refused"),
    ],
)
async def test_what_is_refused_for_good_waits_for_an_officer(
    services: Post, content: Content, channel: Channel, error: type[Exception], code: str
) -> None:
    await intended(content, channel)
    refusing = Refusing(error)
    broken = replace(services, transport=refusing, gateway=refusing)
    await post(await take(Kind.NOTICE), broken, NOW)
    assert (await Notice.get()).status is NoticeStatus.FAILED
    task = await Task.get(kind=Kind.NOTICE)
    assert (task.parked_at, task.last_error) == (NOW, code)
    assert (await Task.get(kind=Kind.ESCALATE)).subject == task.id
    [event] = await events("notice.fail")
    assert event.because == code


async def test_a_mailbox_that_is_none_waits_for_an_officer(services: Post) -> None:
    await intended(a_receipt(), recipient="a@b\r\nBcc: c@d")
    await post(await take(Kind.NOTICE), services, NOW)
    assert (await Notice.get()).status is NoticeStatus.FAILED


async def test_a_server_that_is_down_leaves_the_notice_and_its_task(services: Post) -> None:
    await intended(a_receipt())
    broken = replace(services, transport=Refusing(TransportUnavailable))
    with pytest.raises(TransportUnavailable):
        await post(await take(Kind.NOTICE), broken, NOW)
    assert (await Notice.get()).status is NoticeStatus.INTENDED
    assert await Task.all().count() == 1


async def test_a_maildir_that_cannot_be_written_is_tried_later(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(TransportUnavailable):
        await MaildirTransport(tmp_path / "mail").deliver("<a@b>", "c@d", b"raw")


async def test_a_maildir_has_one_file_a_message_id(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path)
    assert await transport.knows("<../a:2,S@b>") is False
    await transport.deliver("<../a:2,S@b>", "c@d", b"first")
    await transport.deliver("<../a:2,S@b>", "c@d", b"second")
    [file] = (tmp_path / "new").iterdir()
    assert file.read_bytes() == b"first"
    assert await transport.knows("<../a:2,S@b>") is True
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_no_secret_stands_in_the_register(
    services: Post, register: Place, tmp_path: Path
) -> None:
    await intended(a_passcode(), Channel.SMS)
    await post(await take(Kind.NOTICE), services, NOW)
    passcode = a_passcode().code(services.mac)
    assert len(passcode) == 12
    assert passcode in messages(tmp_path)[0]
    kept = everything(register)
    assert b"passcode" in kept  # the notice's kind
    assert passcode.encode() not in kept
    assert set((await Notice.get()).data) == {"number", "account", "attempt"}
    assert a_passcode(attempt=2).code(services.mac) != passcode


async def test_a_mail_without_message_id_is_answered_all_the_same(
    services: Post, tmp_path: Path
) -> None:
    mail: Mail = await a_mail(message_id="")
    await intended(a_receipt(), answers=mail)
    await post(await take(Kind.NOTICE), services, NOW)
    [raw] = mails(tmp_path)
    assert b"In-Reply-To" not in raw
    assert b"auto-replied" in raw
