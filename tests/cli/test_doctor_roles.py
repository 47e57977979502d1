"""`bot doctor --role`: what a role needs, whatever else this machine lacks; and its peers."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from typer.testing import CliRunner

from bot.cli import cli, database
from bot.cli.doctor import LOOKS
from bot.config import Settings
from bot.errors import Misconfigured
from bot.home import Home
from bot.sections.servers import Door, Submission
from demo.foreign import ForeignPki
from demo.peers.postgres import Postgres
from demo.peers.processes import free_port
from demo.peers.tls import make_server_certificate
from demo.peers.twilio import twilio
from demo.peers.twilio_account import TwilioPeer
from tests.house import settings_for
from tests.outbox.scripted import scripted
from tests.registers import BLANK
from tests.sms.builders import settings_of

NOW = datetime.now(UTC)
SEE = {look.part: look.see for look in LOOKS}
BACKLOG = {"officers", "power", "agencies", "tasks", "clocks", "notices", "held"}
REGISTER = {"register", "this machine's clock", "clock"}


@pytest.fixture
def settings(founded: Path, token_home: Path, pki: ForeignPki, tmp_path: Path) -> Settings:
    home = shutil.copytree(founded, tmp_path / "home")
    return settings_for(home, token_home, pki.address)


async def wrong(part: str, settings: Settings, now: datetime = NOW) -> Misconfigured:
    with pytest.raises(Misconfigured) as found:
        await asyncio.to_thread(SEE[part], settings, now)
    return found.value


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["door"], {"archive", "door certificate", "IMAP", *REGISTER}),
        (["relay"], {"broker", *REGISTER, *BACKLOG}),
        (["web"], {"CRL", "OCSP", "OCSP certificate", "token ocsp", *REGISTER}),
        (["callbacks"], {"SMS callbacks", *REGISTER}),
        (["worker", "vet"], {"archive", "calendar", "trust", "broker", *REGISTER}),
        (
            ["worker", "urgent"],
            {"published", "token ca", "CA certificate", "CRL", "OCSP", "OCSP certificate",
             "broker", *REGISTER},
        ),
        (["worker", "ca"], {"token ca", "token subjects", "CA certificate", "broker", *REGISTER}),
        (
            ["worker", "post"],
            {"templates", "calendar", "token post", "mail certificate", "mail server",
             "SMS carrier", "broker", *REGISTER},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_role_is_asked_for_what_it_needs(
    words: list[str], parts: set[str], tmp_path: Path, blank_register: Path
) -> None:
    shutil.copyfile(blank_register, tmp_path / "register.sqlite3")
    role, *queues = words
    options = ["--role", role, *(word for queue in queues for word in ("--queue", queue))]
    done = CliRunner().invoke(cli, ["--home", str(tmp_path), "doctor", *options, "--json"])
    checks = {check["part"]: check for check in json.loads(done.stdout)}
    assert checks.keys() == parts
    for check in checks.values():
        assert check["says"].startswith("ok") or check["remedy"], check


def test_whoever_works_needs_a_broker_and_bot_run_does_not(settings: Settings) -> None:
    with pytest.raises(Misconfigured, match=r"broker\.url"):
        SEE["broker"](settings, NOW)


async def test_a_folder_that_cannot_be_written_is_named(settings: Settings) -> None:
    for part, folder in (("archive", "archive"), ("published", "published")):
        shutil.rmtree(Home(settings) / folder, ignore_errors=True)
        (Home(settings) / folder).write_bytes(b"no folder")
        assert f"{folder} cannot be written" in (await wrong(part, settings)).what


class TestDoorCertificate:
    @pytest.fixture
    def offered(self, settings: Settings, tmp_path: Path) -> Settings:
        file = tmp_path / "door.pem"
        make_server_certificate(tmp_path / "ca.pem", file)
        return settings.model_copy(update={"door": Door(certificate=file, key=file)})

    @staticmethod
    def ends(settings: Settings) -> datetime:
        assert settings.door.certificate
        pem = settings.door.certificate.read_bytes()
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc

    def test_a_good_one(self, settings: Settings, offered: Settings) -> None:
        assert SEE["door certificate"](settings, NOW) == "no STARTTLS"
        early = self.ends(offered) - timedelta(days=31)
        assert SEE["door certificate"](offered, early) is None

    async def test_one_that_ends_soon_or_has_ended(self, offered: Settings) -> None:
        soon = self.ends(offered) - timedelta(days=29)
        assert "certificate ends on" in (await wrong("door certificate", offered, soon)).what
        late = self.ends(offered) + timedelta(days=1)
        assert "has ended" in (await wrong("door certificate", offered, late)).what

    async def test_one_that_is_for_another_key(self, offered: Settings, tmp_path: Path) -> None:
        make_server_certificate(tmp_path / "ca.pem", tmp_path / "other.pem")
        door = offered.door.model_copy(update={"key": tmp_path / "other.pem"})
        unfit = offered.model_copy(update={"door": door})
        assert "do not fit" in (await wrong("door certificate", unfit)).what


class TestMailServer:
    @staticmethod
    def at(settings: Settings, port: int) -> Settings:
        server = Submission(host="127.0.0.1", port=port, tls="none")
        return settings.model_copy(update={"submission": server})

    async def test_it_is_greeted_and_gets_no_mail(self, settings: Settings) -> None:
        async with scripted({}) as server:
            see = SEE["mail server"]
            assert await asyncio.to_thread(see, self.at(settings, server.port), NOW) is None
        assert [line.split()[0] for line in server.heard] == ["EHLO", "QUIT"]

    async def test_one_that_does_not_want_us(self, settings: Settings) -> None:
        async with scripted({"greeting": "554 5.7.1 Go away"}) as server:
            refused = await wrong("mail server", self.at(settings, server.port))
        assert "does not talk to this machine" in refused.what

    async def test_one_that_is_away(self, settings: Settings) -> None:
        away = await wrong("mail server", self.at(settings, free_port()))
        assert "does not answer" in away.what
        assert "submission.port" in away.remedy


class TestCarrier:
    @staticmethod
    def of(settings: Settings, peer: TwilioPeer, secret: str, **changes: Any) -> Settings:
        file = Home(settings) / "twilio"
        file.write_text(secret)
        sms = settings_of(peer, auth_token_file=file, **changes)
        return settings.model_copy(update={"sms": sms})

    async def test_an_account_is_asked_and_nothing_is_sent(self, settings: Settings) -> None:
        with twilio() as peer:
            right = self.of(settings, peer, peer.auth_token)
            assert SEE["SMS carrier"](settings, NOW) == "a folder"
            assert await asyncio.to_thread(SEE["SMS carrier"], right, NOW) is None
            unknown = await wrong("SMS carrier", self.of(settings, peer, "wrong"))
        assert (peer.requests, peer.messages) == (2, [])
        assert "error 20003" in unknown.what
        assert "sms.twilio" in unknown.remedy

    async def test_one_that_is_away(self, settings: Settings) -> None:
        peer = TwilioPeer(port=free_port())
        away = await wrong("SMS carrier", self.of(settings, peer, peer.auth_token))
        assert "does not answer" in away.what


class TestCallbacks:
    @staticmethod
    def callbacks(home: Path, **variables: str) -> list[dict[str, str]]:
        """What the doctor of `bot run` says of them."""
        done = CliRunner().invoke(cli, ["--home", str(home), "doctor", "--json"], env=variables)
        return [one for one in json.loads(done.stdout) if one["part"] == "SMS callbacks"]

    def test_bot_run_needs_them_where_the_carrier_calls(self, tmp_path: Path) -> None:
        assert self.callbacks(tmp_path) == []
        token = tmp_path / "token"
        called = {
            "BOT_SMS__CARRIER": "twilio",
            "BOT_SMS__CALLBACKS__BASE_URL": "https://sms.ca.example.gov.vn",
            "BOT_SMS__TWILIO__ACCOUNT": "AC" + "0" * 32,
            "BOT_SMS__TWILIO__AUTH_TOKEN_FILE": str(token),
            "BOT_SMS__TWILIO__SENDER": "TTCTDT",
            "BOT_SMS__TWILIO__ADDRESS": f"http://127.0.0.1:{free_port()}",
        }
        [missing] = self.callbacks(tmp_path, **called)
        assert "Twilio's auth token" in missing["says"]
        token.write_text("secret\n")
        [good] = self.callbacks(tmp_path, **called)
        assert good["says"] == "ok"


class TestDatabase:
    pytestmark = pytest.mark.usefixtures("postgresql_register")

    async def test_a_good_one_says_what_it_is(self) -> None:
        assert (await database.server()).says.startswith("ok, PostgreSQL 1")
        assert (await database.clocks(lambda: datetime.now(UTC))).says == "ok"

    @pytest.mark.parametrize(
        ("hours", "says"), [(1, "3,600 s ahead of the register's"), (-1, "3,600 s behind")]
    )
    async def test_a_clock_apart_is_told_by_how_much(self, hours: int, says: str) -> None:
        check = await database.clocks(lambda: datetime.now(UTC) + timedelta(hours=hours))
        assert says in check.says
        assert "NTP" in check.remedy


class TestRights:
    @pytest.fixture
    def reader(self, server: Postgres) -> Iterator[str]:
        """The URL of a register whose user may only read it."""
        url = server.create("rights", BLANK)
        server.run("CREATE ROLE reader LOGIN", "rights")
        server.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", "rights")
        yield url.replace("bot@", "reader@")
        server.run('DROP DATABASE "rights" WITH (FORCE)')
        server.run("DROP ROLE reader")

    @staticmethod
    def register(url: str, home: Path) -> str:
        """What the door's doctor says of it."""
        options = ["--home", str(home), "doctor", "--role", "door", "--json"]
        done = CliRunner().invoke(cli, options, env={"BOT_DATABASE__URL": url})
        [says] = [one["says"] for one in json.loads(done.stdout) if one["part"] == "register"]
        return str(says)

    def test_whoever_may_make_no_table_is_not_let_in(self, reader: str, tmp_path: Path) -> None:
        assert "InsufficientPrivilegeError" in self.register(reader, tmp_path)

    def test_whoever_may_not_write_is_told_where(
        self, reader: str, server: Postgres, tmp_path: Path
    ) -> None:
        server.run("GRANT CREATE ON SCHEMA public TO reader", "rights")
        server.run("GRANT INSERT, UPDATE, DELETE ON mail TO reader", "rights")
        says = self.register(reader, tmp_path)
        assert "may not read and write everything in" in says
        assert "task" in says
        assert " mail," not in says
