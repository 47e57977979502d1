"""A subscriber whose certificate was just issued, with an account and a credential to send."""

from typing import Any

from tortoise.transactions import in_transaction

from bot.accounts.account import open_account
from bot.outbox.delivery import intend
from bot.register.lifecycle import Channel
from bot.register.models import Account, Notice
from tests.outbox.examples import NOW, a_credential
from tests.outbox.world import a_dossier, a_mail, a_subscriber, an_agency


async def an_account(**changes: Any) -> Account:
    """Opened as issuing does; no code is live yet."""
    agency = await an_agency()
    async with in_transaction():
        return await open_account(await a_subscriber(agency, **changes), now=NOW)


async def a_credential_notice() -> Notice:
    """The intent that issuing leaves behind."""
    agency = await an_agency()
    dossier = await a_dossier(agency, await a_mail())
    subscriber = await a_subscriber(agency)
    async with in_transaction():
        account = await open_account(subscriber, now=NOW)
        return await intend(
            a_credential(),
            key="credential:1",
            channel=Channel.EMAIL,
            recipient=subscriber.mailbox,
            now=NOW,
            dossier=dossier,
            account=account,
        )
