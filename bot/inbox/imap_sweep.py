"""What lies in an IMAP folder and is not in the register yet: fetched, stored, then flagged.

A message is known by its folder, UIDVALIDITY and UID. The register says which
are kept; the keyword only spares looking at them again and again.
"""

import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import structlog
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from bot.errors import Unavailable, code_of
from bot.inbox.imap_server import STORED, Folder, ImapServer
from bot.inbox.intake import Intake, Message, Place, fetched
from bot.sections.imap import Account

log = structlog.get_logger()

Answer = TypeVar("Answer")
Ask = Callable[[Coroutine[Any, Any, Answer]], Answer]  # on the event loop, waiting here
TellTooBig = Callable[[str, Place, int], Coroutine[Any, Any, None]]  # mailbox, where, bytes

TOGETHER = 500  # messages that are asked about in one command
BATCH_BYTES = 8_000_000  # one commit, unless a single mail is bigger


def most_in_one_answer(size_limit: int) -> int:
    """Bytes: servers guess the size of a message, but not that badly."""
    return 2 * (size_limit + BATCH_BYTES)


class NotKept(Unavailable):
    """The disk or the register did not take a mail, which is in its folder still."""

    code = "imap.not_kept"


class Sweeper:
    """Takes what is new in the folder of one account, over whatever connection there is.

    Args:
        every: seconds until all of the folder is compared with the register again, which
            finds what was flagged and yet is not kept.
    """

    def __init__(
        self,
        account: Account,
        intake: Intake,
        ask: Ask[Any],
        tell_too_big: TellTooBig,
        *,
        size_limit: int,
        every: float,
    ) -> None:
        self._account = account
        self._intake = intake
        self._ask = ask
        self._tell_too_big = tell_too_big
        self._size_limit = size_limit
        self._every = every
        self._url = folder_url(account)
        self._uid_validity = -1
        self._compare_at = 0.0  # monotonic
        self._seen_up_to = 0  # UIDs
        self._left: set[int] = set()  # UIDs of what is too big

    def begin(self, server: ImapServer) -> Folder:
        """Open the folder; after its UIDVALIDITY has changed, everything is looked at anew."""
        folder = server.open(self._account.folder)
        if folder.uid_validity != self._uid_validity:
            self._uid_validity = folder.uid_validity
            self._compare_at, self._seen_up_to, self._left = 0.0, 0, set()
        return folder

    def sweep(self, server: ImapServer, folder: Folder) -> None:
        """Take what is new.

        Raises:
            NotKept: some mail could not be kept; the others are.
        """
        whole = time.monotonic() >= self._compare_at
        unmarked = set(server.find(f"UNKEYWORD {STORED}")) if folder.keywords else set()
        found = self._found(server, whole=whole) if whole or not folder.keywords else [*unmarked]
        uids = sorted({*found} - self._left)
        failures: list[BaseException] = []
        for start in range(0, len(uids), TOGETHER):
            some = uids[start : start + TOGETHER]
            known = self._known(some)
            new = self._take(server, [uid for uid in some if uid not in known], failures)
            self._flag(server, folder, (known & unmarked) | new)
            self._put_away(server, folder, known | new)
        if failures:
            raise NotKept(code_of(failures[0]))
        self._seen_up_to = max(found, default=self._seen_up_to)
        if whole:
            self._compare_at = time.monotonic() + self._every

    def _found(self, server: ImapServer, *, whole: bool) -> list[int]:
        """All of the folder, or what is beyond the last; `n:*` always has the last message."""
        if whole:
            return server.find("ALL")
        beyond = server.find(f"UID {self._seen_up_to + 1}:*")
        return [uid for uid in beyond if uid > self._seen_up_to]

    def _known(self, uids: Sequence[int]) -> set[int]:
        known: set[int] = self._ask(fetched(self._url, self._uid_validity, uids))
        return known

    def _take(
        self, server: ImapServer, uids: Sequence[int], failures: list[BaseException]
    ) -> set[int]:
        """Fetch and store; the UIDs of what is kept now."""
        taken = set()
        sizes = server.sizes(uids) if uids else {}
        for uid, size in sizes.items():
            if size > self._size_limit:
                self._leave(uid, size)
        for batch in batches({uid: sizes[uid] for uid in sizes if uid not in self._left}):
            messages = self._fetched(server, batch)
            stored = self._ask(self._intake.store_all(messages))
            for message, kept in zip(messages, stored, strict=True):
                if isinstance(kept, BaseException):
                    failures.append(kept)
                else:
                    taken.add(message.place.uid)
        return taken

    def _fetched(self, server: ImapServer, uids: Sequence[int]) -> list[Message]:
        messages = []
        for uid, (raw, received) in server.bodies(uids).items():
            if len(raw) > self._size_limit:
                self._leave(uid, len(raw))
            else:
                messages.append(Message(raw, self._account.mailbox, received, self._place(uid)))
        return messages

    def _leave(self, uid: int, size: int) -> None:
        """It stays in the folder, unflagged, and officers are told: once, however often it is."""
        log.warning("imap.too_big", mailbox=self._account.mailbox, uid=uid, size=size)
        self._ask(self._tell_too_big(self._account.mailbox, self._place(uid), size))
        self._left.add(uid)

    def _place(self, uid: int) -> Place:
        return Place(self._url, self._uid_validity, uid)

    def _flag(self, server: ImapServer, folder: Folder, uids: Iterable[int]) -> None:
        if folder.keywords:
            self._unless_refused("flag", uids, server.mark)

    def _put_away(self, server: ImapServer, folder: Folder, uids: Iterable[int]) -> None:
        if folder.writable and self._account.done:
            self._unless_refused(
                "move", uids, lambda some: server.put_away(some, self._account.done)
            )

    def _unless_refused(
        self, step: str, uids: Iterable[int], do: Callable[[list[int]], None]
    ) -> None:
        """A server may refuse (a quota, too many keywords): the mails are kept all the same."""
        if some := sorted(uids):
            try:
                do(some)
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                log.warning("imap.refused", mailbox=self._account.mailbox, step=step)


def batches(sizes: Mapping[int, int]) -> Iterator[list[int]]:
    """UIDs by some megabytes."""
    batch: list[int] = []
    held = 0
    for uid, size in sizes.items():
        if batch and held + size > BATCH_BYTES:
            yield batch
            batch, held = [], 0
        batch.append(uid)
        held += size
    if batch:
        yield batch


def folder_url(account: Account) -> str:
    """Which folder on which server, by RFC 5092."""
    user, folder = quote(account.user, safe=""), quote(account.folder, safe="")
    return f"imap://{user}@{account.host}:{account.port}/{folder}"
