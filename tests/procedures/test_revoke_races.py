"""A revocation and what else goes on for the same person: whoever is second finds the first."""

import asyncio
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from bot.procedures import certify
from bot.procedures import revoke as revocation
from bot.register.lifecycle import (
    CertificateStatus,
    ItemStatus,
)
from bot.register.living import StaleState
from bot.register.models import Agency, Certificate, Item, Notice
from bot.register.place import Place
from bot.register.tasks import Kind
from tests.ca.builders import NOW
from tests.procedures.revoking import (
    a_holder,
    a_letter,
    again,
    another,
    begun,
    outside,
    publish,
    standing,
    under_way,
)
from tests.procedures.status_world import World
from tests.register.rows import an_agency

__all__ = ["outside"]  # a fixture

REVOKED, BURNT, SIGNING = (
    CertificateStatus.REVOKED, CertificateStatus.BURNT, CertificateStatus.SIGNING,
)  # fmt: skip
WITHDRAWN, DONE = ItemStatus.WITHDRAWN, ItemStatus.DONE


@pytest.fixture
async def agency(register: Place) -> Agency:
    return await an_agency()


async def test_of_two_letters_at_once_both_are_done(agency: Agency, outside: World) -> None:
    one = await a_holder(agency)
    items = [await a_letter(one), await a_letter(one)]
    leases = [await begun(Kind.REVOKE, item.id) for item in items]
    await asyncio.gather(*(revocation.revoke(lease, outside.services, NOW) for lease in leases))
    await publish(outside)
    leases = [await begun(Kind.CONFIRM, item.id) for item in items]
    await asyncio.gather(*(revocation.confirm(lease, outside.services, NOW) for lease in leases))
    assert [(await again(item)).status for item in items] == [DONE, DONE]
    assert await Notice.filter(kind="revoked").count() == 1


class TestRaces:
    """With the handing over of a renewed certificate to the same person."""

    @pytest.fixture
    async def renewal(self, agency: Agency) -> tuple[Certificate, Certificate]:
        old = await a_holder(agency)
        row = await under_way(old.subscriber)
        new = await another(
            old.subscriber, item=row, for_item=row.id, status=SIGNING, key=old.key, replaces=old
        )
        return old, new

    async def hand_over(self, old: Certificate, new: Certificate) -> bool:
        """Commit (b), as the story of a renewal has it; whether it stood."""
        item = await Item.get(id=new.item_id).select_related("dossier__agency")
        standing_now = await Certificate.get(id=new.id).select_related("subscriber")
        try:
            async with in_transaction():
                await certify.hold(item)
                await Certificate.filter(id=old.id).update(current_of=None)
                await certify.hand_over(standing_now, b"der", item, NOW)
        except StaleState:
            return False
        return True

    async def check(self, old: Certificate, new: Certificate, was_handed_over: bool) -> None:
        """Whoever was first: nothing of that line is valid."""
        assert await standing(old) is REVOKED
        assert await standing(new) is (REVOKED if was_handed_over else BURNT)
        item = await Item.get(id=new.item_id)
        assert item.status is (DONE if was_handed_over else WITHDRAWN)

    @pytest.mark.parametrize("is_revocation_first", [True, False])
    async def test_whoever_has_the_row_goes_first(
        self,
        renewal: tuple[Certificate, Certificate],
        outside: World,
        is_revocation_first: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The second comes while the first stands in the midst of its transaction."""
        lease = await begun(Kind.REVOKE, (await a_letter(renewal[0])).id)
        amid, go_on = asyncio.Event(), asyncio.Event()

        def standing_still(story: Any) -> Any:
            async def stands(*args: Any, **options: Any) -> Any:
                amid.set()
                await go_on.wait()
                return await story(*args, **options)

            return stands

        stories: list[Any] = [
            revocation.revoke(lease, outside.services, NOW), self.hand_over(*renewal)
        ]  # fmt: skip
        ways: list[tuple[Any, str]] = [(revocation, "line_of"), (certify, "hand_over")]
        if not is_revocation_first:
            stories, ways = stories[::-1], ways[::-1]
        module, name = ways[0]
        monkeypatch.setattr(module, name, standing_still(getattr(module, name)))
        one = asyncio.create_task(stories[0])
        await amid.wait()
        other = asyncio.create_task(stories[1])
        for _ in range(200):  # steps, in which it comes as far as it can
            await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(one, other)
        await self.check(*renewal, was_handed_over=not is_revocation_first)

    async def test_at_once_one_of_them_has_been(self, agency: Agency, outside: World) -> None:
        async def later(steps: int, story: Any) -> Any:
            for _ in range(steps):
                await asyncio.sleep(0)
            return await story

        for pause in (0, 6, 12):
            old = await a_holder(agency)
            row = await under_way(old.subscriber)
            new = await another(
                old.subscriber, item=row, for_item=row.id, status=SIGNING, key=old.key,
                replaces=old,
            )  # fmt: skip
            lease = await begun(Kind.REVOKE, (await a_letter(old)).id)
            handed, _ = await asyncio.gather(
                later(6, self.hand_over(old, new)),
                later(pause, revocation.revoke(lease, outside.services, NOW)),
            )
            await self.check(old, new, was_handed_over=handed)
