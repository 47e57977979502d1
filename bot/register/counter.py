"""Numbers that grow without gaps, and the locks that come with them."""

from tortoise import Tortoise, fields
from tortoise.models import Model

# One statement: a chain's counter is asked for with every event that is written.
NEXT = """
    INSERT INTO counter (name, value) VALUES ({}, {})
    ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value
    RETURNING value
"""


class Counter(Model):
    """A number that grows without gaps: locked, read and written in one transaction."""

    name = fields.CharField(max_length=48, primary_key=True)
    value = fields.BigIntField(default=0)

    @classmethod
    async def next(cls, name: str, count: int = 1) -> int:
        """The last of the next `count` numbers of `name`, inside the caller's transaction."""
        client = Tortoise.get_connection("default")
        marks = ("$1", "$2") if client.capabilities.dialect == "postgres" else "??"
        [row] = await client.execute_query_dict(NEXT.format(*marks), [name, count])
        value: int = row["value"]
        return value

    @classmethod
    async def rise(cls, name: str, value: int) -> None:
        """Let `name` stand at `value`, unless it stands higher."""
        await cls.get_or_create(name=name)
        await cls.filter(name=name, value__lt=value).update(value=value)

    @classmethod
    async def stands(cls, name: str, value: int) -> bool:
        """Whether `name` stands at `value`; if so, it does until the caller's transaction ends."""
        return bool(await cls.filter(name=name, value=value).select_for_update().first())

    @classmethod
    async def one_at_a_time(cls, name: str) -> None:
        """Wait until no other transaction that asked for `name` is open, and hold them off."""
        await cls.next(name)
