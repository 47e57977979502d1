"""What a row of form 04 comes to: which key, until when; and a login that follows its mailbox."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.accounts.account import follow_mailbox
from bot.ca.certificate import IssuerEndsFirst
from bot.config import Settings
from bot.dossier.amendments import NOTHING
from bot.procedures.wish import Wish, is_below, renewed_until
from bot.register.lifecycle import AccountStatus, NoticeStatus
from bot.register.models import Notice, Subscriber
from bot.register.place import Place
from bot.sections.authority import KeyAlgorithm
from tests.register.rows import NOW, a_notice, a_subscriber, an_account

RSA_2048, RSA_3072, EC_P256, EC_P384 = KeyAlgorithm


@pytest.mark.parametrize(
    ("algorithm", "policy", "below"),
    [
        (RSA_2048, RSA_2048, False),
        (RSA_2048, RSA_3072, True),
        (RSA_2048, EC_P256, True),
        (RSA_3072, EC_P256, False),
        (RSA_3072, EC_P384, True),
        (EC_P256, RSA_3072, False),
        (EC_P256, EC_P384, True),
        (EC_P384, RSA_2048, False),
        ("rsa-1024", RSA_2048, True),  # not lawful any more
    ],
)
def test_a_weaker_key_is_below_policy(algorithm: str, policy: KeyAlgorithm, below: bool) -> None:
    assert is_below(algorithm, policy) is below


def a_renewal(issuer_days: int, old_days: int) -> tuple[Wish, Any]:
    old: Any = SimpleNamespace(not_after=NOW + timedelta(days=old_days))
    issuer = SimpleNamespace(
        certificate=SimpleNamespace(not_valid_after_utc=NOW + timedelta(days=issuer_days))
    )
    row: Any = SimpleNamespace(renew=True)
    agency: Any = None
    wish = Wish(row, NOTHING, old, agency, is_let_pass=False)
    return wish, SimpleNamespace(settings=Settings(), issuer=issuer)


def test_a_renewed_certificate_never_outlives_its_issuer() -> None:
    assert renewed_until(*a_renewal(9_000, 50), NOW).year == NOW.year + 3
    assert renewed_until(*a_renewal(100, 50), NOW) == NOW + timedelta(days=100)


def test_a_renewal_that_gains_nothing_waits_for_a_new_issuer() -> None:
    with pytest.raises(IssuerEndsFirst):
        renewed_until(*a_renewal(50, 50), NOW)


async def test_the_login_and_what_was_not_sent_follow_the_mailbox(register: Place) -> None:
    subscriber: Subscriber = await a_subscriber(mailbox="cu@hanoiedu.vn")
    account = await an_account(
        subscriber=subscriber, login="cu@hanoiedu.vn", status=AccountStatus.PENDING, code_hash="x"
    )
    sent, waits = [
        await a_notice(
            kind="credential", account=account, recipient="cu@hanoiedu.vn", status=status,
            data={"login": "cu@hanoiedu.vn", "number": "HS-2026-000001"},
        )
        for status in (NoticeStatus.SENT, NoticeStatus.FAILED)
    ]  # fmt: skip
    subscriber.mailbox = "moi@hanoiedu.vn"
    followed = await follow_mailbox(subscriber, now=NOW)
    assert (followed.login, followed.status, followed.code_hash) == (
        "moi@hanoiedu.vn", AccountStatus.PENDING, "x",
    )  # fmt: skip
    await sent.refresh_from_db()
    await waits.refresh_from_db()
    assert sent.recipient == "cu@hanoiedu.vn"
    assert waits.recipient == "moi@hanoiedu.vn"
    assert waits.data == {"login": "moi@hanoiedu.vn", "number": "HS-2026-000001"}
    assert await Notice.all().count() == 2
