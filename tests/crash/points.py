"""Where a process may die: before and after every commit and every outside effect.

A point says what was at work, on which task, and what was about to happen or had
just happened, the how manyth time in that task: `issue/3 before commit 2`. It is
the same in every run, so that a point found in one run can be died at in another.
"""

import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from itertools import zip_longest
from typing import Any

from bot.hsm.subject_keys import SubjectKeys
from bot.inbox.archive import Archive
from bot.outbox.maildir import MaildirTransport
from bot.outbox.submission import SubmissionTransport
from bot.procedures import certify
from bot.procedures.status import publish
from bot.register import postgresql, sqlite
from bot.register.tasks import Lease
from bot.sms.folder import FileGateway
from bot.sms.twilio import Twilio

BLOCKING: tuple[tuple[Any, str, str], ...] = (
    (Archive, "put", "archive"),
    (SubjectKeys, "generate", "key generation"),
    (certify, "sign", "certificate signature"),
    (publish, "replace", "publication"),
)
ASYNCHRONOUS: tuple[tuple[Any, str, str], ...] = (
    (sqlite.ImmediateTransaction, "commit", "commit"),
    (postgresql.Transaction, "commit", "commit"),
    (MaildirTransport, "deliver", "mail"),
    (SubmissionTransport, "deliver", "mail"),
    (FileGateway, "send", "SMS"),
    (Twilio, "send", "SMS"),
)
CHECK: tuple[Any, str, str] = (Lease, "check", "check")
"""No effect, but where a slow worker is told that its task has gone."""

at_work = ContextVar("at_work", default="start/0")


class Points:
    """Notes every point that is passed; the process gets a signal at the one named `fatal`."""

    def __init__(self, fatal: str | None, by: signal.Signals) -> None:
        self.fatal, self.by = fatal, by
        self.passed: list[str] = []
        self._times: Counter[str] = Counter()

    def pass_by(self, what: str) -> None:
        point = f"{at_work.get()} {what}"
        self._times[point] += 1
        point = f"{point} {self._times[point]}"
        self.passed.append(point)
        if point == self.fatal:
            os.kill(os.getpid(), self.by)

    def around(self, what: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """`act`, with a point before and one after."""

        def acting(*args: Any, **options: Any) -> Any:
            self.pass_by(f"before {what}")
            result = act(*args, **options)
            self.pass_by(f"after {what}")
            return result

        return acting

    def around_async(
        self, what: str, act: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        """The same for a coroutine function."""

        async def acting(*args: Any, **options: Any) -> Any:
            self.pass_by(f"before {what}")
            result = await act(*args, **options)
            self.pass_by(f"after {what}")
            return result

        return acting


def lay(points: Points) -> None:
    """Put a point around every commit and every effect outside of the register.

    For a process of its own: nothing is taken back.
    """
    patched: Any = postgresql.Transaction
    patched.release_savepoint = postgresql.Transaction.commit  # which commits nothing
    for owner, name, what in BLOCKING:
        setattr(owner, name, points.around(what, getattr(owner, name)))
    for owner, name, what in (*ASYNCHRONOUS, CHECK):
        setattr(owner, name, points.around_async(what, getattr(owner, name)))


BEGUN = "after commit 1"  # where a worker freezes, too


def one_of_a_kind(points: list[str]) -> list[str]:
    """Each step of each kind of work once: a second receipt takes the same steps as the first.

    Between what was just done and what is about to be done nothing changes that
    outlives the process: of such two points the second stands for both.
    """
    kinds: dict[tuple[str, str], str] = {}
    for point, following in zip_longest(points, points[1:], fillvalue=""):
        work, step = steps(point)
        stood_for = step.startswith("after") and following.startswith(f"{point.split()[0]} before")
        if stood_for and step != BEGUN:
            continue
        if "archive" in step:  # any number of files, each kept by itself
            step = step.rstrip("0123456789")
        kinds.setdefault((work, step), point)
    return list(kinds.values())


def steps(point: str) -> tuple[str, str]:
    """What was at work, whatever the task, and the step."""
    at, _, step = point.partition(" ")
    return at.partition("/")[0], step
