"""Rows with a life, and what hangs on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from tortoise import fields
from tortoise.models import Model
from tortoise.transactions import in_transaction

from bot.errors import Conflict
from bot.register import audit
from bot.register.lifecycle import LIVES, Move


def restricted(model: str, related_name: str, **options: Any) -> Any:
    """A foreign key that never cascades (SQLite migrations would delete the rows)."""
    return fields.ForeignKeyField(
        f"register.{model}",
        related_name=related_name,
        on_delete=fields.RESTRICT,
        db_index=True,
        **options,
    )


class StaleState(Conflict):
    """The row no longer stands where the move starts."""

    code = "conflict.state"


class Living(Model):
    """A row with a life: its status changes by moves only, each with its event."""

    id = fields.BigIntField(primary_key=True)
    status: Any

    class Meta:
        abstract = True

    async def chain(self) -> str:
        """The audit chain on which the moves of this row are written."""
        raise NotImplementedError

    async def make(self, move: Move, *, because: str, now: datetime, **also: Any) -> None:
        """Make `move`, setting the columns `also`, and write its event: all or nothing.

        Raises:
            StaleState: the row no longer stands where `move` starts.
            ValueError: `move` belongs to another life; some states bear the same name.
        """
        self._require_own(move)
        if "because" in self._meta.fields_map:
            also["because"] = because
        standing = type(self).filter(id=self.id, status__in=move.sources)
        async with in_transaction():
            if not await standing.update(status=move.target, **also):
                raise StaleState(type(self).__name__, self.id, move.name)
            await self.record(self._code(move), because=because, now=now)
        self.update_from_dict({"status": move.target, **also})

    @classmethod
    async def make_all(
        cls, rows: Sequence[Self], move: Move, *, because: str, now: datetime
    ) -> None:
        """Make `move` for rows of one chain: as many statements for a thousand as for one.

        Raises:
            StaleState, ValueError: as `make`, if one of them cannot; then none does.
        """
        if not rows:
            return
        first = rows[0]
        first._require_own(move)
        standing = cls.filter(id__in=[row.id for row in rows], status__in=move.sources)
        about: list[tuple[int | None, audit.Details]] = [(row.id, {}) for row in rows]
        async with in_transaction():
            if await standing.update(status=move.target) != len(rows):
                raise StaleState(cls.__name__, first.id, move.name)
            await audit.append_all(
                await first.chain(), cls._code(move), about, because=because, now=now
            )
        for row in rows:
            row.status = move.target

    def _require_own(self, move: Move) -> None:
        if not isinstance(move, LIVES[type(self.status)]):
            raise ValueError(f"{move} is no move of {type(self).__name__}")

    @classmethod
    def _code(cls, move: Move) -> str:
        return f"{cls.__name__.lower()}.{move.name.lower()}"

    async def record(self, code: str, *, because: str, now: datetime, **details: str | int) -> None:
        """Write an event that is no move, inside the caller's transaction."""
        await audit.append(
            await self.chain(), code, subject=self.id, because=because, now=now, details=details
        )

    @classmethod
    async def locked(cls, pk: int) -> Self:
        """The row, locked until the transaction ends."""
        return await cls.filter(id=pk).select_for_update().get()
