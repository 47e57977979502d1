"""Mail that is fetched: stored before it is flagged, each once, whatever the server can."""

import ssl
from collections.abc import Iterator
from datetime import timedelta

import pytest
from imapclient.exceptions import IMAPClientAbortError

from bot.inbox import imap_sweep
from bot.inbox.imap import collecting
from bot.inbox.imap_server import ImapServer
from bot.register import audit
from bot.register.models import Fetched, Mail, Task
from demo.peers.dovecot_imap import NO_KEYWORDS, READ_ONLY, DovecotImap, dovecot_imap
from tests.inbox.door import House
from tests.inbox.imap_world import (
    LIMIT,
    World,
    a_mail,
    flagged,
    reader,
    uids,
    until,
    until_flagged,
    until_kept,
)


@pytest.fixture(scope="module")
def server() -> Iterator[DovecotImap]:
    """It can what Dovecot can; each test has a mailbox of its own there."""
    with dovecot_imap() as server:
        yield server


@pytest.fixture
def world(house: House) -> World:
    return World(house)


async def test_what_waits_is_stored_and_then_flagged(server: DovecotImap, world: World) -> None:
    raws = sorted(a_mail(number) for number in range(5))
    server.deliver(world.user, *raws)
    async with world.fetching(server.port, server.password):
        await until_flagged(server, world.user, 1, 2, 3, 4, 5)
    mails = await Mail.all()
    assert sorted(world.house.archive.get(mail.digest) for mail in mails) == raws
    assert {mail.mailbox for mail in mails} == {world.user}
    assert await Task.all().count() == 5
    assert await uids() == [1, 2, 3, 4, 5]
    assert server.mails(world.user) == raws  # nothing is taken from the mailbox
    assert [link async for link in audit.broken(audit.SYSTEM)] == []


async def test_what_comes_later_is_announced_and_taken(server: DovecotImap, world: World) -> None:
    async with world.fetching(server.port, server.password):
        for number in range(3):
            server.deliver(world.user, a_mail(number))
            await until_kept(number + 1)
    assert world.troubles == []


