"""The credential: a code of its own in each attempt, and only the last one's opens anything."""

import asyncio
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.accounts.account import Minted, mint, new_code, void
from bot.accounts.slip import NAME, slip
from bot.errors import Refused, code_of
from bot.outbox.delivery import (
    Post,
    answered,
    give_up,
    intend,
    open_notice,
    record_sent,
)
from bot.outbox.mailer import Attachment
from bot.outbox.subscriber_notices import Credential, Passcode
from bot.outbox.transport import Transport
from bot.register.lifecycle import AccountStatus, Channel
from bot.register.models import Account, Attempt, Notice, Subscriber
from bot.register.tasks import Lease


async def send_credential(lease: Lease, services: Post, now: datetime) -> None:
    """Mail a subscriber the account slip; then, split, send its passcode after it.

    A try that was cut off counts when its mail is known to have gone, for then
    its code is the live one. Otherwise the code is lost with the process that
    made it, and another attempt with another code takes its place.

    Raises:
        Conflict: the notice is closed, or another hand holds its task.
        Unavailable: try again later.
    """
    notice = await open_notice(lease.subject)
    attempt = await _arrived(notice, services.transport)
    reference = ""
    if attempt is None:
        try:
            attempt, reference = await _attempt(notice, lease, services, now)
        except Refused as error:
            return await _give_up(notice, lease, because=code_of(error), now=now)
    async with in_transaction():
        await record_sent(notice, attempt.message_id, reference, lease, now)
        if services.settings.accounts.credentials == "split":
            await _intend_passcode(notice, attempt, now)
    return None


async def _arrived(notice: Notice, transport: Transport) -> Attempt | None:
    """The standing attempt, if its mail went out (or its code has even been used)."""
    attempt = await _newest(notice)
    if attempt is None:
        return None
    used = await Account.exists(
        id=notice.account.id, status=AccountStatus.ACTIVE, attempt=attempt.number
    )
    return attempt if used or await transport.knows(attempt.message_id) else None


async def _newest(notice: Notice) -> Attempt | None:
    return await Attempt.filter(notice=notice).order_by("-number").first()


async def _attempt(
    notice: Notice, lease: Lease, services: Post, now: datetime
) -> tuple[Attempt, str]:
    """Commit an attempt and its code; then build, sign and deliver the mail that carries it.

    Returns:
        The attempt, and what the peer calls its mail.
    """
    code, code_hash = await asyncio.to_thread(new_code)
    limits = services.settings.accounts
    async with in_transaction():
        await lease.check()
        minted = await mint(notice.account.id, code_hash, limits=limits, now=now)
        message_id = services.mailer.message_id(notice.id, minted.attempt)
        attempt = await Attempt.create(
            notice=notice, number=minted.attempt, message_id=message_id, made_at=now
        )
    raw = await asyncio.to_thread(_mail, notice, minted, code, services, now)
    await lease.check()  # whoever took over has made a newer code: send no dead one
    return attempt, await services.transport.deliver(message_id, notice.recipient, raw)


def _mail(notice: Notice, minted: Minted, code: str, services: Post, now: datetime) -> bytes:
    """The signed mail with the slip. Uses the token."""
    credential = Credential.read(notice.data)
    passcode = None
    if services.settings.accounts.credentials == "split":
        passcode = _passcode(credential, minted.account, minted.attempt).code(services.mac)
    attached = slip(credential, minted, code, passcode=passcode, renderer=services.renderer)
    letter = services.renderer.letter(
        credential,
        attempt=minted.attempt,
        expires=minted.expires,
        encrypted=passcode is not None,
    )
    return services.mailer.message(
        letter,
        to=notice.recipient,
        message_id=services.mailer.message_id(notice.id, minted.attempt),
        now=now,
        answers=answered(notice),
        reply_to=services.settings.authority.help_mailbox,
        attachments=[Attachment(NAME, attached)],
    )


def _passcode(credential: Credential, account: int, attempt: int) -> Passcode:
    return Passcode(number=credential.number, account=account, attempt=attempt)


async def _intend_passcode(notice: Notice, attempt: Attempt, now: datetime) -> None:
    """To the subscriber's own phone, once the slip that it opens was accepted."""
    account = notice.account
    subscriber = await Subscriber.get(id=account.subscriber_id)
    await intend(
        _passcode(Credential.read(notice.data), account.id, attempt.number),
        key=f"passcode:{account.id}:{attempt.number}",
        channel=Channel.SMS,
        recipient=subscriber.mobile,
        now=now,
        dossier=await notice.dossier if notice.dossier_id else None,
        account=account,
    )


async def _give_up(notice: Notice, lease: Lease, *, because: str, now: datetime) -> None:
    """Nobody will ever read that code: it dies with its notice."""
    async with in_transaction():
        if attempt := await _newest(notice):
            await void(notice.account.id, attempt.number)
        await give_up(notice, lease, because=because, now=now)
