"""Which dossiers a letter names, as the register knows them. Look-ups only.

Of another agency's dossiers nothing is found, so that nobody learns of them.
"""

from collections.abc import Mapping
from datetime import timedelta

from bot.dossier.application import Application
from bot.dossier.case import NamedDossier
from bot.dossier.letter_number import canonical_number
from bot.dossier.letter_wish import NamedLetter
from bot.register.lifecycle import DossierStatus, ItemStatus, exits
from bot.register.models import Dossier, Item

WITHIN = timedelta(days=400)  # letters that are older are not looked for by their number
LOOKED_AT = 500  # of an agency's latest dossiers


async def named_dossiers(
    dossier: Dossier, application: Application | None
) -> Mapping[str, NamedDossier]:
    """What the letter of `dossier` names and its agency has, by the name that it uses.

    A letter's number that several dossiers bear means the one that is still open, else the latest.
    """
    if application is None:
        return {}
    own = Dossier.filter(agency_id=dossier.agency_id).exclude(id=dossier.id)
    found = {one.number: one async for one in own.filter(number__in=application.dossiers)}
    if application.letters:
        since = dossier.received_at - WITHIN
        latest = await own.filter(received_at__gt=since).order_by("-id").limit(LOOKED_AT)
        for letter in application.letters:
            if same := [one for one in latest if _is_of(one, letter)]:
                found[letter.number] = min(same, key=lambda one: not any(exits(one.status)))
    return {name: await _facts(one) for name, one in found.items()}


def _is_of(dossier: Dossier, letter: NamedLetter) -> bool:
    """Whether it is that letter's dossier, as far as the letter has been read."""
    if not dossier.application:
        return False
    said = dossier.application["letter"]
    if canonical_number(said["number"]) != canonical_number(letter.number):
        return False
    day = said["date"]["value"]
    return not letter.date or day is None or _iso(letter.date) == day


def _iso(day: str) -> str:
    """dd/mm/yyyy as the register's JSON has it."""
    date, month, year = day.split("/")
    return f"{year}-{month:0>2}-{date:0>2}"


async def _facts(dossier: Dossier) -> NamedDossier:
    rows = Item.filter(dossier_id=dossier.id)
    returned = dossier.status is DossierStatus.RETURNED
    return NamedDossier(
        id=dossier.id,
        number=dossier.number,
        status=dossier.status,
        has_returned=returned or await rows.filter(status=ItemStatus.RETURNED).exists(),
        rows=await rows.count(),
    )
