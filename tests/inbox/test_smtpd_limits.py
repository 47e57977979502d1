"""Clients that are too big, too many, too fast, or gone."""

import asyncio
import hashlib
from contextlib import AsyncExitStack

import pytest

from bot.register.models import Mail
from bot.sections.servers import Door
from tests.inbox.door import LIMIT, MAIL, MAILBOX, House, Talk, connected, left, talking, turn

US = MAILBOX.encode()


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


async def test_a_line_of_any_length_is_kept_as_it_is(house: House) -> None:
    raw = MAIL + b"a" * 300_000 + b"\r\n"
    async with house.door(size_limit=1_000_000) as door, talking(door.port) as talk:
        assert (await talk.data(raw)).code == 250
    assert house.archive.get(hashlib.sha256(raw).hexdigest()) == raw


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


async def test_a_hundred_recipients_and_no_more(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        assert (await talk.mail()).code == 250
        codes = [(await talk.say(b"RCPT TO:<" + US + b">")).code for _ in range(101)]
        assert codes == [250] * 100 + [452]
        assert (await talk.say(b"DATA")).code == 354
        assert (await talk.say(MAIL + b".")).code == 250


async def test_who_only_makes_errors_is_hung_up_on_and_a_mail_forgives_them(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        for _ in range(2):
            codes = [(await talk.say(b"RCPT TO:<>")).code for _ in range(19)]
            assert codes == [503] * 19
            assert (await talk.data(MAIL)).code == 250
        codes = [(await talk.say(b"DATA")).code for _ in range(20)]
        assert codes == [503] * 20
        assert (await talk.answers(2)) == [421, 0]


async def test_who_never_sends_a_mail_is_hung_up_on(house: House) -> None:
    async with house.door() as door, talking(door.port) as talk:
        talk.writer.write(b"NOOP\r\n" * 998)  # two replies were heard already
        codes = await talk.answers(1_000)
    assert codes[-3:] == [250, 421, 0]


@pytest.mark.parametrize("announced", [b"", b" SIZE=15000"])
async def test_what_the_door_has_no_room_for_is_452_and_comes_in_later(
    house: House, announced: bytes
) -> None:
    big = MAIL + b"a" * 14_900 + b"\r\n"
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def store(raw: bytes, mailbox: str, sender: str, *_: object) -> object:
        begun.set()
        await go_on.wait()
        return await house.store(raw, mailbox, sender)

    async with house.door(store, memory=2 * LIMIT) as door, AsyncExitStack() as stack:
        first, second, third = [
            await stack.enter_async_context(talking(door.port)) for _ in range(3)
        ]
        for talk, raw in ((first, big), (second, big + b"2\r\n")):
            await talk.envelope()
            talk.writer.write(raw + b".\r\n")
        while sum(door.storing.values()) < 2 * len(big):
            await turn()
        assert (await third.mail(options=announced)).code == 250
        assert (await third.say(b"RCPT TO:<" + US + b">")).code == 250
        answer = await third.say(b"DATA")
        assert answer.code == (452 if announced else 354)  # what is announced is not even read
        if not announced:
            assert (await third.say(big + b"3\r\n.")).code == 452
        go_on.set()
        assert [(await talk.answer()).code for talk in (first, second)] == [250, 250]
        await third.say(b"RSET")
        assert (await third.data(big + b"3\r\n")).code == 250
    assert await Mail.all().count() == 3


async def test_nothing_is_held_of_clients_that_went_away(house: House) -> None:
    async with house.door(memory=2 * LIMIT) as door:
        for _ in range(5):
            async with talking(door.port) as talk:
                await talk.envelope()
                talk.writer.write(b"a" * LIMIT)
                await talk.writer.drain()
            await left(door)
        assert door.has_room(2 * LIMIT)
        assert not door.has_room(2 * LIMIT + 1)


async def test_dots_doubled_in_transit_do_not_count(house: House) -> None:
    """RFC 1870 3."""
    dots = b".\r\n" * (LIMIT // 3)
    async with house.door() as door, talking(door.port) as talk:
        assert (await talk.data(dots)).code == 250
        assert (await talk.data(dots + b".\r\n")).code == 552
    assert [path.read_bytes() for path in house.files()] == [dots]


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
        assert not door.storing
        assert house.files() == []
        assert await Mail.all().count() == 0
        async with talking(door.port) as talk:
            assert (await talk.data(MAIL)).code == 250


@pytest.mark.parametrize("fails", [False, True])
async def test_a_client_gone_while_we_store_does_not_stop_the_storing(
    house: House, fails: bool
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def store(raw: bytes, mailbox: str, sender: str, *_: object) -> object:
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

    async def store(raw: bytes, mailbox: str, sender: str, *_: object) -> object:
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
