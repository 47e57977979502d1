"""An agency takes back what is not done yet, and nothing else; whatever else goes on meanwhile."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tortoise.transactions import in_transaction

from bot.dossier.application import Application, Source, as_json
from bot.dossier.form import Procedure
from bot.dossier.letter_wish import About, NamedLetter
from bot.dossier.naming import named_dossiers
from bot.errors import Conflict
from bot.outbox.agency_notices import Withdrawn
from bot.procedures import certify, issue
from bot.procedures import withdraw as withdrawal
from bot.procedures.close import close_if_done, report_at_due_time
from bot.procedures.withdraw import withdraw
from bot.register import tasks
from bot.register.lifecycle import (
    CertificateStatus,
    DossierMove,
    DossierStatus,
    ItemStatus,
)
from bot.register.living import StaleState
from bot.register.models import Agency, Certificate, Dossier, Item, Notice, SubjectKey, Task
from bot.register.place import Place
from bot.register.tasks import Kind, Lease
from tests.dossier.builders import a_case, a_row, an_application
from tests.register.rows import (
    NOW,
    a_certificate,
    a_dossier,
    a_key,
    a_subscriber,
    an_account,
    an_agency,
    an_item,
)

OPEN = (ItemStatus.ASKED, ItemStatus.HELD, ItemStatus.ACCEPTED, ItemStatus.PARKED)
CLOSED = (ItemStatus.DONE, ItemStatus.RETURNED)


@pytest.fixture
async def agency(register: Place) -> Agency:
    return await an_agency()


async def a_target(agency: Agency, *rows: ItemStatus, **changes: Any) -> Dossier:
    """An accepted dossier with a row in each of these states."""
    valid: dict[str, Any] = {
        "agency": agency,
        "status": DossierStatus.ACCEPTED,
        "application": as_json(an_application()),
    }
    dossier = await a_dossier(**{**valid, **changes})
    for position, status in enumerate(rows, start=1):
        await an_item(
            dossier=dossier, position=position, status=status, asked=as_json(a_row(position))
        )
    return dossier


async def an_issue(item: Item) -> tuple[Certificate, Lease]:
    """What commit (a) leaves behind, and the right to go on."""
    subscriber = await a_subscriber()
    certificate = await a_certificate(
        item=item, key=await a_key(subscriber=subscriber), subscriber=subscriber,
        for_item=item.id, current_of=subscriber.id,
    )  # fmt: skip
    await tasks.call(Kind.ISSUE, item.id, due=NOW)
    task = await Task.get(kind=Kind.ISSUE, subject=item.id)
    [message] = await tasks.lease(NOW, [Kind.ISSUE.queue], most=1)
    lease = await tasks.begin(message, NOW)
    assert lease
    assert lease.task == task.id
    return certificate, lease


async def rows_of(dossier: Dossier) -> list[Item]:
    return await Item.filter(dossier=dossier).order_by("position")


async def statuses(dossier: Dossier) -> list[ItemStatus]:
    return [item.status for item in await rows_of(dossier)]


def a_letter(*dossiers: str, letters: tuple[NamedLetter, ...] = ()) -> Application:
    return replace(
        an_application(), procedure=Procedure.WITHDRAW, source=Source.LETTER, rows=(),
        about=About.WITHDRAWS, dossiers=dossiers, letters=letters,
    )  # fmt: skip


async def take_back(agency: Agency, *targets: Dossier) -> tuple[Dossier, Withdrawn]:
    """As the decision on a letter that names `targets` does."""
    letter = await a_dossier(agency=agency)
    asked = a_letter(*(one.number for one in targets))
    async with in_transaction():
        case = a_case(application=asked, named=await named_dossiers(letter, asked))
        await letter.make(DossierMove.ACCEPT, because="test", now=NOW)
        await letter.fetch_related("agency", "mail")
        await withdraw(letter, case, (), NOW)
    notice = await Notice.get(key=f"withdrawn:{letter.id}")
    assert notice.recipient == agency.mailbox
    return await Dossier.get(id=letter.id), Withdrawn.read(notice.data)


async def state(dossier: Dossier) -> DossierStatus:
    status: DossierStatus = (await Dossier.get(id=dossier.id)).status
    return status


async def test_what_is_open_is_taken_back_and_what_is_done_stays(agency: Agency) -> None:
    target = await a_target(agency, *OPEN, *CLOSED)
    letter, told = await take_back(agency, target)
    assert await statuses(target) == [ItemStatus.WITHDRAWN] * 4 + list(CLOSED)
    assert letter.status is DossierStatus.COMPLETED
    assert await state(target) is DossierStatus.COMPLETED
    (one,) = told.dossiers
    assert (one.number, one.was_open) == (target.number, True)
    outcomes = [row.outcome for row in one.rows]
    assert outcomes[:4] == ["withdrawn"] * 4
    assert outcomes[5] == "returned"


async def test_a_dossier_of_which_nothing_is_done_is_withdrawn(agency: Agency) -> None:
    target = await a_target(agency, ItemStatus.ASKED, ItemStatus.RETURNED)
    await take_back(agency, target)
    assert await state(target) is DossierStatus.WITHDRAWN
    assert not await Notice.exists(dossier=target, kind="result")


async def test_the_due_time_of_a_withdrawn_dossier_passes_in_silence(agency: Agency) -> None:
    target = await a_target(agency, ItemStatus.ACCEPTED)
    await tasks.call(Kind.RESULT, target.id, due=NOW)
    await take_back(agency, target)
    [message] = [
        one
        for one in await tasks.lease(NOW, [Kind.RESULT.queue], most=9)
        if (await Task.get(id=one.task)).kind == Kind.RESULT
    ]
    lease = await tasks.begin(message, NOW)
    assert lease
    await report_at_due_time(lease, NOW)
    assert not await Notice.exists(dossier=target)


async def test_what_was_not_read_yet_is_not_read_any_more(agency: Agency) -> None:
    target = await a_target(agency, status=DossierStatus.RECEIVED, application=None)
    await tasks.call(Kind.DECIDE, target.id, due=NOW)
    _, told = await take_back(agency, target)
    assert await state(target) is DossierStatus.WITHDRAWN
    assert not await Task.exists(kind=Kind.DECIDE)
    assert told.dossiers[0].rows == ()


@pytest.mark.parametrize("status", [DossierStatus.COMPLETED, DossierStatus.RETURNED])
async def test_of_what_is_closed_it_is_told_that_it_is(
    agency: Agency, status: DossierStatus
) -> None:
    target = await a_target(agency, ItemStatus.RETURNED, status=status)
    _, told = await take_back(agency, target)
    assert await state(target) is status
    assert not told.dossiers[0].was_open


async def test_a_reserved_serial_is_burnt_and_listed_and_its_key_destroyed(agency: Agency) -> None:
    target = await a_target(agency, ItemStatus.ACCEPTED)
    (item,) = await rows_of(target)
    certificate, _ = await an_issue(item)
    await take_back(agency, target)
    burnt = await Certificate.get(id=certificate.id)
    assert burnt.status is CertificateStatus.BURNT
    assert (burnt.for_item, burnt.current_of) == (None, None)
    assert await Task.exists(kind=Kind.PUBLISH, subject=certificate.id)
    assert (await SubjectKey.get(id=certificate.key_id)).blob == b""


async def test_what_was_given_up_is_not_taken_up_again(agency: Agency) -> None:
    target = await a_target(agency, ItemStatus.PARKED)
    (item,) = await rows_of(target)
    await tasks.call(Kind.ISSUE, item.id, due=NOW)
    await Task.filter(kind=Kind.ISSUE).update(parked_at=NOW)
    await take_back(agency, target)
    assert not await Task.exists(kind=Kind.ISSUE)


async def test_nothing_of_another_agency_is_found(agency: Agency) -> None:
    target = await a_target(await an_agency(), ItemStatus.ACCEPTED)
    letter = await a_dossier(agency=agency)
    assert await named_dossiers(letter, a_letter(target.number)) == {}
    number = NamedLetter(an_application().letter.number)
    assert await named_dossiers(letter, a_letter(letters=(number,))) == {}


@pytest.mark.parametrize(
    ("number", "date", "is_found"),
    [
        ("05/THPTCVA-VP", "", True),
        ("5/thptcva-vp", "20/11/2026", True),
        ("05/THPTCVA-VP", "21/11/2026", False),
        ("06/THPTCVA-VP", "", False),
    ],
)
async def test_a_dossier_is_found_by_its_letter(
    agency: Agency, number: str, date: str, is_found: bool
) -> None:
    target = await a_target(agency, ItemStatus.ACCEPTED, ItemStatus.RETURNED)
    letter = await a_dossier(agency=agency)
    named = await named_dossiers(letter, a_letter(letters=(NamedLetter(number, date),)))
    assert [(one.number, one.rows, one.has_returned) for one in named.values()] == (
        [(target.number, 2, True)] if is_found else []
    )


async def test_of_a_letter_sent_twice_the_open_dossier_is_meant(agency: Agency) -> None:
    target = await a_target(agency, status=DossierStatus.HELD)
    await a_target(agency, status=DossierStatus.RETURNED)
    letter = await a_dossier(agency=agency)
    asked = a_letter(letters=(NamedLetter("05/THPTCVA-VP"),))
    (found,) = (await named_dossiers(letter, asked)).values()
    assert found.number == target.number


def a_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


SIGNED = a_signed()


async def hand_over(item: Item, certificate: Certificate, lease: Lease) -> bool:
    """Commit (b) of issue; whether it stood."""
    account = await an_account(subscriber=await certificate.subscriber)
    item = await Item.get(id=item.id).select_related("dossier__agency")
    certificate = await Certificate.get(id=certificate.id).select_related("subscriber")
    try:
        async with in_transaction():
            await certify.hold(item)
            await certify.hand_over(certificate, SIGNED, item, NOW)
            await issue._tell(item.dossier, certificate, account, NOW)
            await close_if_done(item.dossier, NOW)
            await lease.end()
    except Conflict:
        return False
    return True


async def check_that_one_has_been(target: Dossier, is_handed_over: bool) -> None:
    (item,) = await rows_of(target)
    certificate = await Certificate.get(item=item)
    if is_handed_over:
        assert (item.status, certificate.status) == (ItemStatus.DONE, CertificateStatus.VALID)
    else:
        assert item.status is ItemStatus.WITHDRAWN
        assert certificate.status is CertificateStatus.BURNT
        assert certificate.der is None
    told = await Notice.filter(kind="credential", dossier=target).count()
    assert told == int(is_handed_over)


async def test_a_certificate_is_never_handed_over_for_a_withdrawn_row(agency: Agency) -> None:
    target = await a_target(agency, ItemStatus.ACCEPTED)
    (item,) = await rows_of(target)
    certificate, lease = await an_issue(item)
    await take_back(agency, target)
    assert not await hand_over(item, certificate, lease)
    await check_that_one_has_been(target, is_handed_over=False)


async def test_nothing_is_reserved_for_a_withdrawn_row(agency: Agency) -> None:
    target = await a_target(agency, ItemStatus.ACCEPTED)
    (item,) = await rows_of(target)
    certificate, _ = await an_issue(item)
    await take_back(agency, target)
    with pytest.raises(StaleState):
        async with in_transaction():
            await certify.hold(item)
    assert await Certificate.filter(item=item).count() == 1
    assert (await Certificate.get(id=certificate.id)).status is CertificateStatus.BURNT


async def test_a_certificate_that_was_handed_over_stays(agency: Agency) -> None:
    target = await a_target(agency, ItemStatus.ACCEPTED)
    (item,) = await rows_of(target)
    certificate, lease = await an_issue(item)
    assert await hand_over(item, certificate, lease)
    _, told = await take_back(agency, target)
    await check_that_one_has_been(target, is_handed_over=True)
    assert [row.outcome for row in told.dossiers[0].rows] == ["issued"]


@pytest.mark.parametrize("is_withdrawal_first", [True, False])
async def test_whoever_has_the_row_goes_first(
    agency: Agency, is_withdrawal_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first stands in the midst of its transaction."""
    target = await a_target(agency, ItemStatus.ACCEPTED)
    (item,) = await rows_of(target)
    certificate, lease = await an_issue(item)
    amid, go_on = asyncio.Event(), asyncio.Event()

    def standing_still(story: Any) -> Any:
        async def stands(*args: Any, **options: Any) -> Any:
            amid.set()
            await go_on.wait()
            return await story(*args, **options)

        return stands

    stories: list[Any] = [take_back(agency, target), hand_over(item, certificate, lease)]
    ways: list[tuple[Any, str]] = [(withdrawal, "burn_interrupted"), (issue, "intend")]
    if not is_withdrawal_first:
        stories, ways = stories[::-1], ways[::-1]
    module, name = ways[0]
    monkeypatch.setattr(module, name, standing_still(getattr(module, name)))
    one = asyncio.create_task(stories[0])
    await amid.wait()
    other = asyncio.create_task(stories[1])
    for _ in range(200):  # steps, in which it comes as far as it can
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(one, other)
    await check_that_one_has_been(target, is_handed_over=not is_withdrawal_first)


async def test_at_once_one_of_them_has_been(agency: Agency) -> None:
    for pause in (0, 6, 12):
        target = await a_target(agency, ItemStatus.ACCEPTED)
        (item,) = await rows_of(target)
        certificate, lease = await an_issue(item)

        async def later(steps: int, story: Any) -> Any:
            for _ in range(steps):
                await asyncio.sleep(0)
            return await story

        handed, _ = await asyncio.gather(
            later(6, hand_over(item, certificate, lease)),
            later(pause, take_back(agency, target)),
        )
        await check_that_one_has_been(target, is_handed_over=handed)
