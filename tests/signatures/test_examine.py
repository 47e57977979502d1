"""The door, whole: a mail in, a child for its bytes, the foreign PKI's real services."""

import io
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bot.inbox.mime import Kind, Part
from bot.sandbox import Sandbox
from bot.sections import servers
from bot.signatures.examine import PRELOAD, Examiner, Judgement, MailJudgement
from bot.signatures.revocation import Fetcher, RevocationData
from bot.signatures.trust import CertificatePath, Policy
from bot.signatures.verdict import MailInspection, SubIndication
from demo import paper
from demo.foreign import ForeignPki, Service, Signer
from tests.signatures import hostile
from tests.signatures.authority import Holder
from tests.signatures.builders import a_filled_form, a_letter, a_mail, trust_of
from tests.signatures.mails import ENTITY, HEADERS, clear, clear_entity, opaque_entity, signed
from tests.warm import KeptWarm


class World:
    """An examiner with its sandbox, and a PKI of its own whose services may fail."""

    def __init__(self, pki: ForeignPki, sandbox: Sandbox, fetcher: Fetcher) -> None:
        self.pki = pki
        self.sandbox = sandbox
        self.examiner = Examiner(sandbox, trust_of(pki), fetcher)
        self.leader = pki.signer("Hiệu trưởng", key=ec.generate_private_key(ec.SECP256R1()))
        self.seal = pki.signer(
            "Trường",
            key=ec.generate_private_key(ec.SECP256R1()),
            usage=["content_commitment"],
        )

    def letter(self) -> bytes:
        return a_letter(self.leader, self.seal)

    async def judge(self, *files: bytes, at: datetime | None = None) -> list[Judgement]:
        raw = a_mail(*files)
        survey = await self.examiner.survey(raw)
        now = datetime.now(UTC)
        return [
            await self.examiner.judge(raw, part, at or now, now)
            for part in survey.parts
            if part.kind is Kind.PDF
        ]


LIMITS = servers.Sandbox(seconds=5, memory=128 * 1024 * 1024)


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    limits = getattr(request, "param", LIMITS)
    sandbox = KeptWarm(limits, PRELOAD)
    with ForeignPki() as pki:
        async with Fetcher(servers.Trust(addresses=(pki.address,), fetch_seconds=1)) as fetcher:
            yield World(pki, sandbox, fetcher)
    await sandbox.close()


async def test_the_moment_may_be_told_in_any_zone(world: World) -> None:
    received = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh"))
    (judgement,) = await world.judge(world.letter(), at=received)
    assert len(judgement.file.passed) == 2


async def test_a_good_letter_is_believed_with_its_evidence(world: World) -> None:
    (judgement,) = await world.judge(world.letter())
    file = judgement.file
    assert file.name == "Công văn 1.pdf"
    assert [one.certificate for one in file.passed] == [world.leader.der, world.seal.der]
    assert file.values["row_01_full_name"] == "Nguyễn Thị Ánh"
    assert len(judgement.evidence) == 3
    assert not judgement.retry
    assert world.pki.hits == {"/ocsp": 2, "/root.crl": 1}


@pytest.mark.parametrize("ocsp", [Service.UP, Service.DOWN])
async def test_a_revoked_signer_by_ocsp_and_by_crl(world: World, ocsp: Service) -> None:
    world.pki.ocsp_service = ocsp
    world.pki.revoke(world.leader.certificate)
    (judgement,) = await world.judge(world.letter())
    leader, seal = judgement.file.signatures
    assert leader.verdict.sub_indication is SubIndication.REVOKED_NO_POE
    assert seal.passed
    assert not judgement.retry


async def test_a_revoked_intermediate(world: World) -> None:
    world.pki.revoke(world.pki.issuer.certificate)
    (judgement,) = await world.judge(world.letter())
    assert {one.verdict.sub_indication for one in judgement.file.signatures} == {
        SubIndication.REVOKED_CA_NO_POE
    }


@pytest.mark.parametrize("service", [Service.DOWN, Service.STALE])
async def test_unreachable_status_is_neither_good_nor_bad(world: World, service: Service) -> None:
    letter = world.letter()
    world.pki.ocsp_service = world.pki.crl_service = service
    (judgement,) = await world.judge(letter)
    assert {one.verdict.sub_indication for one in judgement.file.signatures} == {
        SubIndication.TRY_LATER
    }
    assert (judgement.retry, judgement.file.values) == (True, {})
    world.pki.ocsp_service = world.pki.crl_service = Service.UP
    (again,) = await world.judge(letter, at=datetime.now(UTC) - timedelta(hours=3))
    assert len(again.file.passed) == 2


async def test_a_strangers_certificates_are_never_asked_about(
    world: World, pki: ForeignPki, leader: Signer
) -> None:
    before = pki.hits.copy()
    forged = world.pki.signer("A", address=pki.address)
    (stranger, other_address) = await world.judge(
        paper.sign(a_filled_form(), leader, "leader"),
        paper.sign(a_filled_form(), forged, "leader"),
    )
    assert pki.hits == before
    assert stranger.file.signatures[0].verdict.sub_indication is (
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    )
    assert other_address.file.signatures[0].verdict.sub_indication is SubIndication.TRY_LATER
    assert "/ocsp" not in world.pki.hits


