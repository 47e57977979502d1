"""Form 04 through the whole bot: renewed, amended, both; told; and what came first stands."""

import asyncio
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from dateutil.relativedelta import relativedelta

from bot.ca.certificate import sign
from bot.clock import HANOI
from bot.dossier.case import OTHER_AGENCY
from bot.dossier.form import Procedure
from bot.dossier.form04 import FORM_04
from bot.home import Home
from bot.register import tasks
from bot.register.lifecycle import AccountStatus, CertificateStatus, DossierStatus, ItemStatus
from bot.register.models import Account, Certificate, Dossier, Item, SubjectKey, Subscriber, Task
from bot.register.tasks import Kind
from demo.foreign import ForeignPki
from demo.paper import fill
from demo.school import MAILBOX, SCHOOL, School, Teacher, filled_in
from tests.dossiers.desk import Desk, Left, plain_form
from tests.house import OFFICER, a_mail, drawn, register_school

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(901)  # of letters
Holders = list[tuple[Teacher, Certificate]]
OTHER_SCHOOL = "Trường THPT Kim Liên"
OTHER_MAILBOX = "c3kimlien@hanoiedu.edu.vn"


@pytest.fixture(scope="module")
def form04() -> bytes:
    return plain_form(drawn(Procedure.CHANGE), rows=2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def holders(standing: Desk, blank: bytes) -> Holders:
    """Teachers with a certificate and an account in use; each test takes its own."""
    teachers = [standing.teacher() for _ in range(10)]
    writer = Desk(replace(standing.house, blank=blank))  # a form with room for all of them
    left = await standing.take(a_mail(writer.letter(*teachers)))
    made = Certificate.filter(item__dossier_id=left.dossiers[0].id).order_by("item__position")
    await Account.all().update(status=AccountStatus.ACTIVE, code_hash=None)
    return list(zip(teachers, await made, strict=True))


def a_row(teacher: Teacher, certificate: Certificate, **changes: str) -> dict[str, str]:
    """A renewal, unless `what` is to change."""
    wish = {"amend": "on"} if "what" in changes else {"renew": "on"}
    return {
        "full_name": teacher.full_name,
        "serial": int(certificate.serial, 16).to_bytes(20, "big").hex(":").upper(),
        "mailbox": teacher.mailbox,
        **wish,
        **changes,
    }


def written(
    desk: Desk, form: bytes, *rows: dict[str, str], by: School | None = None, **changes: str
) -> bytes:
    today = datetime.now(HANOI).date()
    values = filled_in(FORM_04, rows, today, f"{next(NUMBERS)}/THPTCVA-VP")
    return (by or desk.house.school).sign(fill(form, {**values, **changes}))


async def replacing(certificate: Certificate) -> Certificate:
    """The one that took its place."""
    new = await Certificate.get(replaces=certificate, status=CertificateStatus.VALID)
    assert new.current_of == new.subscriber_id
    assert await Certificate.filter(current_of=new.subscriber_id).count() == 1
    return new


def as_seen(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.der or b"")


def named(certificate: Certificate) -> dict[str, str]:
    """CN, E, L and O, as certificate viewers show them."""
    subject = as_seen(certificate).subject
    oids = {
        "CN": NameOID.COMMON_NAME, "E": NameOID.EMAIL_ADDRESS,
        "L": NameOID.LOCALITY_NAME, "O": NameOID.ORGANIZATION_NAME,
    }  # fmt: skip
    return {name: str(subject.get_attributes_for_oid(oid)[0].value) for name, oid in oids.items()}


def public_key(certificate: Certificate) -> bytes:
    key = as_seen(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def revoked_as(desk: Desk, certificate: Certificate) -> x509.ReasonFlags | None:
    """The reason in the published CRL."""
    crl = x509.load_der_x509_crl(Home(desk.house.settings).crl.read_bytes())
    entry = crl.get_revoked_certificate_by_serial_number(int(certificate.serial, 16))
    if entry is None:
        return None
    said = [one.value.reason for one in entry.extensions if isinstance(one.value, x509.CRLReason)]
    return said[0] if said else x509.ReasonFlags.unspecified  # RFC 5280 5.3.1


async def by_openssl(certificate: Certificate, *options: str) -> str:
    def look() -> bytes:
        command = ["openssl", "x509", "-inform", "DER", "-noout", *options]
        return subprocess.run(
            command, input=certificate.der, capture_output=True, check=True
        ).stdout

    return (await asyncio.to_thread(look)).decode()


async def the_item(left: Left) -> Item:
    (dossier,) = left.dossiers
    return await Item.get(dossier=dossier)


async def test_renewed_with_the_same_key_and_the_old_one_left(
    desk: Desk, holders: Holders, form04: bytes
) -> None:
    teacher, old = holders.pop()
    left = await desk.take(a_mail(written(desk, form04, a_row(teacher, old), notify="sms")))
    assert left.statuses == [DossierStatus.COMPLETED]
    new = await replacing(old)
    assert (new.renewals, new.key_id) == (1, old.key_id)
    assert as_seen(new).subject == as_seen(old).subject
    key = await by_openssl(old, "-pubkey")
    assert await by_openssl(new, "-pubkey") == key
    assert await by_openssl(new, "-dates") != await by_openssl(old, "-dates")
    assert new.not_after == new.not_before + relativedelta(years=3, seconds=-1)
    old = await Certificate.get(id=old.id)
    assert (old.status, old.current_of) == (CertificateStatus.VALID, None)
    assert revoked_as(desk, old) is None
    account = await Account.get(subscriber_id=new.subscriber_id)
    assert (account.status, left.made) == (AccountStatus.ACTIVE, 1)
    assert left.recipients == sorted([MAILBOX, teacher.mailbox, MAILBOX])
    told = left.said(teacher.mailbox)
    assert "Gia hạn chứng thư chữ ký số" in told
    assert new.serial.upper() in told
    assert "không phải lập hoặc kích hoạt lại tài khoản" in told
    assert "ĐÃ GIA HẠN (1)" in left.said(MAILBOX)
    assert ["da xong 1" in message for message in left.messages] == [True]
    again = await desk.take(a_mail(written(desk, form04, a_row(teacher, new))))
    (item,) = await Item.filter(dossier=again.dossiers[0])
    assert [fault["code"] for fault in item.faults] == ["row.renew.too_often"]
    old_one = await desk.take(a_mail(written(desk, form04, a_row(teacher, old))))
    (item,) = await Item.filter(dossier=old_one.dossiers[0])
    assert [fault["code"] for fault in item.faults] == ["row.certificate.superseded"]
    assert new.serial.upper() not in old_one.said(MAILBOX)


async def test_amended_with_the_same_end_and_the_old_line_revoked(
    desk: Desk, holders: Holders, form04: bytes
) -> None:
    teacher, first = holders.pop()
    await desk.take(a_mail(written(desk, form04, a_row(teacher, first))))
    old = await replacing(first)
    mailbox = f"moi.{teacher.mailbox}"
    what = "1. Họ và tên\n2. Email\n3. Số điện thoại di động"
    new_values = f"1. Vũ Ánh Tuyết\n2. {mailbox}\n3. 0987 654 321"
    letter = written(desk, form04, a_row(teacher, old, what=what, new=new_values))
    left = await desk.take(a_mail(letter))
    assert left.statuses == [DossierStatus.COMPLETED]
    new = await replacing(old)
    assert (new.not_after, new.key_id, new.renewals) == (old.not_after, old.key_id, 1)
    assert public_key(new) == public_key(old)
    assert named(new) == {**named(old), "CN": "Vũ Ánh Tuyết", "E": mailbox}
    san = await by_openssl(new, "-ext", "subjectAltName")
    assert f"email:{mailbox}" in san
    for before in (first, old):
        stands = await Certificate.get(id=before.id)
        assert (stands.status, stands.reason) == (CertificateStatus.REVOKED, "superseded")
        assert revoked_as(desk, before) is x509.ReasonFlags.superseded
    assert revoked_as(desk, new) is None
    subscriber = await Subscriber.get(id=new.subscriber_id)
    assert (subscriber.full_name, subscriber.mailbox) == ("Vũ Ánh Tuyết", mailbox)
    account = await Account.get(subscriber=subscriber)
    assert (account.login, account.status) == (mailbox, AccountStatus.ACTIVE)
    assert left.recipients == sorted([MAILBOX, mailbox, teacher.mailbox, MAILBOX])
    for box in (mailbox, teacher.mailbox):
        assert "Địa chỉ thư điện tử công vụ: " + mailbox in left.said(box)
        assert f"Tên đăng nhập: {mailbox}" in left.said(box)
    assert "+84987654321" in left.said(mailbox)
    assert "+84987654321" not in left.said(teacher.mailbox)  # perhaps somebody else's by now


async def test_both_in_one_row_and_what_no_certificate_bears(
    desk: Desk, holders: Holders, form04: bytes
) -> None:
    (one, his), (other, hers) = holders.pop(), holders.pop()
    rows = (
        a_row(one, his, what="Họ tên", new="Vũ Thị Tuyết", renew="on"),
        a_row(other, hers, what="Số điện thoại; Chức vụ", new="0912999001; Tổ phó"),
    )
    left = await desk.take(a_mail(written(desk, form04, *rows)))
    assert left.statuses == [DossierStatus.COMPLETED]
    new = await replacing(his)
    assert (named(new)["CN"], new.renewals) == ("Vũ Thị Tuyết", 1)
    assert new.not_after > his.not_after
    assert revoked_as(desk, his) is x509.ReasonFlags.superseded
    stands = await Certificate.get(id=hers.id)
    assert (stands.status, stands.current_of) == (CertificateStatus.VALID, stands.subscriber_id)
    assert (await Subscriber.get(id=stands.subscriber_id)).mobile == "+84912999001"
    said = left.said(MAILBOX)
    assert "ĐÃ GIA HẠN VÀ THAY ĐỔI THÔNG TIN (1)" in said
    assert "ĐÃ CẬP NHẬT SỔ ĐĂNG KÝ, GIỮ NGUYÊN CHỨNG THƯ CHỮ KÝ SỐ (1)" in said
    assert "Số điện thoại di động: +84912999001" in left.said(other.mailbox)
    assert left.made == 1


async def test_faults_come_back_all_at_once(desk: Desk, holders: Holders, form04: bytes) -> None:
    teacher, old = holders[0]  # nothing happens to it
    wrong = a_row(teacher, old, mailbox="khac@hanoiedu.edu.vn", what="Email", new="a@gmail.com")
    unknown = {**a_row(teacher, old, serial="3a91"), "renew": ""}
    left = await desk.take(a_mail(written(desk, form04, wrong, unknown, notify="")))
    assert left.statuses == [DossierStatus.RETURNED]
    items = await Item.filter(dossier=left.dossiers[0]).order_by("position")
    assert [{fault["code"] for fault in item.faults} for item in items] == [
        {"row.mailbox.differs", "new.mailbox.public"},
        {"row.certificate.unknown", "row.wish.none"},
    ]
    assert left.recipients == [MAILBOX, MAILBOX]


async def test_who_has_moved_is_amended_once_an_officer_agrees(
    desk: Desk, holders: Holders, form04: bytes, pki: ForeignPki
) -> None:
    teacher, old = holders.pop()
    signers = (pki.signer("Trần Thị Hiệu", organisation=OTHER_SCHOOL),
               pki.signer(OTHER_SCHOOL, organisation=OTHER_SCHOOL))  # fmt: skip
    other = School(*signers)
    agency = await register_school(
        other, datetime.now(UTC) - timedelta(days=1),
        code="thpt-kim-lien", name=OTHER_SCHOOL, mailbox=OTHER_MAILBOX,
    )  # fmt: skip
    row = a_row(teacher, old, what="Nơi công tác", new=OTHER_SCHOOL)
    letter = written(desk, form04, row, by=other, letter_agency=OTHER_SCHOOL)
    mail = a_mail(letter, sender=OTHER_MAILBOX)
    held = await desk.take(mail, sender=OTHER_MAILBOX)
    item = await the_item(held)
    assert (item.status, item.person) == (ItemStatus.HELD, "")
    assert [fault["code"] for fault in item.faults] == [OTHER_AGENCY]
    assert held.recipients == sorted([OTHER_MAILBOX, OFFICER])
    assert SCHOOL not in held.said(OTHER_MAILBOX)
    assert SCHOOL in held.said(OFFICER)
    assert OTHER_SCHOOL in held.said(OFFICER)
    before = await desk.seen()
    (dossier,) = held.dossiers
    await Dossier.filter(id=dossier.id).update(overruled=[[OTHER_AGENCY, 1]])
    await tasks.call(Kind.DECIDE, dossier.id, due=datetime.now(UTC))
    left = await desk.since(before)
    item = await the_item(held)
    assert (item.status, item.person) == (ItemStatus.DONE, teacher.personal_number)
    new = await replacing(old)
    assert named(new)["O"] == OTHER_SCHOOL
    assert (new.not_after, new.key_id) == (old.not_after, old.key_id)
    assert revoked_as(desk, old) is x509.ReasonFlags.affiliation_changed
    assert (await Subscriber.get(id=new.subscriber_id)).agency_id == agency.id
    assert SCHOOL not in left.said(OTHER_MAILBOX)
    assert "Thuê bao đã chuyển cơ quan quản lý" in left.said(MAILBOX)
    assert left.recipients == sorted([MAILBOX, OTHER_MAILBOX, teacher.mailbox])


async def test_cut_off_between_the_commits(
    desk: Desk, holders: Holders, form04: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, old = holders.pop()
    calls = count()

    def cut_off_once(*given: Any) -> x509.Certificate:
        if next(calls) == 0:
            raise RuntimeError
        return sign(*given)

    monkeypatch.setattr("bot.procedures.certify.sign", cut_off_once)
    left = await desk.take(a_mail(written(desk, form04, a_row(teacher, old))))
    assert left.statuses == [DossierStatus.COMPLETED]
    new = await replacing(old)
    (burnt,) = await Certificate.filter(replaces=old, status=CertificateStatus.BURNT)
    assert (burnt.key_id, burnt.current_of) == (new.key_id, None)
    assert revoked_as(desk, burnt) is x509.ReasonFlags.unspecified
    assert (await Certificate.get(id=old.id)).status is CertificateStatus.VALID


async def test_of_two_letters_at_once_one_is_done(
    desk: Desk, holders: Holders, form04: bytes
) -> None:
    teacher, old = holders.pop()
    letters = [
        a_mail(written(desk, form04, a_row(teacher, old))),
        a_mail(written(desk, form04, a_row(teacher, old, what="Họ tên", new="Vũ Tuyết"))),
    ]
    left = await desk.take(*letters)
    assert sorted(left.statuses) == [DossierStatus.COMPLETED, DossierStatus.RETURNED]
    await replacing(old)
    items = await Item.filter(dossier_id__in=[one.id for one in left.dossiers])
    assert sorted(item.status for item in items) == [ItemStatus.DONE, ItemStatus.RETURNED]


async def test_what_came_first_stands(
    desk: Desk, holders: Holders, form04: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a row was signed, the certificate stopped being its holder's current one."""
    teacher, old = holders.pop()
    loop = asyncio.get_running_loop()

    def meanwhile(*given: Any) -> x509.Certificate:
        asyncio.run_coroutine_threadsafe(replaced(), loop).result()
        return sign(*given)

    async def replaced() -> None:
        await Certificate.filter(id=old.id).update(current_of=None)

    monkeypatch.setattr("bot.procedures.certify.sign", meanwhile)
    left = await desk.take(a_mail(written(desk, form04, a_row(teacher, old))))
    item = await the_item(left)
    assert (item.status, left.statuses) == (ItemStatus.WITHDRAWN, [DossierStatus.COMPLETED])
    (burnt,) = await Certificate.filter(replaces=old)
    assert (burnt.status, burnt.der) == (CertificateStatus.BURNT, None)
    assert revoked_as(desk, burnt) is x509.ReasonFlags.unspecified
    assert left.recipients == [MAILBOX, MAILBOX]
    assert "không thực hiện 1" in left.said(MAILBOX)
    assert "đã hết hiệu lực hoặc đã được thay thế" in left.said(MAILBOX)


async def test_a_key_that_is_not_the_certificates_is_never_used(
    desk: Desk, holders: Holders, form04: bytes
) -> None:
    teacher, old = holders.pop()
    mine = await SubjectKey.get(id=old.key_id)
    its = await SubjectKey.exclude(id=mine.id).first()
    assert its
    before = await desk.seen()
    await SubjectKey.filter(id=mine.id).update(public_key=its.public_key, blob=its.blob)
    await desk.house.send(written(desk, form04, a_row(teacher, old)))
    for blob in (its.blob, mine.blob):
        await desk.house.quiet()
        assert await Task.filter(kind=Kind.CHANGE, last_error="hsm.wrong_key").exists()
        assert not await Certificate.filter(replaces=old).exists()
        await SubjectKey.filter(id=mine.id).update(public_key=mine.public_key, blob=blob)
        await Task.filter(kind=Kind.CHANGE).update(due_at=datetime.now(UTC))
    left = await desk.since(before)
    assert "hsm.wrong_key" in left.said(OFFICER)
    assert (await replacing(old)).key_id == mine.id


async def test_a_key_below_policy_is_replaced(desk: Desk, holders: Holders, form04: bytes) -> None:
    teacher, old = holders.pop()
    await SubjectKey.filter(id=old.key_id).update(algorithm="rsa-2048")
    left = await desk.take(a_mail(written(desk, form04, a_row(teacher, old))))
    assert left.statuses == [DossierStatus.COMPLETED]
    new = await replacing(old)
    assert new.key_id != old.key_id
    assert public_key(new) != public_key(old)
    assert "khóa mới" in left.said(teacher.mailbox)
