"""What Twilio calls us with: signed forms (https://www.twilio.com/docs/usage/webhooks)."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

from bot.errors import Refused
from bot.sms.gateway import Report
from bot.sms.twilio_codes import report_of

STATUS_PATH = "/sms/status"
INBOUND_PATH = "/sms/inbound"
SIGNATURE = "X-Twilio-Signature"
FIELDS = 100  # of a form; Twilio sends some twenty
SID = re.compile(r"(SM|MM)[0-9a-f]{32}")


class Forged(Refused):
    """Nobody who knows the auth token has signed this."""

    code = "sms.forged"


class Garbled(Refused):
    """Signed, and yet not what Twilio sends."""

    code = "sms.garbled"


class Callbacks:
    """Reads forms that were signed for our public address.

    Args:
        base_url: the address, as Twilio calls it; without a slash at the end.
        auth_token: of the account.
    """

    def __init__(self, base_url: str, auth_token: str) -> None:
        self._base_url = base_url
        self._validator = RequestValidator(auth_token)

    def status(self, body: bytes, signature: str) -> tuple[str, Report]:
        """Which message, and what became of it.

        Raises:
            Forged: not signed by Twilio.
            Garbled: not a message's status.
        """
        form = self._signed(STATUS_PATH, body, signature)
        sid, status, code = _sid(form), form.get("MessageStatus"), form.get("ErrorCode", "")
        if status is None:
            raise Garbled
        return sid, report_of(status, int(code) if re.fullmatch(r"[0-9]{1,9}", code) else None)

    def inbound(self, body: bytes, signature: str) -> tuple[str, str, str]:
        """A message to us: which one, whose (E.164), and its text.

        Raises:
            Forged: not signed by Twilio.
            Garbled: no message.
        """
        form = self._signed(INBOUND_PATH, body, signature)
        return _sid(form), form.get("From", ""), form.get("Body", "")

    def _signed(self, path: str, body: bytes, signature: str) -> Mapping[str, str]:
        """The form, if its signature is one over our address and its fields."""
        try:
            fields = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS
            )
        except ValueError:
            raise Garbled from None
        form = dict(fields)
        valid = self._validator.validate(f"{self._base_url}{path}", form, signature)
        if len(form) != len(fields) or not valid:  # Twilio says nothing twice
            raise Forged
        return form


def _sid(form: Mapping[str, str]) -> str:
    sid = form.get("MessageSid", "")
    if not SID.fullmatch(sid):
        raise Garbled
    return sid
