"""What officers sign, and who asks where a dossier stands: from mail to mail."""

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec

from bot.outbox.readable import grouped
from bot.procedures.doubts import look_again
from bot.register import audit
from bot.register.audit import Event
from bot.register.lifecycle import Capacity, DossierStatus, ItemStatus, MailStatus, Role
from bot.register.models import Agency, AgencySigner, Dossier, Hold, Item, Officer, Order, Task
from bot.register.tasks import Kind
from demo.foreign import Service, Signer
from demo.school import CODE, MAILBOX, School
from demo.smime import sealed
from tests.dossiers.desk import Desk, Left
from tests.house import OFFICER, OFFICIAL, a_mail, register_officer, register_signer

pytestmark = pytest.mark.asyncio(loop_scope="module")

DECIDER, ELSEWHERE = "quyet-dinh@ca.example.gov.vn", "ai-do@gmail.com"
NOTHING = "KHÔNG CÓ GÌ ĐƯỢC THỰC HIỆN"
SHOWN = re.compile(r"Mã quyết định: (\S+)")


def somebody(desk: Desk, name: str) -> Signer:
    return desk.house.pki.signer(name, key=ec.generate_private_key(ec.SECP256R1()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(standing: Desk) -> Signer:
    """Somebody who decides."""
    signer = somebody(standing, "Trần Thị Định")
    now = datetime.now(UTC)
    await register_officer(now, mailbox=DECIDER, role=Role.DECIDE, signer=signer, name="Bà Định")
    return signer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clerk(standing: Desk) -> Signer:
    signer = somebody(standing, "Lê Thị Văn Thư")
    since = datetime.now(UTC) - timedelta(days=1)
    await register_signer(await Agency.get(code=CODE), signer, Capacity.CLERK, since)
    return signer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def waiting(standing: Desk, officer: Signer) -> Dossier:
    """A dossier that waits, whatever is tried: its letter came from elsewhere."""
    left = await standing.take(a_mail(standing.letter(), sender=ELSEWHERE), sender=ELSEWHERE)
    return left.dossiers[0]


def a_note(text: str, kind: str = "plain", **headers: str) -> EmailMessage:
    """A mail that says `text`, and brings nothing."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ELSEWHERE, OFFICIAL, "Quyết định"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text, subtype=kind)
    return mail


def signed(text: str, by: Signer, kind: str = "plain", **headers: str) -> bytes:
    return sealed(a_note(text, kind, **headers), by)


async def code_of(dossier: Dossier) -> str:
    return grouped((await Hold.get(dossier=dossier, ended_at__isnull=True)).code)


async def accepting(dossier: Dossier) -> str:
    """The line that accepts it."""
    return f"DUYỆT {dossier.number} {await code_of(dossier)}"


async def status_of(dossier: Dossier) -> DossierStatus:
    status: DossierStatus = (await Dossier.get(id=dossier.id)).status
    return status


async def test_a_held_dossier_is_laid_out_accepted_and_issued(desk: Desk, officer: Signer) -> None:
    teacher = desk.teacher()
    left = await desk.take(a_mail(desk.letter(teacher), sender=ELSEWHERE), sender=ELSEWHERE)
    (dossier,) = left.dossiers
    assert left.statuses == [DossierStatus.HELD]
    assert left.recipients == sorted([MAILBOX, OFFICER, DECIDER])
    line, told = await accepting(dossier), left.said(DECIDER)
    for words in (
        f"Thủ tục: cấp mới Văn bản đề nghị số: {dossier.application['letter']['number']}",
        "[mail.from] Lý do: Thư không được gửi từ hộp thư đã đăng ký",
        "Căn cứ: RFC 5322 3.6.2",
        f"Dòng số 1: {teacher.full_name}",
        "hợp lệ; đăng ký với tư cách người có thẩm quyền",
        "NGƯỜI ĐƯỢC KÝ CHO CƠ QUAN",
        line,
        f"bot dossier accept {dossier.number}",
    ):
        assert words in told
    assert not SHOWN.search(left.said(OFFICER))  # who only watches
    obeyed = await desk.take(signed(f"{line}\n\nTrân trọng\n> {line}", officer))
    assert await status_of(dossier) is DossierStatus.COMPLETED
    assert obeyed.made == 4
    assert obeyed.recipients == sorted([DECIDER, MAILBOX, teacher.mailbox])
    assert NOTHING not in obeyed.said(DECIDER)
    assert "Cán bộ tiếp nhận đã xem xét và chấp nhận điểm này." in obeyed.said(MAILBOX)
    (mail,) = obeyed.mails
    assert (mail.status, mail.because) == (MailStatus.IDENTIFIED, "order")
    order = await Order.get(mail=mail).prefetch_related("officer", "hold")
    assert (order.verb, order.refused, order.hold.dossier_id) == ("accept", "", dossier.id)
    event = await Event.get(chain=f"dossier:{dossier.id}", code="order.accept")
    assert event.details == {
        "officer": order.officer.id, "order": order.id, "mail": mail.digest,
    }  # fmt: skip
    theirs = await Event.get(chain=order.officer.chain, subject=order.id)
    assert theirs.details == {"mail": mail.digest, "about": dossier.number}
    for chain in (f"dossier:{dossier.id}", order.officer.chain):
        assert [one async for one in audit.broken(chain)] == []


async def test_one_row_is_accepted_and_the_other_comes_back(desk: Desk, officer: Signer) -> None:
    heads = [desk.teacher(title="Hiệu trưởng") for _ in range(2)]
    left = await desk.take(a_mail(desk.letter(*heads)))
    (dossier,) = left.dossiers
    assert "DÒNG ĐANG CHỜ (2)" in left.said(DECIDER)
    await desk.take(signed(f"{await accepting(dossier)} dòng 1", officer))
    items = await Item.filter(dossier=dossier).order_by("position")
    assert [item.status for item in items] == [ItemStatus.DONE, ItemStatus.HELD]
    reason = "Là <b>người</b> có {{ thẩm quyền }}: trả lại."
    line = f"tra lai {dossier.number.lower()} {await code_of(dossier)}: {reason}"
    returned = await desk.take(signed(line, officer))
    assert await status_of(dossier) is DossierStatus.COMPLETED
    assert returned.recipients == sorted([DECIDER, MAILBOX, MAILBOX])
    assert f"Sai sót: {reason}" in returned.said(MAILBOX)
    pages = [mail.get_body(("html",)) for mail in returned.told]
    assert any(page and "&lt;b&gt;người&lt;/b&gt;" in page.get_content() for page in pages)


async def require_nothing(desk: Desk, raw: bytes, dossier: Dossier, why: str) -> None:
    """The officer is told why, and all is as it was."""
    code = await code_of(dossier)
    left = await desk.take(raw)
    assert (left.recipients, left.dossiers, left.made) == ([DECIDER], [], 0)
    assert NOTHING in left.said(DECIDER)
    assert f"[{why}]" in left.said(DECIDER)
    assert [(mail.status, mail.because) for mail in left.mails] == [
        (MailStatus.IDENTIFIED, "order")
    ]
    assert await code_of(dossier) == code


async def test_only_the_first_line_counts(desk: Desk, officer: Signer, waiting: Dossier) -> None:
    line = await accepting(waiting)
    html = signed(f"<p>{line}</p>", officer, "html")
    for raw in (html, *(signed(text, officer) for text in (f"> {line}", f"Kính gửi\n{line}"))):
        await require_nothing(desk, raw, waiting, "order.none")


async def test_a_word_is_heard_once(desk: Desk, officer: Signer, waiting: Dossier) -> None:
    raw = signed(f"GIỮ {waiting.number} {await code_of(waiting)}: Chờ.", officer)
    left = await desk.take(raw)
    assert left.recipients == sorted([DECIDER, DECIDER, OFFICER])
    assert "Lý do giữ: Bà Định: Chờ." in left.said(DECIDER)
    again = raw.replace(b"From: ", b"Received: from x\r\nFrom: ", 1)
    await require_nothing(desk, again, waiting, "order.replayed")
    same = await desk.take(raw, new=False)  # the very same bytes are the same mail
    assert (same.told, same.dossiers) == ([], [])


async def test_nobody_else_orders_anything(
    desk: Desk, officer: Signer, clerk: Signer, waiting: Dossier
) -> None:
    line = await accepting(waiting)
    altered = signed(line, officer).replace(waiting.number.encode(), b"HS-2026-000001")
    for mail, status in (
        (a_note(line), MailStatus.IGNORED),
        (altered, MailStatus.IGNORED),
        (signed(line, somebody(desk, "Ai Đó")), MailStatus.HELD),
        (signed(line, clerk), MailStatus.IDENTIFIED),  # an agency's mail without a letter
    ):
        left = await desk.take(mail)
        assert [one.status for one in left.mails] == [status]
        assert DECIDER not in left.recipients or status is MailStatus.HELD
    revoked = somebody(desk, "Nguyễn Thị Hủy")
    desk.house.pki.revoke(revoked.certificate)
    now, theirs = datetime.now(UTC), "huy@ca.example.gov.vn"
    entry = await register_officer(now, mailbox=theirs, role=Role.DECIDE, signer=revoked)
    left = await desk.take(signed(line, revoked))
    assert left.recipients == [theirs]
    assert "[certificate.revoked]" in left.said(theirs)
    await Officer.filter(id=entry.id).update(until=now)  # is told of nothing more
    assert await status_of(waiting) is DossierStatus.HELD
    assert line == await accepting(waiting)


async def test_an_order_waits_until_its_signer_can_be_checked(desk: Desk, waiting: Dossier) -> None:
    signer, pki = somebody(desk, "Đinh Văn Chờ"), desk.house.pki
    now, theirs = datetime.now(UTC), "cho@ca.example.gov.vn"
    entry = await register_officer(now, mailbox=theirs, role=Role.DECIDE, signer=signer)
    pki.ocsp_service = pki.crl_service = Service.DOWN
    before = await desk.seen()
    await desk.house.submit(signed(f"GIỮ {waiting.number} {await code_of(waiting)}: Chờ.", signer))
    await desk.settle()
    task = await Task.get(kind=Kind.IDENTIFY)
    assert (task.last_error, task.attempts) == ("revocation.unknown", 0)
    assert not await Order.exists(officer=entry)
    pki.ocsp_service = pki.crl_service = Service.UP
    await Task.filter(id=task.id).update(due_at=now)
    left = await desk.since(before)
    assert left.recipients == sorted([theirs, theirs, DECIDER, OFFICER])
    assert (await Order.get(officer=entry)).refused == ""
    await Officer.filter(id=entry.id).update(until=now)


async def test_a_machine_of_an_officers_is_not_answered(
    desk: Desk, officer: Signer, waiting: Dossier
) -> None:
    text = f"TRA CỨU {waiting.number}"
    left: Left = await desk.take(signed(text, officer, Auto_Submitted="auto-replied"))
    assert left.is_silent()


async def test_where_a_dossier_stands(
    desk: Desk, officer: Signer, clerk: Signer, waiting: Dossier
) -> None:
    """Whoever From is: the agency's registered mailbox hears, and the officer's."""
    asks = f"Tra cứu {waiting.number}"
    for signer, mailbox in ((clerk, MAILBOX), (officer, DECIDER)):
        left = await desk.take(signed(asks, signer))
        assert (left.recipients, left.dossiers) == ([mailbox], [])
        assert [(one.status, one.because) for one in left.mails] == [
            (MailStatus.IDENTIFIED, "inquiry")
        ]
        told = left.said(mailbox)
        assert f"Số hồ sơ: {waiting.number}" in told
        assert "Tình trạng: cán bộ đang xem xét" in told
        assert "Thời hạn trả kết quả: chậm nhất" in told
        assert "CÁC DÒNG (1): đang xem xét 1" in told
        assert "Tiếp nhận, cấp số hồ sơ" in told
        assert (
            left.told[0]["In-Reply-To"] == left.mails[0].message_id or not left.mails[0].message_id
        )


async def test_another_agencys_dossier_is_as_none(
    desk: Desk, officer: Signer, clerk: Signer, waiting: Dossier
) -> None:
    other = await Agency.create(
        code="khac", name="Trường khác", province="Hà Nội", organization="Trường khác",
        mailbox="khac@moet.edu.vn", registered_at=datetime.now(UTC),
    )  # fmt: skip
    stranger = somebody(desk, "Văn thư trường khác")
    await register_signer(other, stranger, Capacity.CLERK, datetime.now(UTC) - timedelta(days=1))
    seen = []
    for number in (waiting.number, "HS-2026-999999"):
        left = await desk.take(signed(f"TRA CỨU {number}", stranger))
        assert left.recipients == [other.mailbox]
        seen.append(left.said(other.mailbox).replace(number, "N"))
    assert seen[0] == seen[1]
    assert "Không có hồ sơ số N của cơ quan" in seen[0]
    left = await desk.take(signed("Tra cứu giúp chúng tôi", stranger))
    assert "Không đọc được số hồ sơ" in left.said(other.mailbox)


async def test_what_is_written_beside_a_letter_is_no_word(
    desk: Desk, officer: Signer, clerk: Signer
) -> None:
    for text, signer in (("TRA CỨU HS-2026-000001", clerk), ("Đề nghị cấp chứng thư", officer)):
        mail = a_mail(desk.letter())
        body = mail.get_body(("plain",))
        assert body
        body.set_content(text)
        left = await desk.take(sealed(mail, signer))
        assert left.statuses == [DossierStatus.COMPLETED]


async def test_a_held_mail_is_looked_at_again_once_its_signers_are_registered(desk: Desk) -> None:
    new = School(somebody(desk, "Ngô Văn Mới"), somebody(desk, "Con dấu mới"))
    left = await desk.take(a_mail(desk.letter(by=new)))
    assert [mail.status for mail in left.mails] == [MailStatus.HELD]
    agency, now = await Agency.get(code=CODE), datetime.now(UTC)
    before = await desk.seen()
    for signer, capacity in ((new.leader, Capacity.LEADER), (new.seal, Capacity.ORGANISATION)):
        await register_signer(agency, signer, capacity, now - timedelta(days=1))
    for entry in await AgencySigner.filter(agency=agency).order_by("-id").limit(2):
        await look_again(entry.fingerprint, now)
    after = await desk.since(before)
    assert after.statuses == [DossierStatus.COMPLETED]
    await left.mails[0].refresh_from_db()
    assert left.mails[0].status is MailStatus.IDENTIFIED
