"""A stand-in for Twilio's Messages API (2010-04-01) that the real SDK talks to.

It keeps what it was sent, pages its lists, knows its account's login, signs its
callbacks, and can be told to behave as badly as a carrier does on a bad day.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: TwilioPeer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(dict(parse_qsl(body.decode(), keep_blank_values=True)))

    def do_GET(self) -> None:
        self._answer(None)

    def _answer(self, form: dict[str, str] | None) -> None:
        peer = self.peer
        peer.requests += 1
        trouble = peer.troubles.popleft() if peer.troubles else None
        if trouble is Trouble.HANG:
            peer.release.wait(PATIENCE)
            return self._lose()
        try:
            status, answer = self._done(form, trouble)
        except Refused as refused:
            status, answer = refused.status, refused.body
        if trouble is Trouble.LOST:
            return self._lose()
        raw = b"<html>" if trouble is Trouble.GARBLED else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
        return None

    def _lose(self) -> None:
        self.close_connection = True

    def _done(self, form: dict[str, str] | None, trouble: Trouble | None) -> tuple[int, Any]:
        if trouble is Trouble.BUSY:
            raise Refused(429, 20429, "Too Many Requests")
        if trouble is Trouble.BROKEN:
            raise Refused(500, 20500, "Internal Server Error")
        self._require_login()
        url = urlsplit(self.path)
        folder = f"/2010-04-01/Accounts/{self.peer.account}/Messages"
        if url.path == f"{folder}.json":
            if form is not None:
                return 201, self._shown(self.peer.create(form))
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return 200, self._page(f"{folder}.json", query)
        for message in self.peer.messages:
            if url.path == f"{folder}/{message.sid}.json" and form is None:
                return 200, self._shown(message)
        raise Refused(404, 20404, "The requested resource was not found")

    def _require_login(self) -> None:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        username, _, password = base64.b64decode(encoded).decode().partition(":")
        if scheme != "Basic" or not self.peer.knows_login(username, password):
            raise Refused(401, 20003, "Authenticate")

    def _page(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        page = int(query.get("Page", "0"))
        size = min(int(query.get("PageSize", "50")), self.peer.page_at_most)
        found = self.peer.found(query)
        start = page * size

        def uri(number: int) -> str:
            return f"{path}?{urlencode({**query, 'Page': number, 'PageSize': size})}"

        return {
            "messages": [self._shown(message) for message in found[start : start + size]],
            "page": page,
            "page_size": size,
            "start": start,
            "end": start + size - 1,
            "uri": uri(page),
            "first_page_uri": uri(0),
            "previous_page_uri": uri(page - 1) if page else None,
            "next_page_uri": uri(page + 1) if start + size < len(found) else None,
        }

    def _shown(self, message: Message) -> dict[str, Any]:
        folder = f"/2010-04-01/Accounts/{self.peer.account}/Messages/{message.sid}"
        return {
            "account_sid": self.peer.account,
            "api_version": "2010-04-01",
            "body": message.body,
            "date_created": format_datetime(message.created),
            "date_sent": format_datetime(message.sent) if message.sent else None,
            "date_updated": format_datetime(message.sent or message.created),
            "direction": message.direction,
            "error_code": message.error_code,
            "error_message": None,
            "from": message.sender,
            "messaging_service_sid": message.service,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": message.sid,
            "status": message.status,
            "subresource_uris": {"media": f"{folder}/Media.json"},
            "to": message.to,
            "uri": f"{folder}.json",
        }

    def log_message(self, *_: object) -> None:
        """Says nothing: there are numbers in it."""


@contextmanager
def twilio(**behaviour: Any) -> Iterator[TwilioPeer]:
    """A stand-in on a free loopback port, while the block runs."""
    peer = TwilioPeer(**behaviour)
    handler = type("Handler", (_Handler,), {"peer": peer})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        peer.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield peer
        finally:
            peer.release.set()
            server.shutdown()
            thread.join()
