"""An account at a stand-in for Twilio: its messages, its callbacks, its moods."""

import base64
import hashlib
import hmac
import secrets
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

import httpx

DAY = "%Y-%m-%d"
LONGEST_BODY = 1600
PATIENCE = 30  # seconds that a hanging request is held, if nobody lets it go


class Trouble(Enum):
    """What may happen to a request."""

    BUSY = auto()  # 429
    BROKEN = auto()  # 500
    HANG = auto()  # no answer, nothing done
    LOST = auto()  # done, and the answer is lost
    GARBLED = auto()  # done, and the answer makes no sense


@dataclass
class Message:
    """A Message resource."""

    sid: str
    to: str
    sender: str | None
    body: str
    direction: str
    status: str
    created: datetime
    sent: datetime | None = None
    error_code: int | None = None
    service: str | None = None
    callback: str | None = None


class Refused(Exception):
    """An answer that is an error: HTTP status, Twilio's code and its words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.body = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


def _sid(kind: str) -> str:
    return kind + secrets.token_hex(16)


@dataclass
class TwilioPeer:
    """The account, its messages, and how it behaves. Everything may be changed while it runs."""

    account: str = field(default_factory=lambda: _sid("AC"))
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    api_key: str = field(default_factory=lambda: _sid("SK"))
    api_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    service: str = field(default_factory=lambda: _sid("MG"))
    number: str = "+84281234567"
    senders: frozenset[str] = frozenset({"CA-DEMO", "+84281234567"})

    messages: list[Message] = field(default_factory=list)  # oldest first
    troubles: deque[Trouble | None] = field(default_factory=deque)  # of the next requests
    refusals: dict[str, tuple[int, int]] = field(default_factory=dict)  # number: status, code
    failures: dict[str, int] = field(default_factory=dict)  # number: code, told after acceptance
    delivers: bool = False  # messages arrive by themselves
    inbound_url: str = ""  # as set in the console; empty: messages to us are only listed
    page_at_most: int = 1000
    clock: timedelta = timedelta()  # how far its clock is before ours
    requests: int = 0
    port: int = 0
    release: threading.Event = field(default_factory=threading.Event)  # of what hangs

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def now(self) -> datetime:
        return (datetime.now(UTC) + self.clock).replace(microsecond=0)

    def outbound(self, to: str | None = None) -> list[Message]:
        """What it took from us, oldest first."""
        ours = [one for one in self.messages if one.direction != "inbound"]
        return [one for one in ours if to in (None, one.to)]

    def write(self, sender: str, body: str) -> tuple[Message, int | None]:
        """Somebody writes to our number.

        Returns:
            The message, and the status with which our listener answered, if it was called.
        """
        now = self.now()
        message = Message(_sid("SM"), self.number, sender, body, "inbound", "received", now, now)
        self.messages.append(message)
        answered = self.tell_inbound(message) if self.inbound_url else None
        return message, answered

    def tell_inbound(self, message: Message) -> int:
        """Call our listener for a message to us; however often."""
        return self.call(
            self.inbound_url,
            MessageSid=message.sid, SmsSid=message.sid, AccountSid=self.account, NumMedia="0",
            From=message.sender or "", To=message.to, Body=message.body, SmsStatus="received",
        )  # fmt: skip

    def progress(self, message: Message, status: str, error_code: int | None = None) -> int | None:
        """The message gets on; our listener is told, if the message named one."""
        message.status, message.error_code = status, error_code
        if status == "sent":
            message.sent = self.now()
        return self.tell_status(message, status, error_code) if message.callback else None

    def tell_status(self, message: Message, status: str, error_code: int | None = None) -> int:
        """Call our listener with any status: repeated, late, in any order."""
        code = {} if error_code is None else {"ErrorCode": str(error_code)}
        return self.call(
            message.callback or "",
            MessageSid=message.sid, SmsSid=message.sid, AccountSid=self.account, To=message.to,
            From=message.sender or "", MessageStatus=status, SmsStatus=status,
            ApiVersion="2010-04-01", **code,
        )  # fmt: skip

    def call(self, url: str, **form: str) -> int:
        """POST a form that is signed as Twilio signs it; the status of the answer."""
        headers = {"X-Twilio-Signature": self.signature(url, form)}
        return httpx.post(url, data=form, headers=headers, timeout=PATIENCE).status_code

    def signature(self, url: str, form: dict[str, str]) -> str:
        """HMAC-SHA1, by the auth token, over the address and the sorted fields."""
        signed = url + "".join(name + form[name] for name in sorted(form))
        mac = hmac.new(self.auth_token.encode(), signed.encode(), hashlib.sha1)
        return base64.b64encode(mac.digest()).decode()

    def knows_login(self, username: str, password: str) -> bool:
        logins = {(self.account, self.auth_token), (self.api_key, self.api_secret)}
        return (username, password) in logins

    def create(self, form: dict[str, str]) -> Message:
        """Take a message from us, or refuse it."""
        to, body = form.get("To", ""), form.get("Body", "")
        sender, service = form.get("From"), form.get("MessagingServiceSid")
        if not to:
            raise Refused(400, 21604, "A 'To' phone number is required.")
        if not body:
            raise Refused(400, 21602, "Message body is required.")
        if len(body) > LONGEST_BODY:
            raise Refused(400, 21617, "The concatenated message body exceeds the limit.")
        if service is None and sender not in self.senders:
            raise Refused(400, 21606, f"'From' {sender} is not a valid phone number.")
        if service not in (None, self.service):
            raise Refused(404, 21701, "The Messaging Service does not exist.")
        if to in self.refusals:
            status, code = self.refusals[to]
            raise Refused(status, code, f"{to} is refused.")
        message = Message(
            _sid("SM"), to, sender, body, "outbound-api", "accepted" if service else "queued",
            self.now(), service=service, callback=form.get("StatusCallback"),
        )  # fmt: skip
        self.messages.append(message)
        if self.delivers:
            threading.Thread(target=self._carry, args=[message], daemon=True).start()
        return message

    def _carry(self, message: Message) -> None:
        code = self.failures.get(message.to)
        for status in ("queued", "sent"):
            self.progress(message, status)
        self.progress(message, "undelivered" if code else "delivered", code)

    def found(self, query: dict[str, str]) -> list[Message]:
        """Newest first. DateSent compares whole days, and knows only what was sent."""
        newest = reversed(self.messages)
        return [message for message in newest if _matches(message, query)]


def _matches(message: Message, query: dict[str, str]) -> bool:
    if query.get("To", message.to) != message.to:
        return False
    if query.get("From", message.sender) != message.sender:
        return False
    sent = message.sent.strftime(DAY) if message.sent else None
    after, before, on = (query.get(f"DateSent{mark}", "")[:10] for mark in (">", "<", ""))
    if sent is None:
        return not (after or before or on)
    return after <= sent and (not before or sent <= before) and on in ("", sent)
