import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from tortoise.transactions import in_transaction

from bot.accounts.account import (
    ActivationRefused,
    AlreadyActive,
    activate,
    mint,
    new_code,
    open_account,
    void,
)
from bot.outbox.readable import ALPHABET, grouped
from bot.register.audit import Event
from bot.register.lifecycle import AccountStatus
from bot.register.models import Account, Subscriber
from bot.sections.authority import Accounts
from tests.accounts.world import an_account
from tests.outbox.examples import NOW
from tests.outbox.world import all_chains_hold

pytestmark = pytest.mark.usefixtures("register")

LIMITS = Accounts(activation_days=14, activation_attempts=3)
SOON = NOW + timedelta(hours=1)
WRONG = "2" * 16


async def a_live_code(account: Account) -> str:
    code, code_hash = new_code()
    async with in_transaction():
        await mint(account.id, code_hash, limits=LIMITS, now=NOW)
    return code


async def refused(login: str, code: str) -> str:
    """Why, as only the audit trail says."""
    with pytest.raises(ActivationRefused) as caught:
        await activate(login, code, limits=LIMITS, now=SOON)
    assert str(caught.value) == "activation.refused"
    event = await Event.filter(code="account.refuse").order_by("-id").first()
    assert event is not None
    assert event.details == {}
    return event.because


async def test_opening_twice_is_one_account_without_a_code() -> None:
    account = await an_account(mailbox="Ntha@HanoiEdu.vn")
    async with in_transaction():
        again = await open_account(await Subscriber.get(), now=NOW)
    assert again.id == account.id
    assert (account.login, account.status) == ("ntha@hanoiedu.vn", AccountStatus.PENDING)
    assert (account.code_hash, account.attempt) == (None, 0)
    assert await refused(account.login, WRONG) == "code.none"


def test_a_code_has_80_bits_and_no_two_letters_that_look_alike() -> None:
    code, code_hash = new_code()
    assert len(code) == 16
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("01IO") & set(ALPHABET)
    assert code_hash.startswith("$argon2id$")
    assert len(code_hash) <= 128  # the column


def test_guessing_a_hash_is_slow(careful_hasher: PasswordHasher) -> None:
    parameters = extract_parameters(careful_hasher.hash("2" * 16))
    assert parameters == RFC_9106_LOW_MEMORY
    assert parameters.memory_cost >= 64 * 1024  # KiB


async def test_the_code_opens_once() -> None:
    account = await an_account()
    code = await a_live_code(account)
    active = await activate(account.login, code, limits=LIMITS, now=SOON)
    assert active.status is AccountStatus.ACTIVE
    assert active.code_hash is None
    assert await refused(account.login, code) == "code.none"
    assert await all_chains_hold()


async def test_a_code_may_be_typed_as_people_type() -> None:
    account = await an_account()
    code = await a_live_code(account)
    typed = f"  {grouped(code).lower().replace('-', ' ')}\n"
    assert await activate(f" {account.login.upper()} ", typed, limits=LIMITS, now=SOON)


async def test_guessing_locks_and_even_the_right_code_is_dead_then() -> None:
    account = await an_account()
    code = await a_live_code(account)
    assert [await refused(account.login, WRONG) for _ in range(3)] == ["code.wrong"] * 3
    assert (await Account.get()).status is AccountStatus.LOCKED
    assert await refused(account.login, code) == "code.none"


async def test_the_last_allowed_attempt_may_be_right() -> None:
    account = await an_account()
    code = await a_live_code(account)
    for _ in range(2):
        await refused(account.login, WRONG)
    assert await activate(account.login, code, limits=LIMITS, now=SOON)


async def test_an_expired_code_opens_nothing() -> None:
    account = await an_account()
    code = await a_live_code(account)
    with pytest.raises(ActivationRefused):
        await activate(account.login, code, limits=LIMITS, now=NOW + timedelta(days=14))
    assert (await Event.get(code="account.refuse")).because == "code.expired"


async def test_an_unknown_login_is_told_the_same() -> None:
    assert await refused("nobody@hanoiedu.vn", WRONG) == "account.unknown"


async def test_a_new_code_kills_the_old_one_and_unlocks() -> None:
    account = await an_account()
    old = await a_live_code(account)
    for _ in range(3):
        await refused(account.login, WRONG)
    new = await a_live_code(account)
    assert await refused(account.login, old) == "code.wrong"
    assert (await Account.get()).attempt == 2
    assert await activate(account.login, new, limits=LIMITS, now=SOON)
    assert await all_chains_hold()


async def test_only_the_named_attempts_code_is_voided() -> None:
    account = await an_account()
    code = await a_live_code(account)
    await void(account.id, 7)
    assert (await Account.get()).code_hash
    await void(account.id, 1)
    assert await refused(account.login, code) == "code.none"


async def test_an_account_in_use_takes_no_code() -> None:
    account = await an_account()
    await activate(account.login, await a_live_code(account), limits=LIMITS, now=SOON)
    with pytest.raises(AlreadyActive):
        await a_live_code(account)
    assert (await Account.get()).code_hash is None


async def tried(login: str, code: str) -> bool:
    try:
        return bool(await activate(login, code, limits=LIMITS, now=SOON))
    except ActivationRefused:
        return False


async def test_many_hands_with_the_right_code_open_it_once() -> None:
    account = await an_account()
    code = await a_live_code(account)
    opened = await asyncio.gather(*(tried(account.login, code) for _ in range(12)))
    assert sum(opened) == 1
    assert await Event.filter(code="account.activate").count() == 1
    assert await Event.filter(code="account.refuse").count() == 11


async def test_many_hands_guessing_get_no_more_than_the_limit() -> None:
    account = await an_account()
    await a_live_code(account)
    assert not any(await asyncio.gather(*(tried(account.login, WRONG) for _ in range(12))))
    reasons = Counter([event.because for event in await Event.filter(code="account.refuse")])
    compared = reasons["code.wrong"] + reasons["code.replaced"]
    assert compared == LIMITS.activation_attempts
    assert reasons.total() == 12
    assert (await Account.get()).status is AccountStatus.LOCKED


async def test_the_trail_names_no_person() -> None:
    account = await an_account()
    code = await a_live_code(account)
    await refused(account.login, WRONG)
    await activate(account.login, code, limits=LIMITS, now=SOON)
    for event in await Event.all():
        row = f"{event.chain} {event.code} {event.because} {event.details}"
        assert account.login not in row
        assert code not in row


async def test_a_new_certificate_puts_an_active_account_back_to_waiting() -> None:
    account = await an_account()
    code = await a_live_code(account)
    await activate(account.login, code, limits=LIMITS, now=SOON)
    subscriber = await Subscriber.get()
    subscriber.mailbox = "New@hanoiedu.edu.vn"
    again = await open_account(subscriber, now=SOON)
    assert (again.id, again.status) == (account.id, AccountStatus.PENDING)
    assert (await Account.get()).login == "new@hanoiedu.edu.vn"
    assert await refused("new@hanoiedu.edu.vn", code) == "code.none"
