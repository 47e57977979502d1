"""`bot doctor` and mailboxes behind IMAP: who lets us in, what its server lacks, what stays."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli.peers import PEER_LOOKS
from bot.config import Settings
from bot.errors import Misconfigured
from bot.sections.imap import Account, Imap
from bot.sections.servers import Door
from demo.peers.dovecot_imap import READ_ONLY, DovecotImap, dovecot_imap
from demo.peers.processes import free_port

NOW = datetime.now(UTC)
OFFICIAL = "hoso@ca.example.gov.vn"
[SEE] = [look.see for look in PEER_LOOKS if look.part == "IMAP"]


@pytest.fixture(scope="module")
def server() -> Iterator[DovecotImap]:
    with dovecot_imap() as server:
        yield server


def settings(home: Path, server: DovecotImap, **changes: object) -> Settings:
    """One account, whose password lies where it should."""
    (home / "imap").mkdir(exist_ok=True)
    (home / "imap" / OFFICIAL).write_text(f"{server.password}\n")
    account = {
        "mailbox": OFFICIAL,
        "host": "127.0.0.1",
        "port": server.imaps,
        "ca_file": server.ca_file,
        **changes,
    }
    return Settings(
        home=home,
        door=Door(size_limit=1_000, memory=2_000),
        imap=Imap(accounts=(Account.model_validate(account),), timeout=2),
    )


def test_without_accounts_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert SEE(Settings(home=tmp_path), NOW) is None


def test_a_mailbox_that_lets_us_in_is_named(tmp_path: Path, server: DovecotImap) -> None:
    assert SEE(settings(tmp_path, server), NOW) == OFFICIAL
    plain = settings(tmp_path, server, port=server.port, tls="starttls")
    assert SEE(plain, NOW) == OFFICIAL


def test_what_a_server_lacks_and_what_stays_there_is_said(tmp_path: Path) -> None:
    with dovecot_imap(capability="IMAP4rev1 UIDPLUS", rights=READ_ONLY) as server:
        server.deliver(OFFICIAL, b"Subject: x\r\n\r\n" + b"x" * 2_000 + b"\r\n")
        says = SEE(settings(tmp_path, server), NOW)
    assert says == (
        f"{OFFICIAL} (no IDLE, MOVE, keywords; 1 mails are larger than door.size_limit and stay)"
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mailbox": "la@ca.example.gov.vn"}, "no mailbox of ours"),
        ({"ca_file": Path("nothing.pem")}, "holds no certificates"),
        ({"ca_file": None}, "not who it should be"),
        ({"folder": "Nope"}, "shows no folder Nope"),
        ({"tls": "none"}, "does not answer as an IMAP server"),
        ({"port": free_port()}, "does not answer as an IMAP server"),
        ({"token_command": ["false"]}, "prints no token"),
        ({"token_command": ["echo", "x"]}, "does not let"),
        ({"mailbox": "kiemtra@ca.example.gov.vn"}, "password of kiemtra"),
    ],
)
def test_each_thing_that_is_wrong_is_named(
    tmp_path: Path, server: DovecotImap, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(Misconfigured, match=says):
        SEE(settings(tmp_path, server, **changes), NOW)


def test_a_wrong_password_is_said_and_not_repeated(tmp_path: Path, server: DovecotImap) -> None:
    wrong = settings(tmp_path, server)
    (tmp_path / "imap" / OFFICIAL).write_text("bí mật\n")
    with pytest.raises(Misconfigured, match="does not let") as refused:
        SEE(wrong, NOW)
    assert "bí mật" not in str(refused.value)
