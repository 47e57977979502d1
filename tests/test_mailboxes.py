"""From settings to mail that is fetched; what stays in a mailbox is told to the officers."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot import app
from bot.config import Settings
from bot.errors import Misconfigured
from bot.inbox import imap
from bot.register.models import Mail, Notice
from bot.sections.imap import Account, Imap
from bot.sections.servers import Door
from demo.peers.dovecot_imap import DovecotImap, dovecot_imap
from tests.inbox.imap_world import QUICK, until_flagged, until_kept
from tests.register.rows import an_officer

OFFICIAL, PRECHECK = "hoso@ca.example.gov.vn", "kiemtra@ca.example.gov.vn"


def fetching(home: Path, server: DovecotImap, *mailboxes: str) -> Settings:
    (home / "passwords").mkdir()
    (home / "passwords" / PRECHECK).write_text(server.password)
    (home / "token").write_text(server.token(OFFICIAL))
    command = {OFFICIAL: ("cat", str(home / "token"))}
    accounts = [
        Account(
            mailbox=mailbox, host="127.0.0.1", port=server.imaps, ca_file=server.ca_file,
            token_command=command.get(mailbox, ()),
        )
        for mailbox in mailboxes
    ]  # fmt: skip
    return Settings(
        home=home,
        door=Door(port=0, size_limit=1_000, memory=2_000),
        imap=Imap.model_validate({**QUICK, "accounts": accounts, "passwords": "passwords"}),
    )


async def until_told(count: int) -> list[Notice]:
    async with asyncio.timeout(20):
        while await Notice.all().count() < count:
            await asyncio.sleep(0.01)
    return await Notice.all()


@pytest.mark.usefixtures("sqlite_register")
async def test_a_door_fetches_by_password_and_by_token_and_tells_what_is_too_big(
    tmp_path: Path,
) -> None:
    await an_officer()
    with dovecot_imap() as server:
        for mailbox in (OFFICIAL, PRECHECK):
            server.deliver(mailbox, b"Subject: %s\r\n\r\n" % mailbox.encode())
        server.deliver(PRECHECK, b"Subject: x\r\n\r\n" + b"x" * 1_000_000)
        async with app.receiving(fetching(tmp_path, server, OFFICIAL, PRECHECK)):
            await until_kept(2)
            [notice] = await until_told(1)
            await until_flagged(server, PRECHECK, 1)
    assert {mail.mailbox async for mail in Mail.all()} == {OFFICIAL, PRECHECK}
    assert notice.kind == "unfetched"
    assert (notice.data["mailbox"], notice.data["megabytes"]) == (PRECHECK, "1,0")


@pytest.mark.usefixtures("sqlite_register")
async def test_trouble_that_lasts_is_told_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "LATE", timedelta(0))
    await an_officer()
    with dovecot_imap() as server:
        server.password = "another"
        async with app.receiving(fetching(tmp_path, server, PRECHECK)):
            [notice] = await until_told(1)
            async with asyncio.timeout(20):
                while (server.folder / "log").read_text().count("auth failed") < 3:
                    await asyncio.sleep(0.01)
    assert notice.data["code"] == "imap.login"
    assert notice.data["megabytes"] is None
    assert await Notice.all().count() == 1


@pytest.mark.usefixtures("sqlite_register")
async def test_an_account_for_no_mailbox_of_ours_is_no_setting(tmp_path: Path) -> None:
    account = Account(mailbox="la@ca.example.gov.vn", host="127.0.0.1")
    wrong = Settings(home=tmp_path, door=Door(port=0), imap=Imap(accounts=(account,)))
    with pytest.raises(Misconfigured, match=r"imap\.accounts"):
        async with app.receiving(wrong):
            pass


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"host": "mail.example.vn", "tls": "none"}, "without TLS"),
        ({"done": "INBOX"}, "another folder"),
        ({"login": "a b"}, "pattern"),
        ({"mailbox": "nobody"}, "no mailbox"),
    ],
)
def test_accounts_that_cannot_be_are_refused(changes: dict[str, str], says: str) -> None:
    valid = {"mailbox": OFFICIAL, "host": "127.0.0.1"}
    with pytest.raises(ValueError, match=says):
        Account.model_validate(valid | changes)
