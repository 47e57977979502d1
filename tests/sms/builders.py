"""A valid account at a stand-in; each test changes one thing."""

from pathlib import Path
from typing import Any

from bot.config import Callbacks, Sms, Twilio
from bot.sms import twilio as gateway
from demo.peers.twilio import TwilioPeer

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
    peer: TwilioPeer, *, base_url: str = "", inbound: str = "off", **changes: Any
) -> Sms:
    return Sms.model_validate(
        {
            "carrier": "twilio",
            "inbound": inbound,
            "callbacks": Callbacks(base_url=base_url),
            "twilio": an_account(peer, **changes),
        }
    )


def a_gateway(peer: TwilioPeer, *, base_url: str = "", **changes: Any) -> gateway.Twilio:
    return gateway.Twilio(settings_of(peer, base_url=base_url, **changes), peer.auth_token)
