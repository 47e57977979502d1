"""Officers, their orders and proposals on the command line; what is signed stands as a mail."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from hypothesis import given
from hypothesis import strategies as st

from bot import install
from bot.cli import governance
from bot.cli.decisions import written
from bot.config import Settings
from bot.dossier.orders import OrderText, read_order
from bot.install import EnoughGovern
from bot.procedures.power.acts import OfficerEntry
from bot.register import tasks
from bot.register.audit import Event
from bot.register.connection import clock
from bot.register.lifecycle import CertificateStatus, MailStatus, Role, Verb
from bot.register.models import Hold, Mail, Officer, Pause
from bot.register.tasks import Kind
from bot.sections.officers import Officers
from demo.foreign import ForeignPki, Signer
from tests.cli.command import Desk
from tests.procedures.governors import a_governor, der
from tests.register.rows import NOW, a_certificate, a_dossier, a_proposal, an_agency

LONG_AGO = NOW - timedelta(days=364)
AN = "an@ca.example.gov.vn"


@pytest.fixture(scope="session")
def an(pki: ForeignPki) -> Signer:
    return pki.signer("Nguyễn Văn An", key=ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def certificate(an: Signer, tmp_path: Path, pki: ForeignPki) -> str:
    """The file of An's certificate, on a desk that trusts its issuer."""
    pki.write_trust(tmp_path / "trust")
    (tmp_path / "an.pem").write_bytes(an.certificate.public_bytes(Encoding.PEM))
    return str(tmp_path / "an.pem")


@pytest.fixture
def add(certificate: str) -> tuple[str, ...]:
    """The words that register An, who governs."""
    about = ("--mailbox", AN, "--mobile", "0912 345 678", "--role", "govern")
    return ("officer", "add", "Nguyễn Văn An", *about, "--certificate", certificate)


@pytest.fixture
def p12(an: Signer, tmp_path: Path) -> tuple[str, ...]:
    content = serialize_key_and_certificates(b"", an.key, an.certificate, None, NoEncryption())
    (tmp_path / "an.p12").write_bytes(content)
    (tmp_path / "no.password").write_text("")
    return "--p12", str(tmp_path / "an.p12"), "--password-file", str(tmp_path / "no.password")


class TestOfficer:
    def test_is_added_listed_shown_changed_and_ended(
        self, desk: Desk, add: tuple[str, ...]
    ) -> None:
        desk.does(*add)
        [entry] = desk.json("officer", "list")
        assert (entry["name"], entry["role"], entry["signs"]) == ("Nguyễn Văn An", "govern", True)
        shown = desk.json("officer", "show", AN)
        assert shown["mobile"] == "+84912345678"
        assert "CN=Nguyễn Văn An" in shown["certificate"]
        assert "SHA-256" in shown["certificate"]
        assert "registered so already" in desk.refuses(*add)
        desk.does(*add[:-2], "--certificate", add[-1], "--until", "2100-01-01")
        desk.does("officer", "end", AN, "--until", "2099-01-01")
        shown = desk.json("officer", "show", AN)
        assert shown["until"] == "2098-12-31T17:00:00+00:00"
        codes = [one["what"] for one in shown["history"]]
        assert codes == ["officer.register", "officer.change", "officer.end"]

    def test_who_orders_needs_a_certificate_that_the_bot_believes(
        self, desk: Desk, add: tuple[str, ...], tmp_path: Path
    ) -> None:
        assert "--certificate" in desk.refuses(*add[:-2])
        (tmp_path / "trust/intermediates/foreign.pem").unlink()
        assert "Nobody in the trust store has issued" in desk.refuses(*add)
        assert desk.json("officer", "list") == []

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            (("--mailbox", "an@ca"), "--mailbox"),
            (("--mobile", "024 3823 1234"), "--mobile"),
            (("--since", "2100-01-01", "--until", "2099-01-01"), "end before it begins"),
        ],
    )
    def test_what_cannot_be_is_refused_with_its_option(
        self, desk: Desk, add: tuple[str, ...], changes: tuple[str, ...], says: str
    ) -> None:
        assert says in desk.refuses(*add, *changes)

    def test_nobody_is_shown_or_ended(self, desk: Desk) -> None:
        assert "bot officer list" in desk.refuses("officer", "show", AN)
        assert "bot officer list" in desk.refuses("officer", "end", AN, "--until", "2099-01-01")


