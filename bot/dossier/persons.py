"""From the register to `Known`: what it has about the people of a list. Look-ups only.

A handful of queries for all rows, however many they are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from tortoise.expressions import Q

from bot.dossier.form import Procedure
from bot.dossier.known import UNDER_WAY, Claim, Known
from bot.dossier.rows import IssueRow
from bot.register.lifecycle import DossierStatus, ItemStatus
from bot.register.models import Certificate, Dossier, Item, Subscriber

STANDING = Q(status=ItemStatus.ASKED, dossier__status=DossierStatus.HELD)


async def known_of(
    dossier: Dossier, rows: Sequence[IssueRow], now: datetime
) -> Mapping[int, Known]:
    """What the register knows of each row of form 01, by position."""
    if not rows:
        return {}
    numbers = {row.personal_number.value for row in rows if row.personal_number.value}
    mailboxes = {row.mailbox.value for row in rows if row.mailbox.value}
    mobiles = {row.mobile.value for row in rows if row.mobile.value}
    persons = {one.personal_number: one for one in await _subscribers(personal_number__in=numbers)}
    holders = await _holders(persons.values(), now)
    claims = await claims_on(dossier, numbers)
    owners = await mailbox_owners(dossier, mailboxes)
    phones = await phone_owners(mobiles, now)

    def known(row: IssueRow) -> Known:
        number = row.personal_number.value or ""
        person = persons.get(number)
        return Known(
            full_name=person.full_name if person else None,
            agency_id=person.agency_id if person else None,
            agency=person.agency.name if person else "",
            has_certificate=person is not None and person.id in holders,
            claims=claims.get(number, ()),
            mailbox_of_another=bool(owners[row.mailbox.value or ""] - {number}),
            mobile_of_another=bool(phones[row.mobile.value or ""] - {number}),
        )

    return {row.position: known(row) for row in rows}


async def claims_on(dossier: Dossier, persons: Collection[str]) -> Mapping[str, tuple[Claim, ...]]:
    """The open rows of other dossiers about each of `persons`, by personal number; oldest first."""
    open_items = Item.filter(Q(status__in=UNDER_WAY) | STANDING, person__in=persons)
    found = open_items.exclude(dossier_id=dossier.id).order_by("dossier_id", "position")
    claims: dict[str, list[Claim]] = defaultdict(list)
    async for item in found.select_related("dossier__agency"):
        claims[item.person].append(_claim(item, dossier))
    return {person: tuple(made) for person, made in claims.items()}


def _claim(item: Item, beside: Dossier) -> Claim:
    asked = item.dossier
    return Claim(
        dossier=asked.number,
        agency_id=asked.agency_id,
        agency=asked.agency.name,
        procedure=Procedure(asked.procedure),
        status=item.status,
        is_earlier=asked.id < beside.id,
    )


async def mailbox_owners(dossier: Dossier, mailboxes: Collection[str]) -> Mapping[str, set[str]]:
    """The personal numbers of those who have a mailbox, or are about to."""
    registered = await _subscribers(mailbox__in=mailboxes)
    asked = Item.filter(status__in=UNDER_WAY, mailbox__in=mailboxes).exclude(dossier_id=dossier.id)
    pairs = await asked.values_list("mailbox", "person")
    return _by_value([*pairs, *((one.mailbox, one.personal_number) for one in registered)])


async def phone_owners(mobiles: Collection[str], now: datetime) -> Mapping[str, set[str]]:
    """The personal numbers of those who have a current certificate and that number."""
    users = await _subscribers(mobile__in=mobiles)
    holders = await _holders(users, now)
    return _by_value((one.mobile, one.personal_number) for one in users if one.id in holders)


async def _subscribers(**among: Collection[str]) -> list[Subscriber]:
    return await Subscriber.filter(**among).select_related("agency")


async def _holders(persons: Collection[Subscriber], now: datetime) -> set[int]:
    """Which of `persons` have a current certificate, by their ids."""
    current = Certificate.filter(current_of__in={one.id for one in persons}, not_after__gt=now)
    return {one for (one,) in await current.values_list("subscriber_id")}


def _by_value(pairs: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    """The personal numbers beside each value; none beside one that nobody has."""
    owners = defaultdict[str, set[str]](set)
    for value, number in pairs:
        owners[value].add(number)
    return owners
