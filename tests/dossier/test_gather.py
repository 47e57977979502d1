"""From the register to the case."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bot.config import Settings
from bot.dossier.application import as_json
from bot.dossier.case import Holding
from bot.dossier.decision import Outcome, decide
from bot.dossier.form import Procedure
from bot.dossier.gather import Judged, gather
from bot.dossier.known import Claim, Known
from bot.dossier.letter import letter_key
from bot.inbox.mime import Survey
from bot.register import models
from bot.register.lifecycle import (
    Capacity,
    CertificateStatus,
    DossierMove,
    DossierStatus,
    ItemStatus,
)
from bot.signatures.verdict import SignedFile, SignedMail
from tests.dossier.builders import (
    RECEIVED,
    SCHOOL,
    a_change,
    a_holding,
    a_person,
    a_row,
    a_signature,
    an_application,
    form_values,
)

MAIL = Survey(senders=("c3chuvanan@hanoiedu.edu.vn",))
pytestmark = pytest.mark.usefixtures("register")


async def an_agency() -> models.Agency:
    agency = await models.Agency.create(
        code="CVA",
        name=SCHOOL,
        province="Hà Nội",
        organization="Sở Giáo dục và Đào tạo Hà Nội",
        units=["Trường THPT Chu Văn An"],
        mailbox="C3ChuVanAn@hanoiedu.edu.vn",
        registered_at=RECEIVED,
    )
    for field, capacity in (("leader", "leader"), ("seal", "organisation")):
        await models.AgencySigner.create(
            agency=agency,
            fingerprint=a_signature(field).fingerprint,
            certificate=field.encode(),
            name=field,
            capacity=Capacity(capacity),
            since=RECEIVED - timedelta(days=9),
        )
    return agency


async def a_dossier(agency: models.Agency, number: int = 1, **also: Any) -> models.Dossier:
    mail = await models.Mail.create(
        digest=f"{number:064}",
        size=1,
        mailbox="hoso@ca.example.gov.vn",
        envelope_from="",
        received_at=RECEIVED,
    )
    return await models.Dossier.create(
        number=f"HS-2026-{number:06}",
        mail=mail,
        place=f"{mail.id}/1",
        agency=agency,
        letter_digest="0" * 64,
        received_at=RECEIVED,
        due_at=RECEIVED,
        **also,
    )


async def an_item(
    dossier: models.Dossier, position: int, status: ItemStatus = ItemStatus.ASKED, **typed: str
) -> models.Item:
    row = a_row(position, **typed)
    return await models.Item.create(
        dossier=dossier,
        position=position,
        place=f"{dossier.id}/{position}",
        status=status,
        asked=as_json(row),
        person=row.personal_number.value or "",
        mailbox=row.mailbox.value or "",
    )


async def a_subscriber(
    agency: models.Agency, number: str, mailbox: str, name: str
) -> models.Subscriber:
    return await models.Subscriber.create(
        personal_number=number,
        full_name=name,
        mailbox=mailbox,
        mobile="+84912345678",
        agency=agency,
    )


def a_file(
    *rows: dict[str, str], procedure: Procedure = Procedure.ISSUE, **changes: str
) -> SignedFile:
    return SignedFile(
        name="de-nghi.pdf",
        sha256="0" * 64,
        signatures=(a_signature("leader"), a_signature("seal"), a_signature("stranger")),
        values=form_values(*rows, procedure=procedure, **changes),
    )


def brought(file: SignedFile, survey: Survey = MAIL) -> Judged:
    """`file` in a mail that is not signed itself."""
    return Judged(survey, file, SignedMail())


async def test_a_valid_dossier_is_gathered_and_accepted() -> None:
    agency = await an_agency()
    dossier = await a_dossier(agency)
    case = await gather(dossier, brought(a_file()), Settings(), RECEIVED)
    assert [one.signer and one.signer.capacity for one in case.signatures] == [
        Capacity.LEADER,
        Capacity.ORGANISATION,
        None,
    ]
    assert case.agency.domains == Settings().rules.mail_domains
    assert case.known == {1: Known(), 2: Known(), 3: Known()}
    assert decide(case).outcome is Outcome.ACCEPT


async def test_patience_ends() -> None:
    dossier = await a_dossier(await an_agency())
    patience = timedelta(hours=Settings().trust.patience_hours)
    for now, over in (
        (RECEIVED + patience - timedelta(seconds=1), False),
        (RECEIVED + patience, True),
    ):
        case = await gather(dossier, brought(a_file()), Settings(), now)
        assert case.patience_over is over


async def test_a_used_up_number_is_found_only_for_its_agency_and_year() -> None:
    agency = await an_agency()
    key = letter_key(agency.id, an_application().letter)
    first = await a_dossier(agency, 1, letter_key=key, status=DossierStatus.ACCEPTED)
    again = await a_dossier(agency, 2)
    for dossier, number, used in (
        (again, "Số: 5/thptcva-vp", first.number),
        (again, "06/THPTCVA-VP", None),
        (first, "05/THPTCVA-VP", None),
    ):
        case = await gather(dossier, brought(a_file(letter_number=number)), Settings(), RECEIVED)
        assert case.letter_used_in == used


def a_claim(dossier: models.Dossier, **changes: Any) -> Claim:
    """An accepted row of `dossier`, which came first, as it is looked up."""
    valid: dict[str, Any] = {
        "dossier": dossier.number,
        "agency_id": dossier.agency_id,
        "agency": SCHOOL,
        "procedure": Procedure.ISSUE,
        "status": ItemStatus.ACCEPTED,
        "is_earlier": True,
    }
    return Claim(**{**valid, **changes})


async def test_what_is_known_of_persons() -> None:
    agency = await an_agency()
    before, dossier, later = [await a_dossier(agency, number) for number in (1, 2, 3)]
    revoking = await a_dossier(agency, 4, procedure=Procedure.REVOKE)
    doubtful = await a_dossier(agency, 5, status=DossierStatus.HELD)
    file = a_file(*(a_person(position) for position in range(1, 8)))
    holder = await a_subscriber(
        agency, "001185000001", "giaovien1@hanoiedu.edu.vn", "Trần Đức Bình"
    )
    await a_certificate(holder, await an_item(before, 9, ItemStatus.DONE))
    await an_item(revoking, 1, ItemStatus.PARKED)
    await a_subscriber(agency, "001185000099", "giaovien2@hanoiedu.edu.vn", "Lê Hoàng Yến")
    await an_item(before, 3)
    await an_item(doubtful, 4)
    await an_item(later, 5, ItemStatus.ACCEPTED)
    await an_item(before, 6, ItemStatus.RETURNED)
    await an_item(dossier, 6, ItemStatus.ACCEPTED)
    await an_item(before, 8, ItemStatus.HELD, mailbox="giaovien7@hanoiedu.edu.vn")
    case = await gather(dossier, brought(file), Settings(), RECEIVED)
    revoked = a_claim(
        revoking, procedure=Procedure.REVOKE, status=ItemStatus.PARKED, is_earlier=False
    )
    assert case.known == {
        1: Known("Trần Đức Bình", agency.id, SCHOOL, has_certificate=True, claims=(revoked,)),
        2: Known(mailbox_of_another=True),
        3: Known(),
        4: Known(claims=(a_claim(doubtful, status=ItemStatus.ASKED, is_earlier=False),)),
        5: Known(claims=(a_claim(later, is_earlier=False),)),
        6: Known(),
        7: Known(mailbox_of_another=True),
    }


async def test_a_mobile_is_anothers_while_they_have_a_certificate() -> None:
    agency = await an_agency()
    before, dossier = await a_dossier(agency, 1), await a_dossier(agency, 2)
    holder = await a_subscriber(agency, "001185000099", "yen@hanoiedu.edu.vn", "Lê Hoàng Yến")
    await a_certificate(holder, await an_item(before, 9, ItemStatus.DONE))
    file = a_file(a_person(1, mobile="0912 345 678"), a_person(2))
    for now, is_anothers in ((RECEIVED, True), (RECEIVED + timedelta(days=2), False)):
        case = await gather(dossier, brought(file), Settings(), now)
        assert case.known == {1: Known(mobile_of_another=is_anothers), 2: Known()}


async def test_nobody_is_in_the_way_of_themselves() -> None:
    agency = await an_agency()
    before, dossier = await a_dossier(agency, 1), await a_dossier(agency, 2)
    name, mailbox = "Trần Đức Bình", "giaovien1@hanoiedu.edu.vn"
    holder = await a_subscriber(agency, "001185000001", mailbox, name)
    await a_certificate(holder, await an_item(before, 1, ItemStatus.DONE))
    file = a_file(a_person(1, mobile="0912345678"))
    after = RECEIVED + timedelta(days=2)
    case = await gather(dossier, brought(file), Settings(), after)
    assert case.known == {1: Known(name, agency.id, SCHOOL)}


async def test_a_letter_that_was_held_may_come_again() -> None:
    agency = await an_agency()
    first = await a_dossier(agency, 1)
    elsewhere = Survey(senders=("hieutruong@gmail.com",))
    doubtful = decide(await gather(first, brought(a_file(), elsewhere), Settings(), RECEIVED))
    assert doubtful.outcome is Outcome.HOLD
    await first.make(DossierMove.HOLD, because="mail.from", now=RECEIVED)
    for position in (1, 2, 3):
        await an_item(first, position)
    again = await a_dossier(agency, 2)
    assert again.letter_digest == first.letter_digest
    decision = decide(await gather(again, brought(a_file()), Settings(), RECEIVED))
    assert decision.outcome is Outcome.ACCEPT
    assert all(row.outcome is Outcome.ACCEPT for row in decision.rows)


async def test_certificates_are_found_by_serial_number() -> None:
    agency = await an_agency()
    before, dossier = await a_dossier(agency, 1), await a_dossier(agency, 2)
    states = (
        CertificateStatus.VALID,
        CertificateStatus.REVOKED,
        CertificateStatus.BURNT,
        CertificateStatus.SIGNING,
    )
    for position, status in enumerate(states, start=1):
        number = f"001185{position:06}"
        mailbox = f"giaovien{position}@hanoiedu.edu.vn"
        holder = await a_subscriber(agency, number, mailbox, f"Trần Đức {'A' * position}")
        item = await an_item(before, position, ItemStatus.DONE)
        await a_certificate(holder, item, serial=f"3a9{position}", status=status)
    rows = [a_change(at, serial=f"0x00 3A:9{at}") for at in (1, 2, 3, 4)]
    file = a_file(*rows, a_change(5, serial=""), procedure=Procedure.CHANGE)
    for now, in_force in ((RECEIVED, True), (RECEIVED + timedelta(days=2), False)):
        case = await gather(dossier, brought(file), Settings(), now)
        assert case.known.keys() == {1, 2}
        assert case.holdings == {1: held(agency, 1, in_force), 2: held(agency, 2, False)}


def held(agency: models.Agency, position: int, in_force: bool) -> Holding:
    """What the register has of the certificate that a row names."""
    return a_holding(
        position,
        agency_id=agency.id,
        full_name=f"Trần Đức {'A' * position}",
        mailbox=f"giaovien{position}@hanoiedu.edu.vn",
        mobile="+84912345678",
        in_force=in_force,
        not_after=RECEIVED + timedelta(days=1),
    )


def der_of(*path: str) -> bytes:
    """A certificate that bears nothing but L, O and OU."""
    kinds = (NameOID.LOCALITY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)
    name = x509.Name([x509.NameAttribute(*one) for one in zip(kinds, path, strict=False)])
    key, end = ec.generate_private_key(ec.SECP256R1()), RECEIVED + timedelta(days=1)
    built = x509.CertificateBuilder(name, name, key.public_key(), 7, RECEIVED, end)
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


async def a_certificate(
    holder: models.Subscriber,
    item: models.Item,
    serial: str = "01",
    status: CertificateStatus = CertificateStatus.VALID,
) -> None:
    key = await models.SubjectKey.create(
        subscriber=holder,
        algorithm="ec-p256",
        public_key=b"",
        fingerprint=f"{serial:0>64}",
        blob=b"",
        made_at=RECEIVED,
    )
    await models.Certificate.create(
        item=item,
        key=key,
        subscriber=holder,
        for_item=item.id,
        current_of=holder.id,
        serial=serial,
        status=status,
        tbs=b"",
        der=der_of("Hà Nội", SCHOOL),
        not_before=RECEIVED,
        not_after=RECEIVED + timedelta(days=1),
    )


async def test_values_that_nobody_covers_are_not_read() -> None:
    dossier = await a_dossier(await an_agency())
    file = SignedFile(name="x.pdf", sha256="0" * 64, faults=("pdf.unreadable",))
    case = await gather(dossier, brought(file), Settings(), RECEIVED)
    assert case.application is None
    assert decide(case).outcome is Outcome.RETURN
