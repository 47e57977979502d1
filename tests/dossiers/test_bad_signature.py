"""Letters whose signatures are not both those of this agency's leader and seal."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from bot.register.lifecycle import Capacity, DossierStatus, MailStatus
from bot.register.models import Agency, AgencySigner
from demo.foreign import ForeignPki, PrivateKey, Service, Signer, p256, rsa_2048
from demo.paper import sign
from demo.school import CODE, MAILBOX, School
from tests.dossiers.desk import Desk, Left
from tests.house import OFFICER, a_mail, register_school, register_signer

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG_AGO = datetime.now(UTC) - timedelta(days=300)
OTHER_MAILBOX = "c3kimlien@hanoiedu.edu.vn"
OTHER_NAME = "Trường THPT Kim Liên"


def signer(
    pki: ForeignPki,
    name: str = "Trần Văn Khác",
    *,
    key: PrivateKey | None = None,
    not_after: datetime | None = None,
) -> Signer:
    return pki.signer(name, key=key, not_before=LONG_AGO, not_after=not_after)


def only(who: str, field: str) -> Callable[[School, bytes], bytes]:
    return lambda school, filled: sign(filled, getattr(school, who), field)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(standing: Desk) -> AsyncIterator[School]:
    """Another registered school."""
    school = School(signer(standing.house.pki), signer(standing.house.pki, OTHER_NAME))
    await register_school(
        school, LONG_AGO, code="thpt-kim-lien", name=OTHER_NAME, mailbox=OTHER_MAILBOX
    )
    yield school


async def registered(desk: Desk, leader: Signer, since: datetime = LONG_AGO) -> School:
    """The school with another registered leader."""
    agency = await Agency.get(code=CODE)
    await register_signer(agency, leader, Capacity.LEADER, since)
    return replace(desk.house.school, leader=leader)


def assert_returned(left: Left, code: str, *told: str) -> None:
    """Only the agency that signed was told, and why."""
    assert left.statuses == [DossierStatus.RETURNED]
    assert code in left.codes()
    assert (left.recipients, left.made, left.messages) == ([MAILBOX] * 2, 0, [])
    assert f"[{left.dossiers[0].number}] Trả lại hồ sơ để hoàn thiện" in left.said(MAILBOX)
    for words in told:
        assert words in left.said(MAILBOX)


async def test_every_lawful_algorithm(desk: Desk) -> None:
    """In the sandbox, where a child can import nothing any more."""
    school = await registered(desk, signer(desk.house.pki, key=rsa_2048()))  # the seal has EC
    pss = desk.house.letter(
        desk.teacher(),
        number="1/PSS",
        sign=lambda _, filled: sign(
            sign(filled, school.leader, "leader", pss=True, digest="sha384"), school.seal, "seal"
        ),
    )
    left = await desk.take(a_mail(desk.letter(by=school, number="1/RSA")), a_mail(pss))
    assert left.statuses == [DossierStatus.COMPLETED] * 2


async def test_one_signature_only(desk: Desk) -> None:
    leader, seal = (
        desk.house.letter(desk.teacher(), sign=only(who, "one")) for who in ("leader", "seal")
    )
    left = await desk.take(a_mail(leader))
    assert_returned(
        left, "signature.organisation_missing", "Văn bản chưa có chữ ký số đã đăng ký của cơ quan"
    )
    left = await desk.take(a_mail(seal))
    assert_returned(
        left, "signature.leader_missing", "chưa có chữ ký số của người có thẩm quyền đã đăng ký"
    )


async def test_a_signer_whom_nobody_registered(desk: Desk) -> None:
    """From the trusted PKI: perhaps a new headmaster. An officer looks, nobody else is told."""
    new = School(signer(desk.house.pki), signer(desk.house.pki))
    left = await desk.take(a_mail(desk.letter(by=new)))
    assert {mail.status for mail in left.mails} == {MailStatus.HELD}
    assert (left.dossiers, left.recipients, left.made) == ([], [OFFICER], 0)
    assert "[signer.unregistered]" in left.said(OFFICER)
    assert "chưa có trong sổ đăng ký của cơ quan nào" in left.said(OFFICER)
    beside_the_seal = replace(new, seal=desk.house.school.seal)
    left = await desk.take(a_mail(desk.letter(by=beside_the_seal)))
    assert left.statuses == [DossierStatus.HELD]
    assert (left.codes(), left.made) == ({"signer.unregistered"}, 0)
    assert left.recipients == sorted([MAILBOX, OFFICER])


async def test_a_self_made_pki(desk: Desk) -> None:
    """Names prove nothing: no trusted issuer, no dossier, and no officer is troubled."""
    with ForeignPki(p256) as made:
        impostor = School.of(made)
        letter = desk.letter(by=impostor)
        left = await desk.take(a_mail(letter, sender="ai-do@gmail.com"))
        assert left.is_silent()
        left = await desk.take(a_mail(letter))
        assert {mail.status for mail in left.mails} == {MailStatus.IGNORED}
        assert (left.dossiers, left.recipients, left.made) == ([], [MAILBOX], 0)
        assert "chưa có chữ ký số hợp lệ" in left.said(MAILBOX)
        assert not made.hits  # a stranger's addresses are never asked


async def test_an_expired_certificate(desk: Desk) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    expired = await registered(desk, signer(desk.house.pki, not_after=past))
    left = await desk.take(a_mail(desk.letter(by=expired)))
    assert_returned(left, "signature.expired", "không nằm trong thời hạn hiệu lực")


async def test_a_certificate_revoked_in_ocsp(desk: Desk) -> None:
    revoked = await registered(desk, signer(desk.house.pki))
    desk.house.pki.revoke(revoked.leader.certificate)
    left = await desk.take(a_mail(desk.letter(by=revoked)))
    assert_returned(left, "signature.revoked", "đã bị thu hồi", "chứng thư chữ ký số")


async def test_a_certificate_revoked_in_the_crl(desk: Desk) -> None:
    revoked = await registered(desk, signer(desk.house.pki))
    desk.house.pki.revoke(revoked.leader.certificate)
    asked = desk.house.pki.hits["/issuer.crl"]
    desk.house.pki.ocsp_service = Service.DOWN
    left = await desk.take(a_mail(desk.letter(by=revoked)))
    desk.house.pki.ocsp_service = Service.UP
    assert_returned(left, "signature.revoked", "đã bị thu hồi")
    assert desk.house.pki.hits["/issuer.crl"] == asked + 1


async def test_two_agencies_on_one_letter(desk: Desk, other: School) -> None:
    mixed = replace(desk.house.school, seal=other.seal)
    left = await desk.take(a_mail(desk.letter(by=mixed)))
    assert left.statuses == [DossierStatus.RETURNED]
    assert {"signature.leader_missing", "signer.other_agency"} <= left.codes()
    assert (set(left.recipients), left.made) == ({OTHER_MAILBOX}, 0)  # the seal's agency
    guest = sign(desk.letter(), other.leader, "guest")
    left = await desk.take(a_mail(guest))
    assert left.statuses == [DossierStatus.HELD]
    assert (left.codes(), left.made) == ({"signer.other_agency"}, 0)
    assert left.recipients == sorted([MAILBOX, OFFICER])


async def test_a_letter_of_another_agency_in_this_ones_mail(desk: Desk, other: School) -> None:
    """The signer's agency is answered; whose mailbox it came from is an officer's question."""
    left = await desk.take(a_mail(desk.letter(by=other), sender=MAILBOX))
    assert left.statuses == [DossierStatus.HELD]
    assert "mail.from" in left.codes()
    assert (left.recipients, left.made) == (sorted([OTHER_MAILBOX, OFFICER]), 0)
    assert OTHER_NAME in left.said(OFFICER)


@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_signer_out_of_the_dates_of_the_register(desk: Desk, side: str) -> None:
    now = datetime.now(UTC)
    since = now + timedelta(days=1) if side == "before" else LONG_AGO
    out_of_dates = await registered(desk, signer(desk.house.pki), since)
    if side == "after":
        entries = AgencySigner.filter(certificate=out_of_dates.leader.der)
        assert await entries.update(until=now - timedelta(days=1))
    left = await desk.take(a_mail(desk.letter(by=out_of_dates)))
    assert_returned(left, "signer.not_in_force", "không có thẩm quyền ký theo sổ đăng ký")
