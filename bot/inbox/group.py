"""Group commit: what arrives while a commit is under way goes together in the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tortoise.exceptions import TransactionManagementError

from bot.errors import Unavailable

Thing = TypeVar("Thing")
Kept = TypeVar("Kept")

AWAY = (Unavailable, TransactionManagementError)  # whatever is to be committed


class GroupCommit(Generic[Thing, Kept]):
    """Many callers, one commit; a lone one does not wait for company.

    Args:
        commit: keeps all of a group or none of it; answers in the group's order.
    """

    def __init__(self, commit: Callable[[Sequence[Thing]], Awaitable[Sequence[Kept]]]) -> None:
        self._commit = commit
        self._waiting: list[tuple[Thing, asyncio.Future[Kept]]] = []
        self._turn = asyncio.Lock()

    async def add(self, thing: Thing) -> Kept:
        """What the commit says of `thing`, when it has happened. Shield it: others may wait for it.

        Raises:
            Exception: `thing` is not kept. Others of its group may be: where a group
                fails, each goes alone.
        """
        [kept] = await self.add_all([thing])
        if isinstance(kept, BaseException):
            raise kept
        return kept

    async def add_all(self, things: Sequence[Thing]) -> list[Kept | BaseException]:
        """What the commit says of each, or why that one is not kept; all go in one group."""
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[Kept]] = [loop.create_future() for _ in things]
        self._waiting += zip(things, answers, strict=True)
        async with self._turn:
            if not all(answer.done() for answer in answers):  # nobody has taken them along
                group, self._waiting = self._waiting, []
                await self._settle(group)
        return [answer.exception() or answer.result() for answer in answers]

    async def _settle(self, group: list[tuple[Thing, asyncio.Future[Kept]]]) -> None:
        try:
            kept = await self._commit([thing for thing, _ in group])
        except Exception as error:
            if len(group) == 1 or isinstance(error, AWAY):
                for _, answer in group:
                    answer.set_exception(error)
            else:
                for one in group:
                    await self._settle([one])
        else:
            for (_, answer), one_kept in zip(group, kept, strict=True):
                answer.set_result(one_kept)
