"""Officers' commands, front to back: typed in a process of their own, obeyed by a bot that runs.

One officer has a .p12 file, the other a key on a token (SoftHSM).
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.policy import SMTP
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from bot.hsm.keys import generate_key
from bot.hsm.token import Token
from bot.register import tasks
from bot.register.lifecycle import DossierStatus, Role
from bot.register.models import Agency, Dossier, Hold, Officer, Order, Pause, Proposal, Task
from bot.register.tasks import Kind, Queue
from bot.sections.authority import KeyAlgorithm
from demo.foreign import ForeignPki, Signer
from tests.cli.command import Bot, bots
from tests.dossiers.desk import Desk
from tests.house import CLIENTS, PATIENCE, a_mail, register_officer
from tests.hsm_fixtures import MODULE, SPARE
from tests.registers import BOTH

pytestmark = pytest.mark.asyncio(loop_scope="module")
on_both = pytest.mark.parametrize("database", BOTH, indirect=True, scope="module")

AN, BINH = "an@ca.example.gov.vn", "binh@ca.example.gov.vn"
KEY = "officer"


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with bots(tmp_path_factory.mktemp("nobody")) as bot:
        yield bot


@pytest.fixture(scope="session")
def an(pki: ForeignPki) -> Signer:
    return pki.signer("Nguyễn Văn An", key=ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="session")
def binh(pki: ForeignPki, open_token: Callable[[str], Token]) -> Signer:
    """Their key never leaves the token."""
    key: Any = generate_key(open_token(SPARE[0]), KEY, KeyAlgorithm.EC_P256)
    return pki.signer("Trần Thị Bình", key=key)


@dataclass(frozen=True)
class Counter:
    """Where officers type; `p12` and `device` are the words that say who signs."""

    desk: Desk
    bot: Bot
    variables: dict[str, str]
    folder: Path
    p12: tuple[str, ...]
    device: tuple[str, ...]

    async def types(self, *words: str, settled: bool = True) -> CompletedProcess[str]:
        """What they see; once all is quiet again, unless something shall not be."""
        done = await asyncio.get_running_loop().run_in_executor(
            CLIENTS, lambda: self.bot(*words, **self.variables)
        )
        if settled:
            await self.desk.settle()
        return done

    async def does(self, *words: str, settled: bool = True) -> str:
        done = await self.types(*words, settled=settled)
        assert done.returncode == 0, done.stderr
        return " ".join(done.stderr.split())

    async def refuses(self, *words: str, code: int = 1) -> str:
        done = await self.types(*words)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return " ".join(done.stderr.split())

    def file(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counter(
    standing: Desk,
    zygote: Bot,
    an: Signer,
    binh: Signer,
    token_home: Path,
    database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Counter:
    now = datetime.now(UTC)
    await register_officer(now, mailbox=AN, role=Role.GOVERN, signer=an, name="Nguyễn Văn An")
    await register_officer(now, mailbox=BINH, role=Role.GOVERN, signer=binh, name="Trần Thị Bình")
    folder = tmp_path_factory.mktemp("officers")
    (folder / "an.p12").write_bytes(
        serialize_key_and_certificates(
            b"an", an.key, an.certificate, None, BestAvailableEncryption(b"mat khau")
        )
    )
    (folder / "an.password").write_text("mat khau\n")
    return Counter(
        desk=standing,
        bot=zygote.at(standing.house.settings.home),
        variables={
            "BOT_OFFICERS__SIGNATURES": "2",
            "SOFTHSM2_CONF": str(token_home / "softhsm" / "softhsm2.conf"),
            **({"BOT_DATABASE__URL": database} if database else {}),
        },
        folder=folder,
        p12=(
            "--p12", str(folder / "an.p12"), "--password-file", str(folder / "an.password"),
            "--wait", str(PATIENCE),
        ),
        device=(
            "--pkcs11", str(MODULE), "--token", SPARE[0], "--key", KEY,
            "--pin-file", str(token_home / "pins" / SPARE[0]), "--wait", str(PATIENCE),
        ),
    )  # fmt: skip


async def the_last() -> Proposal:
    proposal = await Proposal.all().order_by("-id").first()
    assert proposal
    return proposal


@on_both
async def test_an_agency_is_proposed_with_evidence_and_approved(
    counter: Counter, pki: ForeignPki
) -> None:
    keys = [pki.signer(name, key=ec.generate_private_key(ec.SECP256R1())) for name in "XY"]
    leader, seal = (
        counter.file(f"{name}.pem", one.certificate.public_bytes(Encoding.PEM))
        for name, one in zip("XY", keys, strict=True)
    )
    evidence = counter.file("công văn 12.pdf", b"%PDF-1.7 cong van")
    words = (
        "agency", "add", "thpt-moi", "--name", "Trường THPT Mới", "--province", "Hà Nội",
        "--organization", "Trường THPT Mới", "--mailbox", "moi@hanoiedu.edu.vn",
        "--leader", leader, "--seal", seal, "--reason", "Công văn 12",
    )  # fmt: skip
    assert "Add --p12 FILE" in await counter.refuses(*words)
    says = await counter.does(*words, *counter.p12, "--evidence", evidence)
    proposal = await the_last()
    assert f"bot proposal approve {proposal.number}" in says
    assert not await Agency.exists(code="thpt-moi")
    (letter,) = counter.desk.house.mails(BINH)
    assert "công văn 12.pdf" in [one.get_filename() for one in letter.walk()]
    assert "Another officer must" in await counter.refuses(
        "proposal", "approve", proposal.number, *counter.p12
    )
    await counter.does("proposal", "approve", proposal.number, *counter.device)
    assert await Agency.exists(code="thpt-moi")
    orders = await Order.filter(proposal=proposal).order_by("id").prefetch_related("officer")
    assert [(one.verb, one.officer.mailbox, one.refused) for one in orders] == [
        ("propose", AN, ""), ("accept", AN, "proposal.own"), ("accept", BINH, ""),
    ]  # fmt: skip
    assert "is registered" in await counter.refuses(*words, *counter.p12)  # before it is signed
    assert await Order.all().count() == 3


async def test_a_held_dossier_is_decided(counter: Counter, desk: Desk) -> None:
    left = await desk.take(a_mail(desk.letter(), sender="ai-do@gmail.com"), sender="x@gmail.com")
    (dossier,) = left.dossiers
    assert dossier.status is DossierStatus.HELD
    await counter.does("dossier", "hold", dossier.number, "--reason", "Chờ gọi", *counter.p12)
    assert await Hold.filter(dossier=dossier).count() == 2
    await counter.does("dossier", "accept", dossier.number, *counter.device)
    assert await Dossier.exists(id=dossier.id, status=DossierStatus.COMPLETED)
    nothing = await counter.refuses("dossier", "accept", dossier.number, *counter.device)
    assert "waits for an officer" in nothing


async def test_issuing_stands_still_by_one_order_and_goes_on_by_two(
    counter: Counter, desk: Desk
) -> None:
    await counter.does("pause", "--reason", "Nghi lộ khóa", *counter.device)
    assert await Pause.exists()
    before = await desk.seen()
    await desk.house.submit(a_mail(desk.letter()).as_bytes(policy=SMTP))
    async with asyncio.timeout(PATIENCE):
        while not await Task.exists(kind=Kind.ISSUE):  # it was received and decided
            await asyncio.sleep(0.05)
    assert await tasks.lease(datetime.now(UTC), [Queue.CA], most=1) == []
    await counter.does("resume", *counter.p12, settled=False)
    proposal = await the_last()
    done = await counter.types("proposal", "approve", proposal.number, *counter.device, "--json")
    assert json.loads(done.stdout)["status"] == "done"
    (dossier,) = (await desk.since(before)).dossiers
    assert dossier.status is DossierStatus.COMPLETED


async def test_keys_of_nobody_and_files_that_do_not_open(counter: Counter, pki: ForeignPki) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    secret = BestAvailableEncryption(b"x")
    p12 = counter.file("x.p12", serialize_key_and_certificates(b"x", stranger, None, None, secret))
    right, wrong = counter.file("right", b"x"), counter.file("wrong", b"y")
    before = await Order.all().count()
    says = await counter.refuses("pause", "--p12", p12, "--password-file", right)
    assert "of no officer who may order" in says
    assert "its password" in await counter.refuses("pause", "--p12", p12, "--password-file", wrong)
    assert await Order.all().count() == before


async def test_a_third_who_governs_is_not_named_by_one_alone(
    counter: Counter, pki: ForeignPki
) -> None:
    third = pki.signer("Lê Thị Chi", key=ec.generate_private_key(ec.SECP256R1()))
    file = counter.file("chi.cer", third.der)
    words = (
        "officer", "add", "Lê Thị Chi", "--mailbox", "chi@ca.example.gov.vn", "--role", "govern",
        "--certificate", file,
    )  # fmt: skip
    assert "Another officer must sign" in await counter.does(*words, *counter.p12)
    assert not await Officer.exists(mailbox="chi@ca.example.gov.vn")
    listed = await counter.types("order", "waiting", "--json")
    assert [one["number"] for one in json.loads(listed.stdout)] == [(await the_last()).number]
    refused = ("proposal", "refuse", (await the_last()).number, "--reason", "Chưa cần")
    await counter.does(*refused, *counter.device)
    assert (await the_last()).status == "refused"
