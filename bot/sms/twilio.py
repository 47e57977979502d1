"""Twilio, over its own SDK (https://www.twilio.com/docs/messaging/api).

Twilio has no idempotency key: after a try with unknown outcome its list of
messages is looked through before anything is sent a second time.
"""

import asyncio
import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from twilio.base import values
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from bot.errors import BotError
from bot.sections.sms import Sms
from bot.sms.gateway import (
    Arrival,
    CarrierMisconfigured,
    Failure,
    GatewayUnavailable,
    Incoming,
    NumberRefused,
    Report,
)
from bot.sms.twilio_callbacks import STATUS_PATH
from bot.sms.twilio_codes import failure_of, report_of

Answer = TypeVar("Answer")

CLOCKS = timedelta(minutes=5)  # Twilio's clock and ours may differ by that much
LOOK_THROUGH = 1000  # messages to one number; nobody gets more in the time of a try

REMEDIES = {  # what the operator does
    Failure.ACCOUNT: "Check the account in Twilio's console, and sms.twilio in the settings.",
    Failure.SENDER: "Check sms.twilio.sender or messaging_service, and that Twilio has it.",
    Failure.REGION: "Allow the country under geographic permissions in Twilio's console.",
}


class Twilio:
    """Carries messages over one account.

    Args:
        sms: the settings; `carrier` is "twilio".
        secret: of the API key, or the account's auth token where no key is set.
    """

    def __init__(self, sms: Sms, secret: str) -> None:
        account = sms.twilio
        self._client = Client(
            username=account.api_key or account.account,
            password=secret,
            account_sid=account.account,
            http_client=_Http(account.address, account.seconds),
        )
        self._number = account.number
        self._origin: dict[str, Any] = (
            {"messaging_service_sid": account.messaging_service}
            if account.messaging_service
            else {"from_": account.sender}
        )
        called = sms.callbacks.base_url
        self._callback = f"{called}{STATUS_PATH}" if called else values.unset

    async def send(self, to: str, text: str, reference: str, *, since: datetime | None) -> str:
        """As `Gateway.send`; Twilio never learns `reference`.

        A message that failed at Twilio is no earlier one: it is sent anew.
        """
        if since and (sid := await _asked(lambda: self._find(to, text, since))):
            return sid
        return await _asked(lambda: self._create(to, text))

    async def report(self, reference: str) -> Report:
        """As `Carrier.report`; of a message that Twilio does not know it may tell later."""
        message = await _asked(lambda: self._client.messages(reference).fetch())
        return report_of(str(message.status), message.error_code)

    async def received(self, since: datetime) -> list[Incoming]:
        """As `Carrier.received`."""
        return await _asked(lambda: self._received(since))

    async def check(self) -> None:
        """Ask for one message, whichever, to see that the account lets us in.

        Raises:
            GatewayUnavailable: Twilio does not answer.
            CarrierMisconfigured: it does not let us in.
        """
        await _asked(lambda: self._client.messages.list(limit=1))

    def _create(self, to: str, text: str) -> str:
        message = self._client.messages.create(
            to=to, body=text, status_callback=self._callback, **self._origin
        )
        if not message.sid:
            raise GatewayUnavailable
        return str(message.sid)

    def _find(self, to: str, text: str, since: datetime) -> str:
        """The SID of a message with these words; all are looked at, whatever their order.

        Not filtered by DateSent: what Twilio has still to send has none.
        """
        for message in self._client.messages.stream(to=to, limit=LOOK_THROUGH):
            if (
                message.direction != "inbound"
                and (message.date_created or since) >= since - CLOCKS
                and report_of(str(message.status), None).arrival is not Arrival.FAILED
                and _same(message.body, text)
            ):
                return str(message.sid)
        return ""

    def _received(self, since: datetime) -> list[Incoming]:
        earliest = since - CLOCKS
        # filtered by whole days, in Twilio's time
        day = datetime.combine(earliest - timedelta(days=1), datetime.min.time(), UTC)
        messages = self._client.messages.stream(
            to=self._number, date_sent_after=day, page_size=LOOK_THROUGH
        )
        came = [
            Incoming(message.sid, message.from_ or "", message.body or "", message.date_created)
            for message in messages
            if message.direction == "inbound" and message.date_created >= earliest
        ]
        came.reverse()  # newest first, as Twilio lists them
        return sorted(came, key=lambda message: message.received_at)


def _same(one: str | None, other: str) -> bool:
    return unicodedata.normalize("NFC", one or "") == unicodedata.normalize("NFC", other)


async def _asked(call: Callable[[], Answer]) -> Answer:
    """The answer of a call that blocks; no answer, or no sense in it, is `GatewayUnavailable`."""
    try:
        return await asyncio.to_thread(call)
    except BotError:
        raise
    except (OSError, TwilioException, ValueError, TypeError, LookupError, AttributeError) as error:
        raise GatewayUnavailable(type(error).__name__) from None


class _Http(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """Goes where the settings say, waits no longer than they allow, and sorts refusals."""

    def __init__(self, address: str, seconds: float) -> None:
        super().__init__(timeout=seconds)
        self._address = urlsplit(address)

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        there = self._address
        url = urlsplit(url)._replace(scheme=there.scheme, netloc=there.netloc).geturl()
        response = super().request(method, url, *args, **options)
        if response.status_code >= 300:
            raise _refusal(method, response.status_code, response.text)
        return response


def _refusal(method: str, status: int, body: str) -> BotError:
    code = _code(body)
    failure = failure_of(code, status)
    if status < 400 or status == 429 or status >= 500 or failure is Failure.BUSY:
        return GatewayUnavailable(status)
    if method == "GET" and status == 404:  # Twilio does not know it; perhaps not yet
        return GatewayUnavailable(status)
    if remedy := REMEDIES.get(failure):
        return CarrierMisconfigured(failure, f"Twilio refuses: error {code or status}.", remedy)
    return NumberRefused(failure) if method == "POST" else GatewayUnavailable(status)


def _code(body: str) -> int | None:
    """Twilio's error code in the body of a refusal."""
    try:
        return int(json.loads(body)["code"])
    except (ValueError, TypeError, LookupError):
        return None
