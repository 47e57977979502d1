"""Rows with a life, and what hangs on them."""

from __future__ import annotations

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
        if not isinstance(move, LIVES[type(self.status)]):
            raise ValueError(f"{move} is no move of {type(self).__name__}")
        if "because" in self._meta.fields_map:
            also["because"] = because
        standing = type(self).filter(id=self.id, status__in=move.sources)
        async with in_transaction():
            if not await standing.update(status=move.target, **also):
                raise StaleState(type(self).__name__, self.id, move.name)
            code = f"{type(self).__name__.lower()}.{move.name.lower()}"
            await self.record(code, because=because, now=now)
        self.update_from_dict({"status": move.target, **also})

    async def record(self, code: str, *, because: str, now: datetime, **details: str | int) -> None:
        """Write an event that is no move, inside the caller's transaction."""
        await audit.append(
            await self.chain(), code, subject=self.id, because=because, now=now, details=details
        )

    @classmethod
    async def locked(cls, pk: int) -> Self:
        """The row, locked until the transaction ends."""
        return await cls.filter(id=pk).select_for_update().get()
