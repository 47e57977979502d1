"""Registers full of plausible rows, written in bulk: what an authority has after some years."""

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.dossier.application import Application, as_json
from bot.dossier.form import FORM
from bot.dossier.form01 import FORM_01
from bot.dossier.letter import read_form
from bot.register import audit, tasks
from bot.register.audit import Event, digest_of
from bot.register.counter import Counter
from bot.register.lifecycle import (
    AccountStatus,
    Capacity,
    CertificateStatus,
    Channel,
    DossierStatus,
    ItemStatus,
    MailStatus,
    NoticeStatus,
)
from bot.register.models import (
    Account,
    Agency,
    AgencySigner,
    Attempt,
    Certificate,
    Dossier,
    Inbound,
    Item,
    Mail,
    Notice,
    SubjectKey,
    Subscriber,
)
from demo.school import Teacher, letter

ROWS = 10  # of a letter
BATCH = 500  # rows of one statement
AGENCIES = 200
BEGAN = datetime(2024, 1, 8, 2, 0, tzinfo=UTC)
SIZE = 1_000  # bytes of a certificate


async def agencies(count: int = AGENCIES) -> list[Agency]:
    """Agencies with a leader and a seal each; the same ones when asked again."""
    mine = Agency.filter(code__startswith="thpt-so-").order_by("id")
    if standing := await mine:
        return standing
    made = [
        Agency(
            code=f"thpt-so-{number}",
            name=f"Trường THPT số {number}",
            province="Hà Nội",
            organization="Sở Giáo dục và Đào tạo Hà Nội",
            units=[f"Trường THPT số {number}"],
            mailbox=f"thpt{number}@hanoiedu.edu.vn",
            domains=["hanoiedu.edu.vn"],
            registered_at=BEGAN,
        )
        for number in range(count)
    ]
    await Agency.bulk_create(made, batch_size=BATCH)
    standing = await mine
    signers = [
        AgencySigner(
            agency_id=agency.id, fingerprint=secrets.token_hex(32), certificate=b"der" * 300,
            name=agency.name, capacity=capacity, since=BEGAN,
        )
        for agency in standing
        for capacity in (Capacity.LEADER, Capacity.ORGANISATION)
    ]  # fmt: skip
    await AgencySigner.bulk_create(signers, batch_size=BATCH)
    return standing


async def accepted(count: int) -> None:
    """`count` vetted rows that wait for the CA, ten a letter, with their tasks."""
    among = await agencies()
    first = 1 + await Item.all().count()
    opened = await _dossiers(among, first, count, DossierStatus.ACCEPTED)
    items = await _items(opened, first, count, ItemStatus.ACCEPTED)
    await tasks.call_all(tasks.Kind.ISSUE, [item.id for item in items], due=datetime.now(UTC))


async def issued(count: int) -> None:
    """`count` people with a certificate each, and all that was written on the way there."""
    among = await agencies()
    first = 1 + await Item.all().count()
    closed = await _dossiers(among, first, count, DossierStatus.COMPLETED)
    items = await _items(closed, first, count, ItemStatus.DONE)
    holders = await _subscribers(among, items)
    certificates = await _certificates(items, holders)
    await _notices(closed, items, holders)
    await _events(closed, items, certificates)


async def short_messages(count: int) -> None:
    """What people wrote to us."""
    await Inbound.bulk_create(
        [
            Inbound(
                reference=f"SM{secrets.token_hex(16)}", sender=_mobile(number), text="TRACUU",
                received_at=_day(number),
            )
            for number in range(count)
        ],
        batch_size=BATCH,
    )  # fmt: skip


def _day(number: int) -> datetime:
    return BEGAN + timedelta(minutes=5 * number)


def _mobile(number: int) -> str:
    return f"+849{number % 100_000_000:08}"


def _teacher(number: int) -> Teacher:
    return Teacher(
        full_name="Nguyễn Thị Hồng Hạnh",
        birth_date="12/03/1988",
        personal_number=f"001188{number:06}",
        mailbox=f"nthhanh{number}@hanoiedu.edu.vn",
        mobile=f"0{_mobile(number).removeprefix('+84')}",
    )


def _application(first: int, count: int) -> Application:
    """A letter for the people `first` and after, as it was read."""
    teachers = tuple(_teacher(number) for number in range(first, first + count))
    values = {FORM: FORM_01.version, **letter(teachers, date(2024, 1, 8), f"{first}/THPT-VP")}
    application = read_form(values)
    assert application is not None
    return application


