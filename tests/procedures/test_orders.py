"""Orders and what they are crossed by: each is obeyed once, or says why not, on both databases."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest
from tortoise.transactions import in_transaction

from bot.dossier.orders import read_order
from bot.errors import Conflict
from bot.outbox.officer_notices import Held, Ordered
from bot.outbox.readable import grouped
from bot.procedures.orders.hearing import Word
from bot.procedures.orders.obeying import obey
from bot.procedures.withdraw import withdraw
from bot.register.audit import Event
from bot.register.counter import Counter
from bot.register.lifecycle import DossierStatus, ItemStatus, Role
from bot.register.models import Agency, Dossier, Hold, Item, Mail, Notice, Officer, Order, Task
from bot.register.place import Place
from bot.register.tasks import Kind
from bot.sections.officers import Officers
from tests.dossier.builders import a_case, a_named
from tests.procedures.office import Office, a_school, at, office
from tests.procedures.test_withdraw import a_letter
from tests.register.rows import NOW, a_dossier, a_mail, an_officer

__all__ = ["office"]  # a fixture

ACCEPTED, HELD, RETURNED = ItemStatus.ACCEPTED, ItemStatus.HELD, ItemStatus.RETURNED
WITHDRAWN = ItemStatus.WITHDRAWN
HEAD = {"title": "Hiệu trưởng"}  # of a row: an officer decides
LATER = NOW + timedelta(hours=1)
SETTINGS = Officers()


@pytest.fixture
async def school(register: Place) -> Agency:
    return await a_school()


@pytest.fixture
async def officer(register: Place) -> Officer:
    certificate = b"of the officer"
    return await an_officer(
        role=Role.DECIDE, certificate=certificate, fingerprint=sha256(certificate).hexdigest()
    )


async def held_letter(office: Office, school: Agency, *rows: dict[str, str]) -> Dossier:
    """A letter that waits, since it says another number of people than it lists."""
    rows = rows or (at(school),)
    dossier = await office.letter(school, *rows, letter_count="9")
    await office.decided(dossier)
    await dossier.refresh_from_db()
    assert dossier.status is DossierStatus.HELD
    return dossier


async def held_rows(office: Office, school: Agency, *others: dict[str, str]) -> Dossier:
    """An accepted letter of which two rows wait."""
    heads = (at(school, 1, **HEAD), at(school, 2, **HEAD))
    dossier = await office.letter(school, *heads, *others)
    await office.decided(dossier)
    return dossier


async def code_of(dossier: Dossier) -> str:
    return grouped((await Hold.get(dossier=dossier, ended_at__isnull=True)).code)


async def give(
    text: str,
    officer: Officer,
    *,
    now: datetime = NOW,
    signed_at: datetime | None = NOW,
    is_trial: bool = False,
) -> str:
    """Let `officer` say `text`; why nothing came of it, as they are told; empty if it was done."""
    mail = await a_mail(received_at=now, is_trial=is_trial)
    word = Word(read_order(text), officer, text=text, signed_at=signed_at)
    async with in_transaction():
        await obey(mail, word, officer, SETTINGS, now)
    notice = await Notice.get(key=f"ordered:{mail.id}")
    assert notice.recipient == officer.mailbox
    order = await Order.get_or_none(mail=mail)
    refused = Ordered.read(notice.data).refused
    assert order is None or order.refused == refused
    return refused


async def state(dossier: Dossier) -> tuple[DossierStatus, list[ItemStatus]]:
    rows = await Item.filter(dossier=dossier).order_by("position")
    return (await Dossier.get(id=dossier.id)).status, [row.status for row in rows]


async def laid_out(dossier: Dossier) -> Held:
    last = await Notice.filter(dossier=dossier, kind="held").order_by("-id").first()
    assert last
    return Held.read(last.data)


async def test_a_held_letter_is_let_pass_and_decided_again(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_letter(office, school, at(school, 1), at(school, 2, **HEAD))
    told = await laid_out(dossier)
    assert (told.is_letter, [row.position for row in told.rows]) == (True, [1, 2])
    assert told.sources["letter.count_differs"] == "Quy tắc xử lý hồ sơ của hệ thống"
    assert {one.signed_at for one in told.signatures} == {NOW}
    assert await give(f"DUYỆT {dossier.number} {await code_of(dossier)} dòng 1", officer) == ""
    await office.decided(dossier)
    assert await state(dossier) == (DossierStatus.ACCEPTED, [ACCEPTED, HELD])
    assert (await laid_out(dossier)).is_letter is False
    assert await give(f"DUYỆT {dossier.number} {await code_of(dossier)}", officer) == ""
    await office.decided(dossier)
    assert await state(dossier) == (DossierStatus.ACCEPTED, [ACCEPTED, ACCEPTED])
    assert await Task.filter(kind=Kind.ISSUE).count() == 2
    assert not await Hold.exists(ended_at__isnull=True)
    await dossier.refresh_from_db()
    assert dossier.overruled == [
        ["letter.count_differs", 1], ["letter.count_differs", 2], ["row.title.excluded", 2],
    ]  # fmt: skip
    assert dossier.letter_key


async def test_rows_of_a_held_letter_that_are_not_named_wait_on(
    school: Agency, office: Office, officer: Officer
) -> None:
    """What holds the letter is let pass for the rows that the officer named, and for no other."""
    rows = [at(school, 1), at(school, 2), at(school, 3, **HEAD)]
    dossier = await held_letter(office, school, *rows)
    assert await give(f"DUYỆT {dossier.number} {await code_of(dossier)} dòng 1", officer) == ""
    await office.decided(dossier)
    assert await state(dossier) == (DossierStatus.ACCEPTED, [ACCEPTED, HELD, HELD])
    told = await laid_out(dossier)
    assert [(one.code, one.position) for one in told.faults] == [
        ("letter.count_differs", 2), ("letter.count_differs", 3), ("row.title.excluded", 3),
    ]  # fmt: skip
    assert await give(f"DUYỆT {dossier.number} {await code_of(dossier)} dòng 2", officer) == ""
    await office.decided(dossier)
    assert await state(dossier) == (DossierStatus.ACCEPTED, [ACCEPTED, ACCEPTED, HELD])
    line = f"TRẢ LẠI {dossier.number} {await code_of(dossier)} dòng 3: Không thuộc đối tượng."
    assert await give(line, officer) == ""
    assert (await state(dossier))[1] == [ACCEPTED, ACCEPTED, RETURNED]


async def test_what_comes_back_anyway_comes_back(
    school: Agency, office: Office, officer: Officer
) -> None:
    """Meanwhile another letter for the same person went on."""
    dossier = await held_letter(office, school)
    other = await office.letter(school, at(school))
    await office.decided(other)
    assert await give(f"DUYỆT {dossier.number} {await code_of(dossier)}", officer) == ""
    await office.decided(dossier)
    assert await state(dossier) == (DossierStatus.RETURNED, [RETURNED])
    returned = await Notice.get(dossier=dossier, kind="returned")
    assert "row.person.under_way" in {fault["code"] for fault in returned.data["faults"]}
    assert not await Hold.exists(ended_at__isnull=True)


async def test_what_is_doubtful_in_another_way_is_held_again(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_letter(office, school)
    code = await code_of(dossier)
    assert await give(f"DUYỆT {dossier.number} {code}", officer) == ""
    await Dossier.filter(id=dossier.id).update(overruled=[])  # as if another fault had held it
    await office.decided(dossier)
    assert (await state(dossier))[0] is DossierStatus.HELD
    assert await code_of(dossier) != code
    assert await Event.exists(chain=f"dossier:{dossier.id}", code="dossier.hold_again")


async def test_rows_come_back_one_by_one_and_in_the_end_the_letter(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_letter(office, school, at(school, 1), at(school, 2))
    line = f"TRẢ LẠI {dossier.number} {await code_of(dossier)} dòng 2: Không đúng đơn vị."
    assert await give(line, officer) == ""
    assert await state(dossier) == (DossierStatus.HELD, [ItemStatus.ASKED, RETURNED])
    line = f"TRẢ LẠI {dossier.number} {await code_of(dossier)} dòng 1: Cũng vậy."
    assert await give(line, officer) == ""
    assert await state(dossier) == (DossierStatus.RETURNED, [RETURNED, RETURNED])
    notices = await Notice.filter(dossier=dossier, kind="returned").order_by("id")
    assert [one.data["faults"][0]["text"] for one in notices] == [
        "Không đúng đơn vị.", "Cũng vậy.",
    ]  # fmt: skip
    assert [one.data["faults"][0]["position"] for one in notices] == [2, None]
    assert [bool(one.data["due"]) for one in notices] == [True, False]


async def test_held_rows_that_come_back_end_their_dossier(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_rows(office, school)
    line = f"TRẢ LẠI {dossier.number} {await code_of(dossier)}: Người có thẩm quyền."
    assert await give(line, officer) == ""
    assert await state(dossier) == (DossierStatus.COMPLETED, [RETURNED, RETURNED])
    assert await Notice.exists(dossier=dossier, kind="result")


async def test_why_it_waits_on_is_told_with_a_new_code(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_rows(office, school)
    code = await code_of(dossier)
    assert await give(f"GIỮ {dossier.number} {code}: Chờ Sở.", officer) == ""
    told = await laid_out(dossier)
    assert (told.kept, told.code) == ("Cán bộ: Chờ Sở.", await code_of(dossier))
    assert await give(f"DUYỆT {dossier.number} {code}", officer) == "order.code_used"


async def test_who_only_watches_gets_no_code(
    school: Agency, office: Office, officer: Officer
) -> None:
    watcher = await an_officer(role=Role.WATCH)
    dossier = await held_rows(office, school)
    told = {one.recipient: one.data["code"] for one in await Notice.filter(kind="held")}
    assert told == {officer.mailbox: await code_of(dossier), watcher.mailbox: ""}


async def test_orders_that_are_none_leave_everything_as_it_is(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier, other = await held_letter(office, school), await held_rows(office, school)
    code, theirs = await code_of(dossier), await code_of(other)
    watcher = await an_officer(role=Role.WATCH, fingerprint="0" * 64)
    former = await an_officer(role=Role.GOVERN, until=NOW, fingerprint="1" * 64)
    line = f"DUYỆT {dossier.number} {code}"
    old = NOW - timedelta(days=SETTINGS.code_days, minutes=1)
    before = await state(dossier), await state(other)
    say = partial(give, officer=officer)
    assert {
        "unknown dossier": await say(f"DUYỆT HS-2026-999999 {code}"),
        "unknown code": await say(f"DUYỆT {dossier.number} AAAA-2222"),
        "another's code": await say(f"DUYỆT {dossier.number} {theirs}"),
        "rows": await say(f"{line} dòng 1, 2"),
        "unknown proposal": await say(f"DUYỆT DX-2026-000001 {code}"),
        "no reason": await say(f"TRẢ LẠI {dossier.number} {code}"),
        "no order": await say("Xin chào"),
        "undated": await say(line, signed_at=None),
        "old": await say(line, signed_at=old),
        "early": await say(line, signed_at=NOW + timedelta(hours=7, minutes=2)),
        "tried out": await say(line, is_trial=True),
        "watcher": await give(line, watcher),
        "former": await give(line, former),
        "propose": await say("ĐỀ NGHỊ agency\n{}"),
    } == {
        "unknown dossier": "order.dossier",
        "unknown code": "order.code_unknown",
        "another's code": "order.code_other",
        "rows": "order.rows_other",
        "unknown proposal": "order.proposal",
        "no reason": "order.reason",
        "no order": "order.none",
        "undated": "order.undated",
        "old": "order.old",
        "early": "order.early",
        "tried out": "order.trial",
        "watcher": "order.not_allowed",
        "former": "officer.not_in_force",
        "propose": "officer.role",
    }
    assert (await state(dossier), await state(other)) == before
    assert (await code_of(dossier), await code_of(other)) == (code, theirs)
    assert not await Task.exists(kind=Kind.DECIDE)
    events = await Event.filter(chain=officer.chain).order_by("sequence")
    assert {one.code for one in events} == {"order.refused", "order.misread"}
    assert all(one.details["mail"] for one in events)


async def test_a_time_written_as_if_it_were_utc_is_no_lie(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_letter(office, school)
    line = f"DUYỆT {dossier.number} {await code_of(dossier)}"
    assert await give(line, officer, signed_at=NOW + timedelta(hours=7)) == ""


async def test_the_same_word_in_another_mail_counts_once(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_letter(office, school)
    line = f"GIỮ {dossier.number} {await code_of(dossier)}: Chờ."
    mails = [await a_mail(received_at=NOW) for _ in range(2)]
    word = Word(read_order(line), officer, text=line, signed_at=NOW)

    async def come(mail: Mail) -> None:
        async with in_transaction():
            await obey(mail, word, officer, SETTINGS, NOW)

    await asyncio.gather(*map(come, mails))
    assert sorted([one.refused for one in await Order.all()]) == ["", "order.replayed"]
    assert await give(line, officer, signed_at=LATER - timedelta(minutes=59)) == "order.code_used"


async def test_what_was_only_tried_out_may_come_in_earnest(
    school: Agency, office: Office, officer: Officer
) -> None:
    """One mail to both mailboxes, or sent to the other by somebody who has read it."""
    dossier = await held_letter(office, school)
    line = f"GIỮ {dossier.number} {await code_of(dossier)}: Chờ."
    for is_trial, refused in ((True, "order.trial"), (False, ""), (True, "order.trial")):
        assert await give(line, officer, is_trial=is_trial) == refused
    assert await give(line, officer) == "order.replayed"


async def test_an_expired_code_brings_a_new_one(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_letter(office, school)
    code = await code_of(dossier)
    late = NOW + timedelta(days=SETTINGS.code_days)
    line = f"DUYỆT {dossier.number} {code}"
    assert await give(line, officer, now=late, signed_at=late) == "order.code_expired"
    assert await code_of(dossier) not in (code, "")
    assert (await laid_out(dossier)).code == await code_of(dossier)


async def test_nothing_is_ordered_of_what_waits_no_more(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_rows(office, school)
    line = f"DUYỆT {dossier.number} {await code_of(dossier)}"
    await Item.filter(dossier=dossier).update(status=WITHDRAWN)
    assert await give(line, officer) == "order.nothing_waits"


async def test_of_orders_that_cross_one_is_obeyed(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_letter(office, school)
    code = await code_of(dossier)
    no = give(f"TRẢ LẠI {dossier.number} {code}: Không.", officer)
    refused = await asyncio.gather(give(f"DUYỆT {dossier.number} {code}", officer), no)
    assert sorted(refused) == ["", "order.code_used"]
    is_accepted = refused[0] == ""
    assert await Task.exists(kind=Kind.DECIDE, subject=dossier.id) is is_accepted
    expected = (DossierStatus.HELD, [ItemStatus.ASKED])
    if not is_accepted:
        expected = (DossierStatus.RETURNED, [RETURNED])
    assert await state(dossier) == expected


@pytest.mark.parametrize("is_order_first", [True, False, None])
async def test_an_order_and_a_withdrawal_cross(
    school: Agency, office: Office, officer: Officer, is_order_first: bool | None
) -> None:
    """Whichever goes first, or both at once: what is taken back is not decided."""
    dossier = await held_letter(office, school)
    line = f"DUYỆT {dossier.number} {await code_of(dossier)}"
    steps = [give(line, officer), take_back(school, dossier)]
    if is_order_first is None:
        refused, _ = await asyncio.gather(*steps)
    else:
        results = {at: await steps[at] for at in ((0, 1) if is_order_first else (1, 0))}
        refused = results[0]
    assert refused in ("", "order.code_used")
    assert not await Hold.exists(dossier=dossier, ended_at__isnull=True)
    assert await state(dossier) == (DossierStatus.WITHDRAWN, [WITHDRAWN])
    assert not await Task.exists(kind=Kind.DECIDE)


async def take_back(school: Agency, target: Dossier) -> None:
    """As the decision on a letter that names `target` does, one at a time."""
    letter = await a_dossier(agency=school, status=DossierStatus.ACCEPTED)
    named = {target.number: a_named(id=target.id, number=target.number)}
    case = a_case(application=a_letter(target.number), named=named)
    await letter.fetch_related("agency", "mail")
    async with in_transaction():
        await Counter.one_at_a_time("decisions")
        await withdraw(letter, case, (), NOW)


async def test_a_decision_meets_a_withdrawal_that_came_after_the_order(
    school: Agency, office: Office, officer: Officer
) -> None:
    dossier = await held_letter(office, school)
    assert await give(f"DUYỆT {dossier.number} {await code_of(dossier)}", officer) == ""
    decided, _ = await asyncio.gather(
        office.decided(dossier), take_back(school, dossier), return_exceptions=True
    )
    # where the withdrawal was first, it has taken the task away
    assert isinstance(decided, list | Conflict)
    assert await state(dossier) == (DossierStatus.WITHDRAWN, [WITHDRAWN])
