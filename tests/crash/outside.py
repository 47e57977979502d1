"""What left a house, as its peers tell it: every mail and every SMS, once each has arrived."""

import asyncio
import base64
import json
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from urllib.request import Request, urlopen

from bot.config import Settings
from bot.home import Home, read_secret

PATIENCE = 30  # seconds until what was submitted must have arrived
QUEUES = ("maildrop", "incoming", "active", "deferred")  # of Postfix


async def mails(settings: Settings, postfix: Path | None) -> list[Message]:
    """Every copy of every mail.

    Args:
        postfix: the folder of the server that took them; None: the house keeps them.
    """
    if postfix:
        async with asyncio.timeout(PATIENCE):
            while _on_the_way(postfix):
                await asyncio.sleep(0.01)
    maildir = postfix / "mail" if postfix else Home(settings).maildir
    return [
        message_from_bytes(path.read_bytes())  # not the newer parser: that takes ten times as long
        for path in (maildir / "new").glob("*")
    ]


def _on_the_way(postfix: Path) -> bool:
    folders = (postfix / "queue" / name for name in QUEUES)
    return any(path.is_file() for folder in folders for path in folder.rglob("*"))


async def messages(settings: Settings) -> list[tuple[str, str]]:
    """Every SMS: what the register knows it by, and its text."""
    if settings.sms.carrier == "file":
        return [(path.stem, path.read_text()) for path in Home(settings).sms.glob("*.txt")]
    twilio = settings.sms.twilio
    secret = read_secret(settings, twilio.auth_token_file or Path(), "Twilio's auth token")
    return await asyncio.to_thread(_listed, twilio.address, twilio.account, secret)


def _listed(address: str, account: str, secret: str) -> list[tuple[str, str]]:
    login = base64.b64encode(f"{account}:{secret}".encode()).decode()
    url = f"{address}/2010-04-01/Accounts/{account}/Messages.json?PageSize=1000"
    with urlopen(Request(url, headers={"Authorization": f"Basic {login}"})) as answer:  # noqa: S310 - http, on loopback
        listed = json.load(answer)["messages"]
    return [(one["sid"], one["body"]) for one in listed if one["direction"] != "inbound"]
