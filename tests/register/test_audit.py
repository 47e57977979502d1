"""The chain: what was written cannot be changed, left out, put in between or reordered unseen."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.register import audit
from bot.register.audit import START, ClockBehind, Event, digest_of

CHAIN = "dossier:1"
Tamper = Callable[[], Awaitable[object]]


async def write(count: int, now: datetime, chain: str = CHAIN) -> None:
    for number in range(count):
        await audit.append(
            chain, "item.accept", because="rules.kept", now=now + timedelta(seconds=number),
            subject=number, details={"row": number, "sha256": "ab" * 32},
        )  # fmt: skip


async def broken(chain: str = CHAIN) -> list[int]:
    return [link async for link in audit.broken(chain)]


async def link(sequence: int) -> Event:
    return await Event.get(chain=CHAIN, sequence=sequence)


@pytest.mark.usefixtures("register")
async def test_a_chain_begins_at_one_and_holds(now: datetime) -> None:
    await write(5, now)
    assert [event.sequence async for event in Event.all().order_by("id")] == [1, 2, 3, 4, 5]
    assert (await link(1)).previous == START
    assert (await link(3)).previous == (await link(2)).digest
    assert await broken() == []


@pytest.mark.usefixtures("register")
async def test_many_links_at_once_are_as_if_one_by_one(now: datetime) -> None:
    await write(2, now)
    about = [(number, {"row": number}) for number in range(3)]
    await audit.append_all(CHAIN, "item.accept", about, because="rules.kept", now=now)
    await write(1, now)
    links = [event async for event in Event.filter(chain=CHAIN).order_by("sequence")]
    assert [event.sequence for event in links] == [1, 2, 3, 4, 5, 6]
    assert [(event.subject, event.details["row"]) for event in links[2:5]] == [
        (0, 0), (1, 1), (2, 2)
    ]  # fmt: skip
    assert await broken() == []
    await Event.filter(id=links[3].id).delete()
    assert await broken() == [5]


@pytest.mark.usefixtures("register")
async def test_chains_are_apart(now: datetime) -> None:
    await write(2, now)
    await write(3, now, "agency:1")
    await Event.filter(chain="agency:1", sequence=2).update(code="x")
    assert await broken() == []
    assert await broken("agency:1") == [2]
    assert await broken("agency:2") == []


@pytest.mark.usefixtures("register")
async def test_any_zone_and_any_text_come_back_as_they_were_digested(now: datetime) -> None:
    for hours in (-11, 0, 7, 14):
        there = now.astimezone(timezone(timedelta(hours=hours))).replace(microsecond=123456)
        await audit.append(
            CHAIN, "x", because="Nguyễn\n\u2028", now=there, details={"ệ": "\\", "n": 2**53}
        )
    assert await broken() == []


CHANGES = {
    "chain": "dossier:2",
    "sequence": 30,
    "code": "item.return",
    "subject": 99,
    "because": "rules.broken",
    "details": {"row": 2, "sha256": "cd" * 32},
    "previous": "1" * 64,
    "digest": "2" * 64,
}


def test_every_column_but_the_row_number_is_tried() -> None:
    assert {*CHANGES, "at", "id"} == set(Event._meta.fields_map)


@pytest.mark.usefixtures("register")
async def test_any_field_changed_is_found_anywhere_in_the_chain(now: datetime) -> None:
    await write(5, now)
    for sequence in range(1, 6):
        for name, value in {**CHANGES, "at": now + timedelta(microseconds=1_500)}.items():
            before = await link(sequence)
            await Event.filter(id=before.id).update(**{name: value})
            found = [*await broken(), *await broken("dossier:2")]
            assert found, (sequence, name)
            await before.save()
            assert await broken() == []


@pytest.mark.usefixtures("register")
async def test_a_changed_link_with_a_new_digest_breaks_the_next(now: datetime) -> None:
    await write(5, now)
    changed = await link(3)
    changed.because = "rules.broken"
    changed.digest = digest_of(changed)
    await changed.save()
    assert await broken() == [4]


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize("sequence", [1, 2, 4])
async def test_a_link_left_out_is_found(sequence: int, now: datetime) -> None:
    await write(5, now)
    await Event.filter(chain=CHAIN, sequence=sequence).delete()
    assert sequence + 1 in await broken()


@pytest.mark.usefixtures("register")
async def test_a_link_left_out_and_the_rest_renumbered_is_found(now: datetime) -> None:
    await write(5, now)
    await (await link(3)).delete()
    for sequence in (4, 5):
        await Event.filter(chain=CHAIN, sequence=sequence).update(sequence=sequence - 1)
    assert await broken() == [3, 4]


@pytest.mark.usefixtures("register")
async def test_a_link_put_in_between_is_found(now: datetime) -> None:
    await write(4, now)
    for sequence in (4, 3):
        await Event.filter(chain=CHAIN, sequence=sequence).update(sequence=sequence + 1)
    forged = Event(
        chain=CHAIN, sequence=3, at=now, code="x", because="x", previous=(await link(2)).digest
    )
    forged.digest = digest_of(forged)
    await forged.save()
    assert 4 in await broken()


@pytest.mark.usefixtures("register")
async def test_two_links_that_change_places_are_found(now: datetime) -> None:
    await write(5, now)
    for old, new in ((2, 20), (3, 2), (20, 3)):
        await Event.filter(chain=CHAIN, sequence=old).update(sequence=new)
    assert {2, 3} <= set(await broken())


details = st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers(0, 2**53))
contents = st.fixed_dictionaries(
    {
        "chain": st.text(max_size=8),
        "sequence": st.integers(1, 2**31),
        "at": st.datetimes(timezones=st.timezones()),
        "code": st.text(max_size=8),
        "subject": st.none() | st.integers(0, 2**53),
        "because": st.text(max_size=8),
        "details": details,
        "previous": st.text(max_size=8),
    }
)


@settings(deadline=None)
@given(contents, contents)
def test_two_contents_have_one_digest_only_if_they_are_equal(
    one: dict[str, object], other: dict[str, object]
) -> None:
    for name, value in other.items():
        changed = {**one, name: value}
        assert (digest_of(Event(**one)) == digest_of(Event(**changed))) == (one == changed)


@pytest.mark.usefixtures("register")
async def test_links_written_at_once_make_one_chain(now: datetime) -> None:
    async def step(number: int) -> None:
        async with in_transaction():
            await audit.append(CHAIN, "x", because="x", now=now, subject=number)
            if number % 3 == 0:
                raise ConnectionError

    await asyncio.gather(*(step(number) for number in range(30)), return_exceptions=True)
    assert await Event.all().count() == 20
    assert await broken() == []


@pytest.mark.usefixtures("register")
async def test_a_place_in_a_chain_is_taken_once(now: datetime) -> None:
    await write(1, now)
    again = Event(chain=CHAIN, sequence=1, at=now, code="x", because="x", previous=START)
    again.digest = digest_of(again)
    with pytest.raises(IntegrityError):
        await again.save()


@pytest.mark.usefixtures("register")
async def test_nothing_is_signed_before_what_has_happened(now: datetime) -> None:
    await audit.require_clock(now)  # nothing has happened yet
    await write(1, now)
    await audit.require_clock(now)
    await audit.require_clock(now - audit.CLOCK_GRACE)
    with pytest.raises(ClockBehind):
        await audit.require_clock(now - audit.CLOCK_GRACE - timedelta(seconds=1))


@pytest.mark.usefixtures("register")
async def test_a_clock_set_back_stays_behind_though_events_go_on(now: datetime) -> None:
    """Mail is stored and an event written whatever the clock says: that mends nothing."""
    await write(1, now)
    back = now - timedelta(days=1)
    await audit.append(audit.SYSTEM, "mail.store", because="received", now=back)
    with pytest.raises(ClockBehind):
        await audit.require_clock(back)
    await audit.require_clock(now)