async def test_one_bad_file_does_not_hide_the_good_one(world: World) -> None:
    letter = world.letter()
    judged = await world.judge(letter[: len(letter) // 2], hostile.encrypted(letter), letter)
    assert [one.file.faults for one in judged] == [("pdf.unreadable",), ("pdf.encrypted",), ()]
    assert len(judged[2].file.passed) == 2


@pytest.mark.parametrize(
    ("world", "weight", "fault"),
    [
        (servers.Sandbox(seconds=1), 2_000_000, "sandbox.time"),
        (servers.Sandbox(seconds=20, memory=96 * 1024 * 1024), 1_000_000, "sandbox.memory"),
    ],
    indirect=["world"],
)
async def test_a_file_that_spins_or_eats_and_the_next_one_goes_through(
    world: World, weight: int, fault: str
) -> None:
    bomb, good = await world.judge(hostile.heavy(weight), world.letter())
    assert bomb.file.faults == (fault,)
    assert (bomb.file.values, bomb.retry) == ({}, True)
    assert len(good.file.passed) == 2


async def test_a_part_that_is_not_there(world: World) -> None:
    absent = Part(index=9, filename="", declared="", kind=Kind.PDF, size=0, sha256="")
    inspection = await world.examiner.inspect(a_mail(), absent)
    assert inspection.faults == ("sandbox.crash",)


class Mails:
    """Mails that the world's leader and seal sign themselves."""

    def __init__(self, world: World) -> None:
        self.leader = Holder(world.leader.certificate, world.leader.key)
        self.seal = Holder(world.seal.certificate, world.seal.key)
        self._examiner = world.examiner

    async def judge(self, raw: bytes) -> MailJudgement:
        now = datetime.now(UTC)
        return await self._examiner.judge_mail(raw, await self._examiner.survey(raw), now, now)

    async def inspect(self, raw: bytes) -> MailInspection:
        return await self._examiner.inspect_mail(raw, await self._examiner.survey(raw))


@pytest.fixture
def mails(world: World) -> Mails:
    return Mails(world)


async def test_a_signed_mail_is_believed_with_its_evidence(world: World, mails: Mails) -> None:
    inner = opaque_entity(signed(ENTITY, mails.leader, detached=False))
    raw = clear(signed(inner, mails.seal, pss=True), inner)
    judgement = await mails.judge(raw)
    assert [one.certificate for one in judgement.mail.passed] == [mails.seal.der, mails.leader.der]
    assert (len(judgement.evidence), judgement.retry) == (3, False)
    assert world.pki.hits == {"/ocsp": 2, "/root.crl": 1}
    found = await mails.inspect(raw)
    assert [one.intact for one in found.signatures] == [True, True]


async def test_sheets_under_a_whole_signature_are_read(mails: Mails) -> None:
    sheet = EmailMessage()
    sheet.set_content("x")
    sheet.add_attachment(a_sheet(), maintype="application", subtype="xlsx", filename="a.xlsx")
    entity = sheet.as_bytes().replace(b"\n", b"\r\n")
    good = await mails.judge(clear(signed(entity, mails.seal), entity))
    assert {at: book.name for at, book in good.mail.workbooks.items()} == {1: "a.xlsx"}
    assert not good.mail.workbooks[1].faults
    footer = clear_entity(signed(entity, mails.seal), entity)
    within = HEADERS + b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n" + footer
    assert (await mails.judge(within)).mail.workbooks == {}


async def test_a_mails_status_out_of_reach(world: World, mails: Mails) -> None:
    world.pki.ocsp_service = world.pki.crl_service = Service.DOWN
    judgement = await mails.judge(clear(signed(ENTITY, mails.seal)))
    assert (judgement.mail.passed, judgement.retry) == ((), True)


async def test_a_stranger_who_brings_authorities_is_never_asked_about(
    world: World, mails: Mails, pki: ForeignPki, leader: Signer
) -> None:
    before = pki.hits.copy()
    chain = [Holder(one.certificate, one.key) for one in (leader, pki.issuer, pki.root)]
    judgement = await mails.judge(clear(signed(ENTITY, chain[0], certificates=chain)))
    assert [one.verdict.reasons for one in judgement.mail.signatures] == [
        ("certificate.untrusted",)
    ]
    assert pki.hits == before


async def test_a_mail_without_signature_needs_no_child(world: World, mails: Mails) -> None:
    raw = a_mail(world.letter())
    seen = await world.examiner.survey(raw)
    await world.sandbox.close()
    now = datetime.now(UTC)
    assert (await world.examiner.judge_mail(raw, seen, now, now)).mail.signatures == ()


async def test_the_first_pass_comes_with_the_survey(world: World, mails: Mails) -> None:
    raw = clear(signed(ENTITY, mails.seal))
    seen = await world.examiner.survey(raw)
    await world.sandbox.close()
    assert [one.intact for one in (await world.examiner.inspect_mail(raw, seen)).signatures] == [
        True
    ]


@pytest.mark.parametrize("world", [servers.Sandbox(seconds=1)], indirect=True)
async def test_a_signature_that_spins_hides_no_mail(world: World) -> None:
    raw = clear(hostile.in_a_million_pieces())
    seen = await world.examiner.survey(raw)
    assert [part.index for part in seen.letters] == [1]
    assert (await world.examiner.inspect_mail(raw, seen)).faults == ("sandbox.time",)


async def test_without_revocation_nobody_is_asked(world: World, mails: Mails) -> None:
    examiner = Examiner(world.sandbox, trust_of(world.pki), Nowhere(), Policy(revocation=False))
    raw = clear(signed(ENTITY, mails.seal))
    now = datetime.now(UTC)
    judgement = await examiner.judge_mail(raw, await examiner.survey(raw), now, now)
    assert len(judgement.mail.passed) == 1
    letter = a_mail(world.letter())
    (part,) = (await examiner.survey(letter)).letters
    assert len((await examiner.judge(letter, part, now, now)).file.passed) == 2


class Nowhere:
    async def gather(self, paths: Iterable[CertificatePath], now: datetime) -> RevocationData:
        raise AssertionError


def a_sheet() -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("Danh sách").append(["Họ và tên"])
    book.save(saved := io.BytesIO())
    return saved.getvalue()