async def test_mail_that_comes_between_looking_and_waiting_does_not_wait(
    server: DovecotImap, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told of in an answer to another command, or before IDLE is said: nobody says it again."""
    mark, wait = ImapServer.mark, ImapServer.wait
    late = iter([a_mail(1)])
    later = iter([a_mail(2)])

    def slow_mark(self: ImapServer, some: list[int]) -> None:
        server.deliver(world.user, *late)
        mark(self, some)

    def slow_wait(self: ImapServer, seconds: float) -> None:
        server.deliver(world.user, *later)
        wait(self, seconds)

    monkeypatch.setattr(ImapServer, "mark", slow_mark)
    monkeypatch.setattr(ImapServer, "wait", slow_wait)
    server.deliver(world.user, a_mail(0))
    async with world.fetching(server.port, server.password):
        await until_kept(3)


async def test_internaldate_is_receipt_and_the_return_path_the_sender(
    server: DovecotImap, world: World
) -> None:
    now = world.house.now
    for number, days in enumerate((2, -1, 30)):
        raw = b"Return-Path: <vanthu%d@thpt.edu.vn>\r\n" % number + a_mail(number)
        server.deliver(world.user, raw, at=now - timedelta(days=days))
    async with world.fetching(server.port, server.password):
        await until_kept(3)
    receipt = {mail.envelope_from: mail.received_at async for mail in Mail.all()}
    assert receipt["vanthu0@thpt.edu.vn"] == now - timedelta(days=2)
    assert receipt["vanthu1@thpt.edu.vn"] == now  # it is still to come
    assert receipt["vanthu2@thpt.edu.vn"] == now  # too long ago: somebody has moved it there
    assert {task.due_at async for task in Task.all()} == {now}


@pytest.mark.parametrize(
    ("capability", "is_moved"),
    [("", True), ("IMAP4rev1 UIDPLUS", True), ("IMAP4rev1", False)],
)
async def test_what_is_kept_is_put_away_where_nobody_elses_mail_can_suffer(
    world: World, capability: str, is_moved: bool
) -> None:
    with dovecot_imap(capability=capability) as server:
        other = a_mail(9, size=LIMIT)  # too big, and somebody has marked it as deleted
        server.deliver(world.user, a_mail(1), a_mail(2))
        server.deliver(world.user, other)
        with reader(server, world.user) as client:
            client.add_flags(client.search("LARGER 1000"), [rb"\Deleted"])
        async with world.fetching(server.port, server.password, done="Xong"):
            await until_kept(2)
            there = [a_mail(1), a_mail(2)]
            if is_moved:
                await until(lambda: server.mails(world.user, "Xong") == there)
                await until(lambda: server.mails(world.user) == [other])
            else:
                await until(lambda: len(flagged(server, world.user)) == 2)
                assert server.mails(world.user) == sorted([*there, other])
        assert world.too_big != []


@pytest.mark.parametrize("rights", [NO_KEYWORDS, READ_ONLY])
async def test_without_keywords_the_register_says_what_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch, rights: str
) -> None:
    bodies, fetched = ImapServer.bodies, []

    def counted(self: ImapServer, some: list[int]) -> object:
        fetched.extend(some)
        return bodies(self, some)

    monkeypatch.setattr(ImapServer, "bodies", counted)
    with dovecot_imap(rights=rights) as server:
        server.deliver(world.user, a_mail(1), a_mail(2))
        async with world.fetching(server.port, server.password):
            await until_kept(2)
            server.deliver(world.user, a_mail(3))
            await until_kept(3)
        server.deliver(world.user, a_mail(4))
        async with world.fetching(server.port, server.password):
            await until_kept(4)
        assert flagged(server, world.user) == []
    assert fetched == [1, 2, 3, 4]
    assert world.troubles == []


async def test_without_idle_it_looks_now_and_then(world: World) -> None:
    with dovecot_imap(capability="IMAP4rev1") as server:
        async with world.fetching(server.port, server.password):
            for number in range(2):
                server.deliver(world.user, a_mail(number))
                await until_kept(number + 1)


async def test_another_uidvalidity_is_another_folder_of_the_same_mails(
    server: DovecotImap, world: World
) -> None:
    server.deliver(world.user, a_mail(1), a_mail(2))
    async with world.fetching(server.port, server.password):
        await until_flagged(server, world.user, 1, 2)
    server.renumber(world.user)
    server.deliver(world.user, a_mail(3))
    async with world.fetching(server.port, server.password):
        await until_flagged(server, world.user, 1, 2, 3)
    assert await Mail.all().count() == 3
    validities = {one.uid_validity async for one in Fetched.all()}
    assert len(validities) == 2
    assert await Fetched.all().count() == 5


async def test_the_same_bytes_in_two_messages_are_one_mail(
    server: DovecotImap, world: World
) -> None:
    server.deliver(world.user, a_mail(), a_mail())
    async with world.fetching(server.port, server.password):
        await until_flagged(server, world.user, 1, 2)
    assert await Mail.all().count() == 1
    assert await uids() == [1, 2]


async def test_many_doors_on_one_mailbox_keep_each_mail_once(
    server: DovecotImap, world: World
) -> None:
    server.deliver(world.user, *(a_mail(number) for number in range(60)))
    doors = [world.collector(server.port, server.password, done="Xong") for _ in range(3)]
    async with collecting(doors):
        await until(lambda: server.mails(world.user) == [])
    assert await Mail.all().count() == 60
    assert await uids() == [*range(1, 61)]
    assert await Task.all().count() == 60


async def test_what_was_stored_and_not_flagged_is_flagged_without_being_fetched_again(
    server: DovecotImap, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies, fetched = ImapServer.bodies, []

    def counted(self: ImapServer, some: list[int]) -> object:
        fetched.extend(some)
        return bodies(self, some)

    def killed(*_: object) -> None:
        raise IMAPClientAbortError

    monkeypatch.setattr(ImapServer, "bodies", counted)
    server.deliver(world.user, a_mail(1), a_mail(2))
    with monkeypatch.context() as patch:
        patch.setattr(ImapServer, "mark", killed)
        async with world.fetching(server.port, server.password):
            await until_kept(2)
    assert flagged(server, world.user) == []
    async with world.fetching(server.port, server.password):
        await until_flagged(server, world.user, 1, 2)
    assert fetched == [1, 2]


async def test_a_server_that_flags_nothing_stops_nothing(
    server: DovecotImap, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(self: ImapServer, some: list[int]) -> None:
        self.add_flags(some, [rb"\Impossible"])

    monkeypatch.setattr(ImapServer, "mark", refuses)
    server.deliver(world.user, a_mail(1))
    async with world.fetching(server.port, server.password, done="Xong"):
        await until(lambda: server.mails(world.user, "Xong") == [a_mail(1)])


async def test_what_was_flagged_and_is_not_in_the_register_is_found_by_the_next_comparison(
    server: DovecotImap, world: World
) -> None:
    server.deliver(world.user, a_mail(1))
    async with world.fetching(server.port, server.password, of_imap={"sweep_seconds": 0.05}):
        await until_kept(1)
        await Fetched.all().delete()  # another register, restored from last night
        await Task.all().delete()
        await Mail.all().delete()
        with reader(server, world.user) as client:
            client.noop()
        server.deliver(world.user, a_mail(2))  # something happens
        await until_kept(2)


async def test_a_mail_that_is_too_big_stays_and_is_told_of_once(
    server: DovecotImap, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = ImapServer.sizes

    def guessed(self: ImapServer, some: list[int]) -> dict[int, int]:
        return {uid: 1_000 if uid == 3 else size for uid, size in sizes(self, some).items()}

    monkeypatch.setattr(ImapServer, "sizes", guessed)
    big, other = a_mail(1, LIMIT), a_mail(3, LIMIT)
    for raw in (big, a_mail(2), other):
        server.deliver(world.user, raw)
    async with world.fetching(server.port, server.password):
        await until_kept(1)
        server.deliver(world.user, a_mail(4))
        await until_kept(2)
        await until_flagged(server, world.user, 2, 4)
    assert world.too_big == [1, 3]  # the server was wrong about the other
    assert big in server.mails(world.user)


async def test_mails_that_cannot_be_kept_wait_and_hold_up_no_others(
    server: DovecotImap, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all, is_full = world.house.archive.put_all, True

    def sometimes(raws: list[bytes]) -> list[str]:
        if is_full and a_mail(2) in raws:
            raise OSError(28, "No space left on device")
        return put_all(raws)

    monkeypatch.setattr(world.house.archive, "put_all", sometimes)
    monkeypatch.setattr(imap_sweep, "BATCH_BYTES", 1)  # each alone
    for number in range(1, 4):
        server.deliver(world.user, a_mail(number))
    async with world.fetching(server.port, server.password):
        await until_flagged(server, world.user, 1, 3)
        is_full = False
        await until_flagged(server, world.user, 1, 2, 3)
    assert await Mail.all().count() == 3


async def test_both_kinds_of_tls_know_whom_they_talk_to(server: DovecotImap, world: World) -> None:
    tls = ssl.create_default_context(cafile=server.ca_file)
    for number, (port, kind) in enumerate([(server.imaps, "implicit"), (server.port, "starttls")]):
        async with world.fetching(port, server.password, context=tls, tls=kind):
            server.deliver(world.user, a_mail(number))
            await until_kept(2 * number + 1)
            server.deliver(world.user, a_mail(number + 10))  # while it is in IDLE
            await until_kept(2 * number + 2)


async def test_a_token_opens_a_mailbox(server: DovecotImap, world: World) -> None:
    server.deliver(world.user, a_mail())
    token = server.token(world.user)
    async with world.fetching(server.port, token, token_command=("printed",)):
        await until_kept(1)
