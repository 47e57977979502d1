import asyncio
import email
import email.policy
import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from tortoise.transactions import in_transaction

from bot.accounts.account import ActivationRefused, activate
from bot.accounts.credential import send_credential
from bot.config import Settings
from bot.errors import Conflict
from bot.hsm.token import Token
from bot.outbox.delivery import Post, intend, post
from bot.outbox.mailer import Mailer
from bot.outbox.transport import RecipientRefused
from bot.register.lifecycle import AccountStatus, Channel, NoticeStatus
from bot.register.models import Account, Attempt, Notice, Task
from bot.register.place import Place
from bot.register.tasks import Kind, LeaseLost
from bot.sections.authority import Accounts
from tests.accounts.world import a_credential_notice
from tests.outbox.dying import MOMENTS, Moment, dying
from tests.outbox.examples import NOW, a_credential
from tests.outbox.world import (
    Killed,
    Signer,
    a_post,
    all_chains_hold,
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


def attached(raw: bytes) -> bytes:
    signed, _ = email.message_from_bytes(raw, policy=email.policy.default).iter_parts()
    assert isinstance(signed, EmailMessage)
    [slip] = signed.iter_attachments()
    assert slip.get_filename() == "phieu-tai-khoan.pdf"
    content: bytes = slip.get_content()
    return content


def read_slip(pdf: bytes, passcode: str = "") -> str:
    """What the subscriber reads."""
    run = subprocess.run(
        ["pdftotext", "-layout", "-upw", passcode, "-", "-"],
        input=pdf,
        capture_output=True,
        check=True,
    )
    return run.stdout.decode()


def code_on(slip: str) -> str:
    [code] = re.findall(r"\b\w{4}-\w{4}-\w{4}-\w{4}\b", slip)
    return str(code)


def passcode_in(message: str) -> str:
    [passcode] = re.findall(r"\b[2-9A-HJ-NP-Z]{12}\b", message)
    return str(passcode)


async def send_passcode(services: Post) -> None:
    await post(await take(Kind.NOTICE, AGAIN), services, AGAIN)


async def test_the_slip_the_passcode_and_the_code_open_the_account(
    services: Post, signer: Signer, tmp_path: Path
) -> None:
    notice = await a_credential_notice()
    await send_credential(await take(Kind.CREDENTIAL), services, NOW)
    await send_passcode(services)
    [raw] = mails(tmp_path)
    assert verified(raw, signer.root, tmp_path) is not None
    assert f"\r\nMessage-ID: <notice-{notice.id}.1@ca.example.gov.vn>\r\n".encode() in raw
    assert b"\r\nTo: ntha@hanoiedu.vn\r\n" in raw
    [message] = messages(tmp_path)
    assert message.startswith("To: +84912345678\n\n")
    assert " lan 1," in message
    slip = read_slip(attached(raw), passcode_in(message))
    for words in ("Nguyễn Thị Hồng Ánh", "ntha@hanoiedu.vn", "HS-2026-000123", "07 tháng 12"):
        assert words in slip
    account = await activate(
        "ntha@hanoiedu.vn", code_on(slip), limits=services.settings.accounts, now=AGAIN
    )
    assert account.status is AccountStatus.ACTIVE
    assert await Task.all().count() == 0
    assert await all_chains_hold()


async def test_without_the_passcode_the_slip_stays_shut(services: Post, tmp_path: Path) -> None:
    await a_credential_notice()
    await send_credential(await take(Kind.CREDENTIAL), services, NOW)
    slip = attached(mails(tmp_path)[0])
    for wrong in ("", "7K3M9QX2WD4R"):
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(BytesIO(slip), password=wrong)
    await send_passcode(services)
    with pikepdf.open(BytesIO(slip), password=passcode_in(messages(tmp_path)[0])) as document:
        assert document.encryption.R == 6
        assert len(document.pages) == 1
        assert not document.owner_password_matched


async def test_by_mail_alone_the_slip_is_open_and_no_message_is_sent(
    post_token: Token, signer: Signer, tmp_path: Path
) -> None:
    settings = Settings(accounts=Accounts(credentials="email"))
    services = a_post(post_token, signer, tmp_path, settings=settings)
    await a_credential_notice()
    await send_credential(await take(Kind.CREDENTIAL), services, NOW)
    code = code_on(read_slip(attached(mails(tmp_path)[0])))
    assert await activate("ntha@hanoiedu.vn", code, limits=settings.accounts, now=AGAIN)
    assert await Task.all().count() == 0
    assert await Notice.all().count() == 1


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_anywhere_and_repeated_one_mail_carries_the_one_live_code(
    services: Post, signer: Signer, tmp_path: Path, moment: Moment
) -> None:
    notice = await a_credential_notice()
    lease = await take(Kind.CREDENTIAL)
    with pytest.raises(Killed):
        await send_credential(*dying(lease, services, moment, signer), NOW)
    assert await Notice.all().count() == 1  # no passcode leaves before its mail
    await send_credential(await take(Kind.CREDENTIAL), services, AGAIN)
    await send_passcode(services)

    went_out = moment in ("after the peer", "before the last commit")
    newest = 1 if went_out else 2
    account = await Account.get()
    assert account.attempt == newest
    assert await Attempt.filter(notice=notice).count() == newest
    assert (await Attempt.get(notice=notice, accepted_at__isnull=False)).number == newest
    [raw], [message] = mails(tmp_path), messages(tmp_path)
    assert f"<notice-{notice.id}.{newest}@ca.example.gov.vn>".encode() in raw
    assert f" lan {newest}," in message
    code = code_on(read_slip(attached(raw), passcode_in(message)))
    assert await activate(account.login, code, limits=services.settings.accounts, now=AGAIN)
    assert await Task.all().count() == 0
    assert await all_chains_hold()


async def test_a_code_used_before_the_mail_was_recorded_counts_as_arrived(
    post_token: Token, signer: Signer, tmp_path: Path
) -> None:
    settings = Settings(accounts=Accounts(credentials="email"))
    services = a_post(post_token, signer, tmp_path, settings=settings)
    await a_credential_notice()
    lease = await take(Kind.CREDENTIAL)
    with pytest.raises(Killed):
        await send_credential(*dying(lease, services, "after the peer", signer), NOW)
    [file] = (tmp_path / "mail" / "new").iterdir()
    code = code_on(read_slip(attached(file.read_bytes())))
    await activate("ntha@hanoiedu.vn", code, limits=settings.accounts, now=AGAIN)
    file.unlink()  # as with a transport that cannot tell
    await send_credential(await take(Kind.CREDENTIAL), services, AGAIN)
    assert mails(tmp_path) == []
    assert (await Notice.get()).status is NoticeStatus.SENT


async def test_a_second_delivery_of_the_task_changes_nothing(
    services: Post, tmp_path: Path
) -> None:
    await a_credential_notice()
    lease = await take(Kind.CREDENTIAL)
    await send_credential(lease, services, NOW)
    before = (await Account.get()).code_hash
    with pytest.raises(Conflict):
        await send_credential(lease, services, NOW)
    assert (await Account.get()).code_hash == before
    assert len(mails(tmp_path)) == 1


async def test_a_slow_hand_neither_mints_nor_sends(services: Post, tmp_path: Path) -> None:
    await a_credential_notice()
    slow = await take(Kind.CREDENTIAL)
    await take(Kind.CREDENTIAL)
    with pytest.raises(LeaseLost):
        await send_credential(slow, services, NOW)
    assert mails(tmp_path) == []
    assert (await Account.get()).attempt == 0


async def test_a_hand_overtaken_while_it_builds_sends_no_dead_code(
    services: Post, signer: Signer, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()

    class Slow(Mailer):
        """By the time the mail is signed, the task is in another hand."""

        def message(self, *args: Any, **kwargs: Any) -> bytes:
            asyncio.run_coroutine_threadsafe(take(Kind.CREDENTIAL), loop).result()
            return super().message(*args, **kwargs)

    slow = Slow(services.settings, signer.key, signer.certificate, signer.chain)
    notice = await a_credential_notice()
    lease = await take(Kind.CREDENTIAL)
    with pytest.raises(LeaseLost):
        await send_credential(lease, replace(services, mailer=slow), NOW)
    assert mails(tmp_path) == []
    await send_credential(await take(Kind.CREDENTIAL), services, AGAIN)
    [raw] = mails(tmp_path)
    assert f"<notice-{notice.id}.2@ca.example.gov.vn>".encode() in raw
    assert (await Account.get()).attempt == 2


class Refusing:
    async def deliver(self, message_id: str, recipient: str, raw: bytes) -> str:
        raise RecipientRefused

    async def knows(self, message_id: str) -> None:
        return None


async def test_a_code_that_nobody_will_read_dies(
    post_token: Token, signer: Signer, tmp_path: Path
) -> None:
    transport: Any = Refusing()
    services = a_post(post_token, signer, tmp_path, transport=transport)
    await a_credential_notice()
    await send_credential(await take(Kind.CREDENTIAL), services, NOW)
    account = await Account.get()
    assert (account.attempt, account.code_hash) == (1, None)
    assert (await Notice.get()).status is NoticeStatus.FAILED
    parked = await Task.get(kind=Kind.CREDENTIAL)
    assert (parked.parked_at, parked.lease) == (NOW, None)
    with pytest.raises(ActivationRefused):
        await activate(account.login, "2" * 16, limits=services.settings.accounts, now=AGAIN)


async def test_a_credential_for_an_account_in_use_fails_without_a_mail(
    services: Post, tmp_path: Path
) -> None:
    await a_credential_notice()
    await send_credential(await take(Kind.CREDENTIAL), services, NOW)
    await send_passcode(services)
    slip = read_slip(attached(mails(tmp_path)[0]), passcode_in(messages(tmp_path)[0]))
    await activate("ntha@hanoiedu.vn", code_on(slip), limits=services.settings.accounts, now=AGAIN)
    async with in_transaction():
        second = await intend(
            a_credential(),
            key="credential:2",
            channel=Channel.EMAIL,
            recipient="ntha@hanoiedu.vn",
            now=AGAIN,
            account=await Account.get(),
        )
    await send_credential(await take(Kind.CREDENTIAL, AGAIN), services, AGAIN)
    assert (await Notice.get(id=second.id)).status is NoticeStatus.FAILED
    assert (await Account.get()).status is AccountStatus.ACTIVE
    assert len(mails(tmp_path)) == 1


async def test_no_code_stands_in_the_register(
    services: Post, register: Place, tmp_path: Path
) -> None:
    await a_credential_notice()
    await send_credential(await take(Kind.CREDENTIAL), services, NOW)
    await send_passcode(services)
    passcode = passcode_in(messages(tmp_path)[0])
    code = code_on(read_slip(attached(mails(tmp_path)[0]), passcode)).replace("-", "")
    kept = everything(register)
    assert b"ntha@hanoiedu.vn" in kept
    assert code.encode() not in kept
    assert passcode.encode() not in kept
