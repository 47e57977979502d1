"""Numbers that grow without gaps, and the locks that come with them."""

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model


class Counter(Model):
    """A number that grows without gaps: locked, read and written in one transaction."""

    name = fields.CharField(max_length=48, primary_key=True)
    value = fields.BigIntField(default=0)

    @classmethod
    async def next(cls, name: str, count: int = 1) -> int:
        """The last of the next `count` numbers of `name`, inside the caller's transaction."""
        mine = cls.filter(name=name)
        if not await mine.update(value=F("value") + count):
            await cls.get_or_create(name=name)  # another hand may be making it
            await mine.update(value=F("value") + count)
        value: int = (await mine.get()).value
        return value

    @classmethod
    async def rise(cls, name: str, value: int) -> bool:
        """Whether `name` stood below `value`, where it stands now; it is held until the end."""
        await cls.get_or_create(name=name)
        return bool(await cls.filter(name=name, value__lt=value).update(value=value))

    @classmethod
    async def one_at_a_time(cls, name: str) -> None:
        """Wait until no other transaction that asked for `name` is open, and hold them off."""
        await cls.next(name)