async def _dossiers(
    among: Sequence[Agency], first: int, count: int, status: DossierStatus
) -> list[Dossier]:
    starts = range(first, first + count, ROWS)
    mails = [
        Mail(
            digest=secrets.token_hex(32), size=700_000, mailbox="hoso@ca.example.gov.vn",
            envelope_from="vanthu@hanoiedu.edu.vn", received_at=_day(start),
            message_id=f"<{start}@hanoiedu.edu.vn>", status=MailStatus.IDENTIFIED,
            because="signer.registered",
        )
        for start in starts
    ]  # fmt: skip
    mails = await _written(Mail, mails)
    dossiers = []
    for start, mail in zip(starts, mails, strict=True):
        application = _application(start, min(ROWS, first + count - start))
        agency = among[start // ROWS % len(among)]
        dossiers.append(
            Dossier(
                number=f"HS-{start:09}", mail_id=mail.id, place=f"{mail.id}/{mail.digest}",
                agency_id=agency.id, letter_digest=mail.digest,
                letter_key=f"{agency.id}/2024/{start}/thpt-vp", status=status,
                received_at=mail.received_at, due_at=mail.received_at + timedelta(days=3),
                application=as_json(application),
                receiver_mobile=_mobile(start),
                verdicts=[{"indication": "TOTAL-PASSED"}] * 2,
            )
        )  # fmt: skip
    return await _written(Dossier, dossiers)


async def _items(
    dossiers: Sequence[Dossier], first: int, count: int, status: ItemStatus
) -> list[Item]:
    items = []
    for number in range(count):
        dossier, position = dossiers[number // ROWS], 1 + number % ROWS
        asked = dossier.application["rows"][position - 1]
        items.append(
            Item(
                dossier_id=dossier.id, position=position, place=f"{dossier.id}/{position}",
                status=status, asked=asked, person=asked["personal_number"]["value"],
                mailbox=asked["mailbox"]["value"],
            )
        )  # fmt: skip
    return await _written(Item, items)


async def _subscribers(among: Sequence[Agency], items: Sequence[Item]) -> list[Subscriber]:
    holders = [
        Subscriber(
            personal_number=item.person, full_name="Nguyễn Thị Hồng Hạnh", mailbox=item.mailbox,
            mobile=_mobile(item.id), agency_id=among[item.id // ROWS % len(among)].id,
        )
        for item in items
    ]  # fmt: skip
    holders = await _written(Subscriber, holders)
    accounts = [
        Account(subscriber_id=one.id, login=one.mailbox, status=AccountStatus.ACTIVE, attempt=1)
        for one in holders
    ]
    await Account.bulk_create(accounts, batch_size=BATCH)
    return holders


async def _certificates(items: Sequence[Item], holders: Sequence[Subscriber]) -> list[Certificate]:
    keys = [
        SubjectKey(
            subscriber_id=holder.id, algorithm="ec-p256", public_key=secrets.token_bytes(91),
            fingerprint=secrets.token_hex(32), blob=secrets.token_bytes(80),
            made_at=_day(item.id),
        )
        for item, holder in zip(items, holders, strict=True)
    ]  # fmt: skip
    keys = await _written(SubjectKey, keys)
    certificates = [
        Certificate(
            item_id=item.id, key_id=key.id, subscriber_id=key.subscriber_id, for_item=item.id,
            current_of=key.subscriber_id, serial=secrets.token_hex(20),
            status=CertificateStatus.VALID, tbs=secrets.token_bytes(SIZE),
            der=secrets.token_bytes(SIZE), not_before=_day(item.id),
            not_after=_day(item.id) + timedelta(days=3 * 365),
        )
        for item, key in zip(items, keys, strict=True)
    ]  # fmt: skip
    return await _written(Certificate, certificates)


async def _notices(
    dossiers: Sequence[Dossier], items: Sequence[Item], holders: Sequence[Subscriber]
) -> None:
    """Receipt and result of each letter; credential and passcode of each person."""
    told = [
        _notice(f"{kind}:{dossier.id}", kind, Channel.EMAIL, "thpt@hanoiedu.edu.vn", dossier.id)
        for dossier in dossiers
        for kind in ("receipt", "result")
    ]
    for item, holder in zip(items, holders, strict=True):
        told.append(
            _notice(
                f"credential:{item.id}",
                "credential",
                Channel.EMAIL,
                holder.mailbox,
                item.dossier_id,
            )
        )
        told.append(
            _notice(f"passcode:{item.id}", "passcode", Channel.SMS, holder.mobile, item.dossier_id)
        )
    told = await _written(Notice, told)
    attempts = [
        Attempt(
            notice_id=one.id, number=1, message_id=f"<notice-{one.id}@ca.example.gov.vn>",
            made_at=one.made_at, accepted_at=one.made_at, reference=secrets.token_hex(8),
        )
        for one in told
    ]  # fmt: skip
    await Attempt.bulk_create(attempts, batch_size=BATCH)


def _notice(key: str, kind: str, channel: Channel, recipient: str, dossier: int) -> Notice:
    return Notice(
        key=key, kind=kind, channel=channel, recipient=recipient, data={"number": "HS-2024-000001"},
        dossier_id=dossier, status=NoticeStatus.SENT, made_at=_day(dossier), sent_at=_day(dossier),
    )  # fmt: skip


async def _events(
    dossiers: Sequence[Dossier], items: Sequence[Item], certificates: Sequence[Certificate]
) -> None:
    """The chain of each dossier, whole, and the counter that goes on from it."""
    chains: dict[str, list[tuple[str, int]]] = {
        f"dossier:{dossier.id}": [("dossier.open", dossier.id), ("dossier.accept", dossier.id)]
        for dossier in dossiers
    }
    for item, certificate in zip(items, certificates, strict=True):
        for code in ("certificate.reserve", "certificate.issue", "item.finish"):
            chains[f"dossier:{item.dossier_id}"].append((code, certificate.id))
    events = []
    for chain, links in chains.items():
        previous = audit.START
        for sequence, (code, subject) in enumerate(links, start=1):
            event = Event(
                chain=chain, sequence=sequence, at=_day(subject), code=code, subject=subject,
                because="rules.passed", details={}, previous=previous,
            )  # fmt: skip
            event.digest = previous = digest_of(event)
            events.append(event)
    await Event.bulk_create(events, batch_size=BATCH)
    counters = [Counter(name=chain, value=len(links)) for chain, links in chains.items()]
    await Counter.bulk_create(counters, batch_size=BATCH)


async def _written(model: Any, rows: Sequence[Any]) -> list[Any]:
    """Those rows with the numbers that the database has given them."""
    newest = await model.all().order_by("-id").first()
    await model.bulk_create(rows, batch_size=BATCH)
    return list(await model.filter(id__gt=newest.id if newest else 0).order_by("id"))
