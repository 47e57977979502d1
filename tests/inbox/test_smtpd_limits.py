"""Clients that are too big, too many, too fast, or gone."""

import asyncio
import hashlib
from contextlib import AsyncExitStack

import pytest

from bot.config import Door
from bot.register.models import Mail
from tests.inbox.door import LIMIT, MAIL, House, Talk, connected, left, talking, turn


async def test_the_size_limit_is_announced(house: House) -> None:
    async with house.door() as door, connected(door.port) as talk:
        await talk.answer()
        greeting = await talk.say(b"EHLO client.example")
    assert f"SIZE {LIMIT}\r\n" in greeting.text


def test_the_size_limit_is_25_megabytes() -> None:
    assert Door().size_limit == 25_000_000


async def test_a_mail_announced_too_big_is_552_at_once(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        assert (await talk.mail(options=b" SIZE=%d" % (LIMIT + 1))).code == 552
        assert (await talk.data(MAIL)).code == 250
    assert await Mail.all().count() == 1


async def test_a_mail_as_big_as_allowed_is_taken_and_a_byte_more_is_552(house: House) -> None:
    biggest = MAIL + b"a" * (LIMIT - len(MAIL) - 2) + b"\r\n"
    async with house.door() as door, talking(door.port) as talk:
        assert (await talk.data(biggest)).code == 250
        assert (await talk.data(b"b" + biggest)).code == 552
        assert (await talk.data(MAIL)).code == 250
    assert await Mail.all().count() == len(house.files()) == 2


async def test_26_megabytes_unannounced_are_552_and_the_next_mail_goes_through(
    house: House,
) -> None:
    huge = b"Subject: x\r\n\r\n" + (b"a" * 998 + b"\r\n") * 26_000
    async with house.door(size_limit=Door().size_limit) as door, talking(door.port) as talk:
        assert (await talk.data(huge)).code == 552
        assert (await talk.data(MAIL)).code == 250
    assert (await Mail.get()).size == len(MAIL)
    assert len(house.files()) == 1


async def test_a_line_too_long_to_hold_is_refused_and_the_next_mail_goes_through(
    house: House,
) -> None:
    async with house.door(size_limit=1_000_000) as door, talking(door.port) as talk:
        assert (await talk.data(MAIL + b"a" * 300_000 + b"\r\n")).code == 500
        assert (await talk.data(MAIL)).code == 250
    assert (await Mail.get()).size == len(MAIL)


@pytest.mark.parametrize("piece", [b"a" * 998 + b"\r\n", b"a" * 1_000], ids=["lines", "one line"])
async def test_a_flood_is_hung_up_on(house: House, piece: bytes) -> None:
    sent = 0

    async def flood(talk: Talk) -> None:
        nonlocal sent
        while sent < 100 * LIMIT:
            talk.writer.write(piece)
            await talk.writer.drain()
            await turn()
            sent += len(piece)

    async with house.door() as door:
        async with talking(door.port) as talk:
            await talk.envelope()
            with pytest.raises(ConnectionError):
                await flood(talk)
        assert sent >= 2 * LIMIT
        async with talking(door.port) as talk:
            assert (await talk.data(MAIL)).code == 250
    assert await Mail.all().count() == len(house.files()) == 1


async def test_many_answered_commands_are_no_flood(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        for _ in range(300):
            assert (await talk.say(b"NOOP " + b"a" * 400)).code == 250


async def test_one_connection_too_many_is_421_and_a_place_comes_free(house: House) -> None:
    async with house.door(connections=2) as door, talking(door.port):
        async with talking(door.port), connected(door.port) as third:
            assert (await third.answer()).code == 421
            assert (await third.answer()).code == 0
        await left(door, open_still=1)
        async with talking(door.port) as fourth:
            assert (await fourth.data(MAIL)).code == 250


async def test_a_rush_is_counted_too(house: House) -> None:
    async with house.door(connections=3) as door, AsyncExitStack() as stack:
        talks = await asyncio.gather(
            *(stack.enter_async_context(connected(door.port)) for _ in range(20))
        )
        codes = [(await talk.answer()).code for talk in talks]
    assert (codes.count(220), codes.count(421)) == (3, 17)


@pytest.mark.parametrize("last", [b"", b"\r\n", b".", b".\r"])
async def test_a_client_gone_in_the_middle_of_data_leaves_nothing(
    house: House, last: bytes
) -> None:
    async with house.door() as door:
        async with talking(door.port) as talk:
            await talk.envelope()
            talk.writer.write(MAIL + last)
            await talk.writer.drain()
        await left(door)
        assert not door.handler.storing
        assert house.files() == []
        assert await Mail.all().count() == 0
        async with talking(door.port) as talk:
            assert (await talk.data(MAIL)).code == 250


@pytest.mark.parametrize("fails", [False, True])
async def test_a_client_gone_while_we_store_does_not_stop_the_storing(
    house: House, fails: bool
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def store(raw: bytes, mailbox: str, sender: str) -> object:
        begun.set()
        await go_on.wait()
        if fails:
            raise OSError("nobody listens any more")
        return await house.store(raw, mailbox, sender)

    async with house.door(store) as door:
        async with talking(door.port) as talk:
            await talk.envelope()
            talk.writer.write(MAIL + b".\r\n")
            await begun.wait()
        await left(door)
        go_on.set()
    assert await Mail.all().count() == (0 if fails else 1)  # the door waited for it


async def test_a_slow_client_is_hung_up_on_and_nothing_is_kept(house: House) -> None:
    async with house.door(timeout=1.0) as door, talking(door.port) as talk:
        await talk.envelope()
        talk.writer.write(MAIL)
        assert (await talk.answer()).code == 0
    assert house.files() == []


async def test_a_storing_slower_than_the_timeout_is_finished(house: House) -> None:
    go_on = asyncio.Event()

    async def store(raw: bytes, mailbox: str, sender: str) -> object:
        await go_on.wait()
        return await house.store(raw, mailbox, sender)

    async with house.door(store, timeout=1.0) as door, talking(door.port) as talk:
        await talk.envelope()
        assert (await talk.say(MAIL + b".")).code == 0
        go_on.set()
    assert house.archive.get(hashlib.sha256(MAIL).hexdigest()) == MAIL
    assert await Mail.all().count() == 1


async def test_a_closing_door_hangs_up(house: House) -> None:
    async with AsyncExitStack() as stack:
        async with house.door() as door:
            talk = await stack.enter_async_context(talking(door.port))
        assert (await talk.answer()).code == 0
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", door.port)
