"""Servers that die, hang, refuse or talk nonsense: the account comes back, the others go on."""

import ssl
import time
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot.errors import Misconfigured
from bot.inbox import imap
from bot.inbox.imap import collecting
from bot.inbox.imap_secret import TokenUnavailable, printed_token
from bot.inbox.imap_sweep import most_in_one_answer
from bot.register.models import Mail
from demo.peers.dovecot_imap import dovecot_imap
from demo.peers.processes import free_port
from tests.inbox.door import House
from tests.inbox.imap_world import LIMIT, Scripted, World, a_mail, until, until_kept

SOON = {"timeout": 0.3}


@pytest.fixture
def world(house: House) -> World:
    return World(house)


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "LATE", timedelta(0))


async def test_a_server_that_is_away_killed_and_restarted(world: World) -> None:
    with dovecot_imap() as server:
        server.kill()  # it is not even there when we begin
        async with world.fetching(server.port, server.password, of_imap=SOON):
            await until(lambda: "imap.unavailable" in world.troubles)
            server.start()
            server.deliver(world.user, a_mail(1))
            await until_kept(1)
            server.kill()  # while we wait in IDLE
            world.troubles.clear()
            await until(lambda: "imap.unavailable" in world.troubles)
            server.start()
            server.deliver(world.user, a_mail(2))
            await until_kept(2)


async def test_a_server_that_hangs_is_noticed_when_idle_is_said_anew(world: World) -> None:
    with dovecot_imap() as server:
        quickly = {**SOON, "idle_seconds": 0.05}
        async with world.fetching(server.port, server.password, of_imap=quickly):
            server.deliver(world.user, a_mail(1))
            await until_kept(1)
            server.freeze()  # the connection stands, and nobody answers
            await until(lambda: world.troubles != [])
            server.thaw()
            server.deliver(world.user, a_mail(2))
            await until_kept(2)


async def test_the_door_closes_at_once_whatever_the_server_does(world: World) -> None:
    hangs = Scripted({"CAPABILITY": b""})
    with dovecot_imap() as server, hangs.running():
        slow = {"timeout": 100}
        async with collecting(
            [
                world.collector(server.port, server.password, of_imap=slow),
                world.collector(hangs.port, "", of_imap=slow),
                world.collector(free_port(), "", of_imap={"first_retry_seconds": 100}),
            ]
        ):
            server.deliver(world.user, a_mail(1))
            await until_kept(1)


async def test_one_accounts_trouble_is_its_own_and_told(world: World) -> None:
    with dovecot_imap() as server:
        server.deliver(world.user, a_mail(1))
        with structlog.testing.capture_logs() as logged:
            async with collecting(
                [
                    world.collector(server.port, "wrong", of_imap={"last_retry_seconds": 0.1}),
                    world.collector(free_port(), ""),
                    world.collector(server.port, server.password, folder="Nope"),
                    world.collector(server.port, server.password),
                ]
            ):
                await until_kept(1)
                await until(lambda: len(set(world.troubles)) == 3)
    assert set(world.troubles) == {"imap.login", "imap.unavailable", "imap.folder"}
    assert server.password not in str(logged)
    assert "wrong" not in str(logged)


async def test_who_is_refused_comes_back_late(world: World) -> None:
    """A mailbox that is logged in to wrongly again and again may be locked."""
    with dovecot_imap() as server:
        patient = {"first_retry_seconds": 0.001, "last_retry_seconds": 1_000}
        async with world.fetching(server.port, "wrong", of_imap=patient):
            await until(lambda: world.troubles == ["imap.login"])
        log = (server.folder / "log").read_text()
    assert log.count("auth failed, 1 attempts") == 1


async def test_trouble_is_told_when_it_has_lasted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "LATE", timedelta(seconds=0.3))
    begun = time.monotonic()
    async with world.fetching(free_port(), ""):
        await until(lambda: world.troubles != [])
    assert time.monotonic() - begun >= 0.3


async def test_a_server_that_is_another_is_not_talked_to(world: World) -> None:
    stranger = ssl.create_default_context()
    with dovecot_imap() as server:
        for kind, port in (("implicit", server.imaps), ("starttls", server.port)):
            async with world.fetching(port, server.password, context=stranger, tls=kind):
                await until(lambda: world.troubles != [])
            assert set(world.troubles) == {"imap.certificate"}
            world.troubles.clear()
        log = (server.folder / "log").read_text()
    assert "method=" not in log  # no password was sent


LITERAL = b"* 1 FETCH (UID 1 INTERNALDATE NIL BODY[] {%s}\r\n"


@pytest.mark.parametrize(
    "nonsense",
    [
        {"UID FETCH": LITERAL % b"10" + b"hang"},  # in the middle of a literal
        {"UID FETCH": LITERAL % b"1000000000000"},
        {"UID FETCH": LITERAL % (b"9" * 5_000)},
        {"UID FETCH": b"* 1 FETCH " + b"(" * 9_000 + b"\r\nTAG OK x\r\n"},
        {"UID FETCH": b"* 1 FETCH (UID 1 RFC822.SIZE nonsense)\r\nTAG OK x\r\n"},
        {"UID SEARCH": b"* SEARCH \xff\xfe\r\nTAG OK x\r\n"},
        {"UID SEARCH": b"* SEARCH " + b"9" * 30 + b"\r\nTAG OK x\r\n"},
        {"UID SEARCH": b"* BYE Nguyen Van A\r\n"},
        {"SELECT": b"* 1 EXISTS\r\nTAG OK x\r\n"},
        {"SELECT": b"* OK [UIDVALIDITY x] x\r\nTAG OK x\r\n"},
        {"AUTHENTICATE": b"TAG NO [UNAVAILABLE] Nguyen Van A\r\n"},
        {"CAPABILITY": b"\x00\r\n" * 100},
    ],
)
async def test_nonsense_is_trouble_and_nothing_else(
    world: World, nonsense: dict[str, bytes]
) -> None:
    with Scripted(nonsense).running() as server, structlog.testing.capture_logs() as logged:
        async with world.fetching(server.port, "", of_imap=SOON):
            await until(lambda: len(world.troubles) >= 2)  # and it is tried again
    assert await Mail.all().count() == 0
    assert "Nguyen" not in str(logged)
    assert {entry["event"] for entry in logged} == {"imap.trouble"}


async def test_a_flood_is_cut_off(world: World) -> None:
    most = most_in_one_answer(LIMIT)
    some = most // 10
    flood = (b"* 2 X {%d}\r\n" % some + b"x" * some + b"\r\n") * 11
    with Scripted({"UID SEARCH": flood}).running() as server:
        async with world.fetching(server.port, ""):
            await until(lambda: world.troubles != [])


async def test_a_mail_that_has_gone_meanwhile_is_no_trouble(world: World) -> None:
    gone = {"UID FETCH": b"TAG OK x\r\n"}
    with Scripted(gone).running() as server:
        async with world.fetching(server.port, ""):
            await until(lambda: server.heard.count("UID SEARCH") >= 4)
    assert world.troubles == []


def test_a_token_is_what_the_command_prints(tmp_path: Path) -> None:
    assert printed_token(("printf", " abc.def \n"), 5) == "abc.def"
    with pytest.raises(Misconfigured, match="token_command"):
        printed_token((str(tmp_path / "nothing"),), 5)
    for command in (("false",), ("true",), ("sleep", "9"), ("printf", "a\nb"), ("printf", "\\377")):
        with pytest.raises(TokenUnavailable):
            printed_token(command, 0.2)
