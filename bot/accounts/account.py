"""Accounts and their one-time activation codes.

A code is kept only as a hash, lives until it is used, replaced, expired or
guessed at too often, and `activate` is the one place that consumes it.
"""

import asyncio
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from bot.errors import Conflict, Refused
from bot.outbox.delivery import call_off
from bot.outbox.readable import readable, ungrouped
from bot.outbox.subscriber_notices import Credential
from bot.register import audit
from bot.register.lifecycle import AccountMove, AccountStatus, NoticeStatus
from bot.register.models import Account, Notice, Subscriber
from bot.sections.authority import Accounts

UNSENT = (NoticeStatus.INTENDED, NoticeStatus.FAILED)
CODE_LENGTH = 16  # characters of five bits: 80 bits

ARGON2 = PasswordHasher()  # argon2id, RFC 9106's low-memory profile


class Minted(NamedTuple):
    """Which code is the live one now."""

    account: int
    attempt: int  # number of the credential that carries it
    expires: datetime


class ActivationRefused(Refused):
    """The code opens nothing. Why is in the audit trail; who asks learns no more."""

    code = "activation.refused"


class AlreadyActive(Refused):
    """An account in use takes no new code."""

    code = "account.active"


class AccountClosed(Conflict):
    """No certificate is in force any more: there is nothing to activate."""

    code = "account.closed"


async def open_account(subscriber: Subscriber, *, now: datetime) -> Account:
    """The subscriber's account for a new key, inside the caller's transaction.

    The login is the official mailbox; no code is live until a credential is
    sent. One that served an earlier key, or was closed, waits to be activated for this one.
    """
    login = subscriber.mailbox.casefold()
    account, is_new = await Account.get_or_create(subscriber=subscriber, defaults={"login": login})
    if is_new:
        await account.record("account.open", because="certificate.issued", now=now)
    elif account.status in (AccountStatus.ACTIVE, AccountStatus.CLOSED):
        await account.make(AccountMove.RENEW, because="certificate.issued", now=now, login=login)
    else:
        account.login = login
        await account.save(update_fields=["login"])
    return account


async def follow_mailbox(subscriber: Subscriber, *, now: datetime) -> Account:
    """The account of a subscriber whose mailbox has perhaps changed: the login is the mailbox.

    Inside the caller's transaction. Nothing else changes: an active account stays so,
    a code that was sent opens it under the new login, and one that was not goes there.
    """
    login = subscriber.mailbox.casefold()
    account = await Account.filter(subscriber=subscriber).select_for_update().get()
    if account.login == login:
        return account
    account.login = login
    await account.save(update_fields=["login"])
    await account.record("account.rename", because="subscriber.changed", now=now)
    waiting = Notice.filter(account=account, kind=Credential.kind, status__in=UNSENT)
    async for notice in waiting:
        notice.recipient, notice.data = login, {**notice.data, "login": login}
        await notice.save(update_fields=["recipient", "data"])
    return account


async def close_account(subscriber_id: int, *, because: str, now: datetime) -> None:
    """Nobody may sign with it: no code opens it, and none is sent. Inside the caller's transaction.

    Args:
        subscriber_id: of somebody who has no certificate in force, and perhaps no account.
    """
    account = await Account.filter(subscriber_id=subscriber_id).select_for_update().get_or_none()
    if account is None or account.status is AccountStatus.CLOSED:
        return
    await account.make(AccountMove.CLOSE, because=because, now=now, code_hash=None)
    await call_off(account, because=because, now=now)


def new_code() -> tuple[str, str]:
    """A fresh code and its argon2id hash. CPU work of some 50 ms."""
    code = readable(secrets.token_bytes(CODE_LENGTH))
    return code, ARGON2.hash(code)


async def mint(account_id: int, code_hash: str, *, limits: Accounts, now: datetime) -> Minted:
    """Make a new code the live one, inside the caller's transaction; the old one is dead.

    Raises:
        AlreadyActive: there is nothing left to activate.
        AccountClosed: its certificate was revoked meanwhile.
    """
    account = await Account.locked(account_id)
    if account.status is AccountStatus.CLOSED:
        raise AccountClosed(account.id)
    if account.status is AccountStatus.ACTIVE:
        raise AlreadyActive(account.id)
    if account.status is AccountStatus.LOCKED:
        await account.make(AccountMove.RENEW, because="credential.sent", now=now)
    minted = Minted(account.id, account.attempt + 1, now + timedelta(days=limits.activation_days))
    await Account.filter(id=account.id).update(
        attempt=minted.attempt,
        code_hash=code_hash,
        code_expires_at=minted.expires,
        wrong_codes=0,
    )
    return minted


async def void(account_id: int, attempt: int) -> None:
    """Kill the code of `attempt`, if it still is the live one."""
    await Account.filter(id=account_id, attempt=attempt).update(code_hash=None)


async def activate(login: str, code: str, *, limits: Accounts, now: datetime) -> Account:
    """Consume the live code of `login`: once, in time, within the allowed attempts.

    An attempt is taken before the code is looked at, so that no number of hands
    at once gets more than the limit. Every refusal takes as long and says the same.

    Raises:
        ActivationRefused: whatever the reason.
    """
    account = await Account.get_or_none(login=login.strip().casefold())
    because = await _take_attempt(account, limits, now) if account else "account.unknown"
    live = account.code_hash if account and not because else _nobodys_hash()
    right = await asyncio.to_thread(_matches, str(live), code)
    async with in_transaction():
        if account and not because:
            because = await _settle(account, right=right, limits=limits, now=now)
        if because:
            await _note_refusal(account, because, now)
    if because or account is None:
        raise ActivationRefused
    return await Account.get(id=account.id)


async def _take_attempt(account: Account, limits: Accounts, now: datetime) -> str:
    """Count this attempt against the live code; or why there is nothing to attempt."""
    if account.code_hash is None or account.code_expires_at is None:
        return "code.none"
    if account.code_expires_at <= now:
        return "code.expired"
    left = Account.filter(
        id=account.id,
        status=AccountStatus.PENDING,
        code_hash=account.code_hash,
        wrong_codes__lt=limits.activation_attempts,
    )
    return "" if await left.update(wrong_codes=F("wrong_codes") + 1) else "code.spent"


async def _settle(account: Account, *, right: bool, limits: Accounts, now: datetime) -> str:
    """Use the code up, or lock the account after the last wrong one; "" when it was right."""
    standing = await Account.locked(account.id)
    if standing.code_hash != account.code_hash:
        return "code.replaced"
    if right:
        await standing.make(
            AccountMove.ACTIVATE, because="code.right", now=now, code_hash=None, wrong_codes=0
        )
        return ""
    if standing.wrong_codes >= limits.activation_attempts:
        await standing.make(AccountMove.LOCK, because="code.guessed", now=now, code_hash=None)
    return "code.wrong"


async def _note_refusal(account: Account | None, because: str, now: datetime) -> None:
    chain = await account.chain() if account else audit.SYSTEM
    subject = account.id if account else None
    await audit.append(chain, "account.refuse", subject=subject, because=because, now=now)


def _matches(code_hash: str, typed: str) -> bool:
    try:
        return ARGON2.verify(code_hash, ungrouped(typed[:100]))
    except VerifyMismatchError:
        return False


@cache
def _nobodys_hash() -> str:
    """What is compared when there is nothing to compare, so that it takes as long."""
    return new_code()[1]
