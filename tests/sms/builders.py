"""A valid account at a stand-in; each test changes one thing."""

from pathlib import Path
from typing import Any, cast

from tortoise.transactions import in_transaction

from bot.config import Settings, template_folder
from bot.outbox.content import Content
from bot.outbox.delivery import Post, intend, post
from bot.outbox.render import Renderer
from bot.register.lifecycle import Channel
from bot.register.models import Dossier, Notice
from bot.register.tasks import Kind
from bot.sections.sms import Callbacks, Sms, Twilio
from bot.sms import twilio
from bot.sms.gateway import Gateway
from demo.peers.twilio_account import TwilioPeer
from tests.outbox.examples import NOW, a_result
from tests.outbox.world import take

PHONE = "+84912345678"
SOMEWHERE = Path("twilio-auth-token")  # the gateway is handed what it holds


def an_account(peer: TwilioPeer, **changes: Any) -> Twilio:
    values: dict[str, Any] = {
        "account": peer.account,
        "auth_token_file": SOMEWHERE,
        "sender": "CA-DEMO",
        "number": peer.number,
        "address": peer.address,
        "seconds": 5,
    }
    return Twilio(**values | changes)


def settings_of(
    peer: TwilioPeer, *, base_url: str = "", port: int = 0, inbound: str = "off", **changes: Any
) -> Sms:
    return Sms.model_validate(
        {
            "carrier": "twilio",
            "inbound": inbound,
            "callbacks": Callbacks(base_url=base_url, port=port),
            "twilio": an_account(peer, **changes),
        }
    )


def a_gateway(peer: TwilioPeer, **changes: Any) -> twilio.Twilio:
    return twilio.Twilio(settings_of(peer, **changes), peer.auth_token)


def a_post(gateway: Gateway, sms: Sms) -> Post:
    """Services that send short messages only: no token, no mail."""
    settings, nothing = Settings(sms=sms), cast("Any", None)
    renderer = Renderer(settings, template_folder())
    return Post(settings, renderer, nothing, nothing, gateway, nothing, nothing, nothing)


def services_of(peer: TwilioPeer, **changes: Any) -> Post:
    return a_post(a_gateway(peer, **changes), settings_of(peer, **changes))


async def intended(content: Content, dossier: Dossier | None = None) -> Notice:
    async with in_transaction():
        return await intend(
            content, key="k", channel=Channel.SMS, recipient=PHONE, now=NOW, dossier=dossier
        )


async def a_sent_notice(services: Post, **changes: Any) -> Notice:
    """A result that the carrier took at `NOW`."""
    notice = await intended(a_result(), **changes)
    await post(await take(Kind.NOTICE), services, NOW)
    return await Notice.get(id=notice.id)
