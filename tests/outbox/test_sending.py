"""Notices and credentials through a real mail server: what the register says afterwards."""

import email
import email.policy
import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from bot.accounts.account import ActivationRefused, activate
from bot.accounts.credential import send_credential
from bot.config import Settings
from bot.hsm.token import Token
from bot.outbox.delivery import Post, intend, post
from bot.outbox.transport import ServerMisconfigured, Transport, TransportUnavailable
from bot.register.lifecycle import AccountStatus, Channel, NoticeStatus
from bot.register.models import Account, Attempt, Notice, Task
from bot.register.tasks import Kind
from bot.sections.authority import Accounts
from demo.peers.postfix import BUSY, NOBODY, Postfix
from tests.accounts.world import a_credential_notice
from tests.outbox.dying import dying
from tests.outbox.examples import NOW, a_receipt
from tests.outbox.servers import arrived, to_postfix
from tests.outbox.world import Killed, Signer, a_post, events, take, verified

pytestmark = pytest.mark.usefixtures("sqlite_register")

TO = "c3chuvanan@hanoiedu.vn"
AGAIN = NOW + timedelta(minutes=5)
BY_MAIL = Settings(accounts=Accounts(credentials="email"))  # the code can be read off the slip


@pytest.fixture
def services(post_token: Token, signer: Signer, tmp_path: Path, mail_server: Postfix) -> Post:
    transport: Transport = to_postfix(mail_server)
    return a_post(post_token, signer, tmp_path, transport=transport)


async def intended(recipient: str) -> Notice:
    async with in_transaction():
        return await intend(
            a_receipt(), key="k", channel=Channel.EMAIL, recipient=recipient, now=NOW
        )


@pytest.fixture(autouse=True)
def _an_empty_maildir(mail_server: Postfix) -> None:
    """Message-IDs are numbers of rows, and each test begins with a new register."""
    for mail in (mail_server.maildir / "new").glob("*"):
        mail.unlink()


async def test_a_notice_that_was_taken(
    services: Post, signer: Signer, tmp_path: Path, mail_server: Postfix
) -> None:
    notice = await intended(TO)
    await post(await take(Kind.NOTICE), services, NOW)
    await notice.refresh_from_db()
    assert notice.status is NoticeStatus.SENT
    attempt = await Attempt.get()
    assert attempt.accepted_at == NOW
    [mail] = await arrived(mail_server, attempt.message_id)
    assert f" id {attempt.reference}\r\n".encode() in mail
    signed = mail[mail.index(b"\r\nFrom: ") + 2 :]
    assert verified(signed, signer.root, tmp_path) is not None


async def test_a_notice_that_was_refused_waits_for_an_officer(services: Post) -> None:
    await intended(NOBODY)
    await post(await take(Kind.NOTICE), services, NOW)
    assert (await Notice.get()).status is NoticeStatus.FAILED
    task = await Task.get(kind=Kind.NOTICE)
    assert (task.parked_at, task.last_error) == (NOW, "mail.refused")
    assert (await Task.get(kind=Kind.ESCALATE)).subject == task.id
    assert [event.because for event in await events("notice.fail")] == ["mail.refused"]


@pytest.mark.parametrize(
    ("recipient", "changes", "error"),
    [
        (BUSY, {}, TransportUnavailable),
        (TO, {"password": "wrong"}, ServerMisconfigured),
        (NOBODY, {"ca_file": None}, ServerMisconfigured),
    ],
)
async def test_a_notice_that_was_not_taken_now_is_still_to_be_sent(
    services: Post,
    mail_server: Postfix,
    recipient: str,
    changes: dict[str, Any],
    error: type[Exception],
) -> None:
    await intended(recipient)
    transport = to_postfix(mail_server, **changes)
    with pytest.raises(error):
        await post(await take(Kind.NOTICE), replace(services, transport=transport), NOW)
    assert (await Notice.get()).status is NoticeStatus.INTENDED
    assert (await Task.get()).parked_at is None
    assert (await Attempt.get()).accepted_at is None


async def test_a_notice_whose_acceptance_was_lost_is_sent_again_under_its_name(
    services: Post, signer: Signer, mail_server: Postfix
) -> None:
    await intended(TO)
    with pytest.raises(Killed):
        await post(*dying(await take(Kind.NOTICE), services, "after the peer", signer), NOW)
    await post(await take(Kind.NOTICE), services, AGAIN)
    attempt = await Attempt.get()
    assert len(await arrived(mail_server, attempt.message_id, copies=2)) == 2
    assert (await Notice.get()).status is NoticeStatus.SENT


def code_on_slip(mail: bytes) -> str:
    signed, _ = email.message_from_bytes(mail, policy=email.policy.default).iter_parts()
    assert isinstance(signed, EmailMessage)
    [slip] = signed.iter_attachments()
    text = subprocess.run(
        ["pdftotext", "-layout", "-", "-"],
        input=slip.get_content(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    [code] = re.findall(r"\b\w{4}-\w{4}-\w{4}-\w{4}\b", text)
    return str(code)


async def test_a_credential_whose_acceptance_was_lost_is_replaced(
    post_token: Token, signer: Signer, tmp_path: Path, mail_server: Postfix
) -> None:
    transport: Transport = to_postfix(mail_server)
    services = a_post(post_token, signer, tmp_path, settings=BY_MAIL, transport=transport)
    notice = await a_credential_notice()
    with pytest.raises(Killed):
        await send_credential(
            *dying(await take(Kind.CREDENTIAL), services, "after the peer", signer), NOW
        )
    await send_credential(await take(Kind.CREDENTIAL), services, AGAIN)
    first, second = [
        (await arrived(mail_server, f"<notice-{notice.id}.{number}@ca.example.gov.vn>"))[0]
        for number in (1, 2)
    ]
    login = (await Account.get()).login
    with pytest.raises(ActivationRefused):
        await activate(login, code_on_slip(first), limits=BY_MAIL.accounts, now=AGAIN)
    account = await activate(login, code_on_slip(second), limits=BY_MAIL.accounts, now=AGAIN)
    assert account.status is AccountStatus.ACTIVE
    assert (await Attempt.get(accepted_at__isnull=False)).number == 2


async def test_a_credential_whose_lost_mail_was_used_meanwhile_has_arrived(
    post_token: Token, signer: Signer, tmp_path: Path, mail_server: Postfix
) -> None:
    transport: Transport = to_postfix(mail_server)
    services = a_post(post_token, signer, tmp_path, settings=BY_MAIL, transport=transport)
    notice = await a_credential_notice()
    with pytest.raises(Killed):
        await send_credential(
            *dying(await take(Kind.CREDENTIAL), services, "after the peer", signer), NOW
        )
    [mail] = await arrived(mail_server, f"<notice-{notice.id}.1@ca.example.gov.vn>")
    login = (await Account.get()).login
    await activate(login, code_on_slip(mail), limits=BY_MAIL.accounts, now=AGAIN)
    await send_credential(await take(Kind.CREDENTIAL), services, AGAIN)
    assert (await Notice.get()).status is NoticeStatus.SENT
    assert await Attempt.all().count() == 1
