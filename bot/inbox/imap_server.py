"""One connection to an IMAP server (RFC 3501, 9051), over IMAPClient; its answers are bounded."""

import imaplib
import select
import socket
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, IMAPClientReadOnlyError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

from bot.errors import Misconfigured, Unavailable

STORED = "$BotStored"  # keyword of what is in our register
LINE = 16_000_000  # bytes: what SEARCH says of more than a million messages
HELPFUL = ("IDLE", "MOVE", "UIDPLUS")
ANY_KEYWORD = rb"\*"  # in PERMANENTFLAGS


class LoginRefused(Misconfigured):
    """The server does not let us in."""

    code = "imap.login"


class FolderMissing(Misconfigured):
    """The server has no such folder, or does not show it to us."""

    code = "imap.folder"


class ServerAway(Unavailable):
    """The server does not answer, hangs up, or says it cannot now."""

    code = "imap.unavailable"


@dataclass(frozen=True)
class Folder:
    """What a server says of a folder that was selected."""

    uid_validity: int
    keywords: bool  # whether $BotStored can be set for good
    writable: bool


class _Bounded(imaplib.IMAP4):
    """What a server may answer to one command is bounded; `imaplib` takes whatever comes."""

    file: BufferedReader
    most = LINE
    _room = LINE

    def send(self, data: Any) -> None:
        self._room = self.most
        super().send(data)

    def read(self, size: int) -> bytes:
        self._spend(size)
        data = super().read(size)
        if len(data) < size:
            raise self.abort("EOF")
        return data

    def readline(self) -> bytes:
        line = self.file.readline(min(self._room, LINE) + 1)
        self._spend(len(line))
        return line

    def _spend(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise self.abort("too much")

    def has_unread(self) -> bool:
        """Whether something has come that nobody has read."""
        self.sock.setblocking(False)
        try:
            return bool(self.file.peek(1))
        except ssl.SSLWantReadError:
            return False
        finally:
            self.sock.setblocking(True)


class _Plain(_Bounded, IMAP4WithTimeout):  # type: ignore[misc]  # IMAPClient has no types
    pass


class _Tls(_Bounded, IMAP4_TLS):  # type: ignore[misc]
    pass


class ImapServer(IMAPClient):  # type: ignore[misc]
    """A connection, not logged in yet. Blocking; `hang_up` may come from another thread.

    Args:
        tls: None for a connection in the clear.
        most: bytes that may answer one command.
        timeout: seconds that the server may say nothing.

    Raises:
        OSError: nobody answers there, or not who should.
    """

    def __init__(
        self, host: str, port: int, tls: ssl.SSLContext | None, *, most: int, timeout: float
    ) -> None:
        super().__init__(host, port, ssl=tls is not None, ssl_context=tls, timeout=timeout)
        self.normalise_times = False
        self._imap.debug = 0  # else it puts passwords and mails into words, for a log that is off
        self._imap.most = most

    def _create_IMAP4(self) -> _Bounded:  # noqa: N802 - IMAPClient's name
        if self.ssl:
            args = (self.host, self.port, self.ssl_context, self._timeout.connect)
            return _Tls(*args)  # type: ignore[call-arg]  # it is `IMAP4_TLS` that is called
        return _Plain(self.host, self.port, self._timeout.connect)

    def log_in(self, user: str, secret: str, *, is_token: bool) -> None:
        """With a password, or an access token (XOAUTH2).

        Raises:
            LoginRefused: they are not what the server wants.
            ServerAway: it cannot tell now.
        """
        try:
            if is_token:
                self.oauth2_login(user, secret)
            elif self.has_capability("AUTH=PLAIN"):
                self.plain_login(user, secret)
            else:
                self.login(user, secret)
        except IMAPClientError as error:
            lost = isinstance(error.__context__, IMAPClientAbortError)
            if lost or "[UNAVAILABLE]" in str(error):  # RFC 5530
                raise ServerAway from None
            raise LoginRefused(
                f"{self.host} does not let {user} in.", "Mend login, password or token command."
            ) from None

    def open(self, name: str) -> Folder:
        """Select a folder, to write to if we may.

        Raises:
            FolderMissing: it is not there for us.
        """
        try:
            says, writable = self.select_folder(name), True
        except IMAPClientReadOnlyError:
            says, writable = self.select_folder(name, readonly=True), False
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            raise FolderMissing(f"{self.host} shows no folder {name}.", "Mend folder.") from None
        keywords = {STORED.encode(), ANY_KEYWORD}.intersection(says.get(b"PERMANENTFLAGS", ()))
        return Folder(says[b"UIDVALIDITY"], writable and bool(keywords), writable)

    def make(self, name: str) -> None:
        """See that a folder is there."""
        with suppress(IMAPClientError):
            self.create_folder(name)

    def find(self, criteria: str) -> list[int]:
        """UIDs, ascending; from now on `has_news` counts."""
        for name in ("EXISTS", "EXPUNGE", "FETCH", "RECENT"):  # nobody else takes them away
            self._imap.untagged_responses.pop(name, None)
        return sorted(set(self.search(criteria)))

    def has_news(self) -> bool:
        """Whether messages were announced since `find` looked: no later IDLE tells of them."""
        return "EXISTS" in self._imap.untagged_responses

    def sizes(self, uids: Iterable[int]) -> dict[int, int]:
        """Bytes of each message that is still there, as the server thinks."""
        found = self.fetch(list(uids), ["RFC822.SIZE"])
        return {
            uid: int(item[b"RFC822.SIZE"]) for uid, item in found.items() if b"RFC822.SIZE" in item
        }

    def bodies(self, uids: Iterable[int]) -> Mapping[int, tuple[bytes, datetime | None]]:
        """Exact bytes and INTERNALDATE (UTC) of each message that is still there."""
        found = self.fetch(list(uids), ["BODY.PEEK[]", "INTERNALDATE"])
        return {
            uid: (item[b"BODY[]"], _utc(item.get(b"INTERNALDATE")))
            for uid, item in found.items()
            if isinstance(item.get(b"BODY[]"), bytes)
        }

    def mark(self, uids: Iterable[int]) -> None:
        """Set our keyword."""
        self.add_flags(list(uids), STORED, silent=True)

    def put_away(self, uids: Iterable[int], name: str) -> None:
        """Move to another folder, where the server can without touching other messages."""
        moved = list(uids)
        if self.has_capability("MOVE"):
            self.move(moved, name)
        elif self.has_capability("UIDPLUS"):
            self.copy(moved, name)
            self.delete_messages(moved, silent=True)
            self.uid_expunge(moved)

    def wait(self, seconds: float) -> None:
        """IDLE (RFC 2177) until the server says something.

        Whatever it is, and if it is that the connection has ended, the answer to DONE shows it.
        """
        self.idle()
        if not self._imap.has_unread():
            poll = select.poll()
            poll.register(self.socket(), select.POLLIN)
            poll.poll(seconds * 1000)
        self._set_read_timeout()
        self.idle_done()

    def lacks(self, folder: Folder) -> list[str]:
        """What would help us, and is not there."""
        lacking = [name for name in HELPFUL if not self.has_capability(name)]
        return lacking if folder.keywords else [*lacking, "keywords"]

    def hang_up(self) -> None:
        """End the connection; whoever waits for it hears of it at once."""
        with suppress(OSError):  # it has ended already
            socket.socket.shutdown(self.socket(), socket.SHUT_RDWR)  # never TLS's own farewell


def _utc(at: object) -> datetime | None:
    try:
        return at.astimezone(UTC) if isinstance(at, datetime) and at.tzinfo else None
    except OverflowError:
        return None