class TestSigning:
    def test_an_order_is_a_mail_that_waits_for_the_bot(
        self, desk: Desk, add: tuple[str, ...], p12: tuple[str, ...]
    ) -> None:
        """No bot runs here: it is kept, and the command says that it must be waited for."""
        desk.does(*add)
        archive = desk.home / "archive"
        archive.mkdir()
        with suppress(PermissionError):  # as root: the bot is somebody else
            os.chown(archive, 12_345, 12_345)
        assert "has not looked at it yet" in desk.refuses("pause", *p12, "--wait", "0", code=75)

        async def kept() -> Mail:
            assert await tasks.lease(await clock(), [Kind.IDENTIFY.queue], most=1)
            return await Mail.get()

        mail = desk.register(kept)
        assert (mail.status, mail.envelope_from) == (MailStatus.STORED, AN)
        file = archive / mail.digest[:2] / mail.digest[2:]
        assert {file.stat().st_uid, file.parent.stat().st_uid} == {archive.stat().st_uid}
        raw = file.read_bytes()
        assert b"multipart/signed" in raw
        assert all(len(line) <= 998 for line in raw.split(b"\r\n"))  # RFC 5322 2.1.1
        assert b"\n" not in raw.replace(b"\r\n", b"")

    def test_who_signs_must_be_an_officer_who_may_order(
        self, desk: Desk, add: tuple[str, ...], p12: tuple[str, ...]
    ) -> None:
        assert "bot officer list" in desk.refuses("pause", *p12)
        watches = [*add]
        watches[watches.index("govern")] = "watch"
        desk.does(*watches)
        assert "bot officer list" in desk.refuses("pause", *p12)
        assert not desk.register(Mail.exists)

    def test_what_cannot_be_done_is_said_before_anything_is_signed(
        self, desk: Desk, add: tuple[str, ...], p12: tuple[str, ...]
    ) -> None:
        desk.does(*add)
        assert "does not stand still" in desk.refuses("resume", *p12)
        assert not desk.register(Mail.exists)

    @pytest.mark.parametrize("words", [(), ("--p12", "x", "--pkcs11", "y"), ("--pkcs11", "y")])
    def test_one_key_is_named(self, desk: Desk, words: tuple[str, ...]) -> None:
        number = desk.register(a_proposal_number)
        assert "--pkcs11 MODULE" in desk.refuses("proposal", "approve", number, *words)

    def test_a_revocation_is_always_signed(self, desk: Desk) -> None:
        serial = desk.register(a_serial)
        words = ("certificate", "revoke", serial, "--reason", "Lộ khóa")
        assert "--p12 FILE" in desk.refuses(*words)
        assert "no certificate in force" in desk.refuses(
            "certificate", "revoke", "--agency", desk.register(an_agency_code), "--reason", "x"
        )


async def a_proposal_number() -> str:
    return (await a_proposal(code="K7Q29XWM")).number


async def a_serial() -> str:
    return (await a_certificate(status=CertificateStatus.VALID, der=b"der")).serial


async def an_agency_code() -> str:
    return (await an_agency()).code


def test_where_no_signature_is_needed_issuing_is_paused_and_goes_on(desk: Desk) -> None:
    desk.does("pause")
    assert "stands still already" in desk.refuses("pause")
    assert desk.register(lambda: Pause.get()).officer_id is None
    desk.does("resume")
    assert "does not stand still" in desk.refuses("resume")
    assert desk.register(because) == {"operator.unsigned"}


async def because() -> set[str]:
    return {one.because async for one in Event.filter(code__startswith="queue.")}


class TestWaiting:
    def test_what_waits_is_listed_with_its_code(self, desk: Desk) -> None:
        async def some() -> str:
            dossier = await a_dossier()
            made: dict[str, Any] = {"dossier": dossier, "made_at": NOW, "expires_at": NOW}
            await Hold.create(code="ABCD2345", **made)
            await Hold.create(code="USED2345", **made, ended_at=NOW)
            await a_proposal(code="K7Q29XWM")
            return dossier.number

        number = desk.register(some)
        dossier, proposal = desk.json("order", "waiting")
        assert (dossier["number"], dossier["code"]) == (number, "ABCD-2345")
        assert proposal["code"] == "K7Q2-9XWM"

    def test_nothing_of_a_dossier_waits(self, desk: Desk) -> None:
        async def one() -> str:
            return (await a_dossier()).number

        number = desk.register(one)
        assert "bot dossier show" in desk.refuses("dossier", "accept", number)
        assert "bot dossier list" in desk.refuses("dossier", "accept", "HS-2026-999999")

    def test_what_is_not_there(self, desk: Desk) -> None:
        assert desk.json("order", "list") == desk.json("proposal", "list") == []
        assert "bot order list" in desk.refuses("order", "show", "1")
        assert "bot proposal list" in desk.refuses("proposal", "show", "DX-2026-000404")
        assert "bot proposal list" in desk.refuses("proposal", "approve", "DX-2026-000404")


ROWS = st.lists(st.integers(1, 2_000), max_size=5, unique=True).map(sorted)
REASONS = st.text(st.characters(categories=["L", "N", "P"]), max_size=50)


