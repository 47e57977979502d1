"""A bot whose clock is set by hand: what is due is done, one after the other, then time goes on."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from tortoise.transactions import in_transaction

from bot import actors, install, web
from bot.config import Settings
from bot.home import Home
from bot.inbox import intake
from bot.inbox.archive import Archive
from bot.outbox.handouts import Handouts
from bot.outbox.mailer import Attachment, Mailer
from bot.outbox.render import Letter
from bot.procedures.status.publish import REGULAR
from bot.procedures.status.respond import Responder
from bot.register import connection, tasks
from bot.register.models import Mail, Task
from bot.register.tasks import Kind, Queue
from bot.tools import responding, tools
from tests.year.paper import Reader, Written

ORDER = (Queue.URGENT, Queue.VET, Queue.CA, Queue.POST)


class PlainMailer(Mailer):
    """Signs nothing: how mail is signed is tried elsewhere."""

    def message(
        self,
        letter: Letter,
        *,
        to: str,
        message_id: str,
        now: datetime,
        answers: str | None = None,
        reply_to: str = "",
        attachments: Sequence[Attachment] = (),
    ) -> bytes:
        return f"To: {to}\nSubject: {letter.subject}\n\n{letter.text}".encode()


@dataclass
class World:
    """One process that does all, and the only hand on its clock."""

    settings: Settings
    made: Mapping[Queue, Any]
    now: datetime

    async def clock(self) -> datetime:
        return self.now

    async def send(self, mail: Written, to: str) -> Mail:
        """A mail comes in now."""
        archive: Archive = self.made[Queue.VET].archive
        return await intake.store(
            archive, mail.bytes(), mailbox=to, envelope_from=mail.sender, now=self.now
        )

    async def until(self, moment: datetime) -> None:
        """Everything that is due by then, each at its time."""
        while (due := await self._next()) and due[0] <= moment:
            self.now = max(self.now, due[0])
            for handed in await tasks.lease(self.now, [due[1]], most=64):
                await actors.work(handed, self.made[due[1]], self.clock)
        self.now = max(self.now, moment)

    async def _next(self) -> tuple[datetime, Queue] | None:
        """When the next thing is due that does not stand still, and whose it is."""
        still = [kind for kind in Kind if kind.queue in await tasks.paused()]
        waiting = Task.filter(parked_at__isnull=True).exclude(kind__in=still).order_by("due_at")
        return min(
            [
                (max(task.due_at, task.leased_until or task.due_at), Kind(task.kind).queue)
                for task in await waiting.limit(20).only("kind", "due_at", "leased_until")
            ],
            key=lambda due: (max(due[0], self.now), ORDER.index(due[1])),
            default=None,
        )


@asynccontextmanager
async def founded(settings: Settings, now: datetime) -> AsyncIterator[World]:
    """A house founded at `now`, on tokens that stand already; the outside is a call away."""
    for step in (
        install.make_folders(settings),
        install.make_keys(settings),
        install.make_request(settings),
        install.make_demo_root(settings, now),
    ):
        list(step)
    async with (
        connection.opened(Path(settings.home) / "register.sqlite3"),
        tools(settings, Queue) as made,
    ):
        world = World(settings, made, now)
        post = made[Queue.POST]
        world.made = {
            **made,
            Queue.VET: replace(made[Queue.VET], examiner=Reader()),
            Queue.URGENT: replace(made[Queue.URGENT], outside=_outside(world)),
            Queue.POST: replace(post, mailer=PlainMailer(settings, post.mailer._key, None)),  # type: ignore[arg-type]  # it signs nothing
        }
        async with in_transaction():
            await tasks.call(Kind.PUBLISH, REGULAR, due=now)
        yield world


def _outside(world: World) -> httpx.AsyncClient:
    """Where relying parties stand: the web, without a network in between."""
    responder = Responder(responding(world.settings), world.clock)
    published = Home(world.settings).published
    pages = web.site(published, Handouts(world.settings), responder, lambda: world.now)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=pages))
