"""A stand-in for Twilio's Messages API (2010-04-01) that the real SDK talks to.

It keeps what it was sent, pages its lists, knows its account's login, signs its
callbacks, and can be told to behave as badly as a carrier does on a bad day.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from demo.peers.twilio_account import PATIENCE, Message, Refused, Trouble, TwilioPeer


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