@given(st.sampled_from([Verb.ACCEPT, Verb.RETURN, Verb.HOLD]), ROWS, REASONS)
def test_what_a_command_writes_is_read_as_it_was_meant(
    verb: Verb, rows: list[int], reason: str
) -> None:
    why = f"Vì {reason}".strip()
    line = written(verb, "HS-2026-000123", "K7Q29XWM", ",".join(map(str, rows)), why)
    read = read_order(line)
    assert isinstance(read, OrderText)
    assert (read.verb, read.about, read.code) == (verb, "HS-2026-000123", "K7Q29XWM")
    assert read.rows == tuple(rows)


class TestFirstOfficers:
    """Who runs the bot names them; `bot init` itself is tried with its tokens."""

    @pytest.fixture
    def name(self, desk: Desk, pki: ForeignPki) -> Callable[..., list[str]]:
        def name(who: str, role: Role = Role.GOVERN, signatures: int = 2) -> list[str]:
            certificate = None
            if role is Role.GOVERN:
                certificate = pki.signer(who, key=ec.generate_private_key(ec.SECP256R1())).der
            asked = OfficerEntry(
                name=who, mailbox=f"{who}@ca.gov.vn", role=role, certificate=certificate
            )
            settings = Settings(home=desk.home, officers=Officers(signatures=signatures))
            return asyncio.run(install.name_officer(settings, asked, datetime.now(UTC)))

        return name

    def test_one_who_is_told_and_no_other_after_them(self, desk: Desk, name: Any) -> None:
        assert name("an", Role.WATCH) == ["officer an@ca.gov.vn"]
        assert name("an", Role.WATCH) == name("binh", Role.WATCH) == []
        assert [one["name"] for one in desk.json("officer", "list")] == ["an"]

    def test_as_many_who_govern_as_must_sign_and_no_more(self, desk: Desk, name: Any) -> None:
        name("an", Role.WATCH)
        name("an")
        name("binh")
        with pytest.raises(EnoughGovern):
            name("chi")
        with pytest.raises(EnoughGovern):
            name("binh")  # with another certificate
        governs = [(one["name"], one["role"]) for one in desk.json("officer", "list")]
        assert governs == [("an", "govern"), ("binh", "govern")]

    def test_one_where_one_must_sign(self, name: Any) -> None:
        name("an", signatures=1)
        with pytest.raises(EnoughGovern):
            name("binh", signatures=1)

    def test_another_where_a_certificate_has_ended(self, desk: Desk, name: Any) -> None:
        async def ended() -> None:
            await Officer.filter(name="an").update(certificate=der("an", LONG_AGO))

        name("an")
        name("binh")
        desk.register(ended)
        assert name("an") == ["officer an@ca.gov.vn"]


class TestDoctor:
    pytestmark = pytest.mark.usefixtures("sqlite_register")

    @pytest.mark.parametrize(
        ("signatures", "govern", "says"),
        [
            (2, 0, "0 officers who govern can sign, 2 must."),
            (2, 1, "1 officers who govern can sign, 2 must."),
            (2, 2, "ok, 2 officers govern, 2 must sign"),
            (1, 1, "ok, but 1 signature is needed for what should need 2"),
            (0, 0, "ok, but no signature is needed for what should need 2"),
        ],
    )
    async def test_power_is_guarded(self, signatures: int, govern: int, says: str) -> None:
        for number in range(govern):
            await a_governor(f"an{number}")
        settings = Settings(officers=Officers(signatures=signatures))
        [check] = [one async for one in governance.look(settings, NOW)]
        assert check.says == says
        assert bool(check.remedy) == (signatures < 2 or govern < 2)

    async def test_a_pause_is_named_with_its_remedy(self) -> None:
        await Pause.create(queue="ca", since=NOW)
        checks = {one.part: one async for one in governance.look(Settings(), NOW)}
        assert "bot resume" in checks["queue ca"].remedy

    async def test_certificates_that_are_not_believed(
        self, tmp_path: Path, pki: ForeignPki, an: Signer
    ) -> None:
        pki.write_trust(tmp_path / "trust")
        await a_governor("an", certificate=an.der)
        await a_governor("binh")
        await a_governor("chi", certificate=der("chi", NOW))
        await a_governor("dung", until=NOW)
        settings = Settings(home=tmp_path)
        found = {one.part: one async for one in governance.certificates(settings, NOW)}
        assert set(found) == {"officer binh@ca.example.gov.vn", "officer chi@ca.example.gov.vn"}
        assert "trusted root" in found["officer binh@ca.example.gov.vn"].says
        assert "ended on" in found["officer chi@ca.example.gov.vn"].says
