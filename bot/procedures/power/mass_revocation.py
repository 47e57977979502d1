"""Revoke by order: what officers have signed, where no agency asked.

For each agency one dossier with the order's mail, so that clock, board, notices
and trail are those of a letter; its rows go the way of form 05's (revoke.py).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from bot.clock import HANOI, REVOCATION, Calendar
from bot.dossier.application import as_json
from bot.dossier.fields import Flaw, Reading
from bot.dossier.form import Procedure
from bot.dossier.rows import RevokeRow
from bot.errors import Refused
from bot.procedures.clocks import set_clock
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import CertificateStatus, DossierMove, ItemMove
from bot.register.models import Agency, Certificate, Dossier, Item, Order
from bot.register.tasks import Kind

BECAUSE = "officer.ordered"
HANDED_OVER = (CertificateStatus.VALID, CertificateStatus.REVOKED)


class CertificatesUnknown(Refused):
    """Nothing was revoked: some serial numbers are of no certificate that was handed over."""

    code = "serial.unknown"

    def __init__(self, serials: Sequence[str]) -> None:
        super().__init__(*serials)
        self.serials = tuple(serials)


async def serials_in_force(agency: Agency, now: datetime) -> list[str]:
    """The current certificate of each of the agency's people; what they had before goes with it."""
    current = Certificate.filter(
        subscriber__agency_id=agency.id, current_of__isnull=False, not_after__gt=now,
        status=CertificateStatus.VALID,
    )  # fmt: skip
    return [serial for (serial,) in await current.order_by("id").values_list("serial")]


async def revoke_by_order(
    order: Order, serials: Sequence[str], ground: str, now: datetime
) -> list[Dossier]:
    """Open a dossier for each agency whose people have these certificates, and call for its rows.

    Inside the transaction that carries `order` out. Nobody outside is told before
    relying parties see it, not even at the due time; officers hear of the clock.

    Args:
        serials: as the register has them: hex, lower case, without leading zeros.
        ground: the officers' words; they are told to the people concerned.

    Raises:
        CertificatesUnknown: naming those that nobody was handed; nothing is done then.
    """
    named = list(dict.fromkeys(serials))
    found = Certificate.filter(serial__in=named, status__in=HANDED_OVER)
    certificates = {one.serial: one async for one in found.select_related("subscriber__agency")}
    if unknown := [serial for serial in named if serial not in certificates]:
        raise CertificatesUnknown(unknown)
    by_agency = defaultdict[int, list[Certificate]](list)
    for serial in named:
        by_agency[certificates[serial].subscriber.agency_id].append(certificates[serial])
    return [await _open(order, of_one, ground, now) for of_one in by_agency.values()]


async def _open(
    order: Order, certificates: Sequence[Certificate], ground: str, now: datetime
) -> Dossier:
    year = now.astimezone(HANOI).year
    number = await Counter.next(f"dossier-{year}")
    mail = await order.mail
    agency: Agency = certificates[0].subscriber.agency
    dossier = await Dossier.create(
        number=f"HS-{year}-{number:06}",
        mail=mail,
        place=f"{mail.id}/agency-{agency.id}",
        agency=agency,
        procedure=Procedure.REVOKE,
        letter_digest=mail.digest,
        received_at=now,
        due_at=now + REVOCATION,
    )
    await dossier.record("dossier.open", because=BECAUSE, now=now, order=order.id)
    await dossier.make(DossierMove.ACCEPT, because=BECAUSE, now=now)
    await set_clock(dossier, Calendar())  # day and night: no working days are counted
    await _ask(dossier, certificates, ground, now)
    return dossier


async def _ask(
    dossier: Dossier, certificates: Sequence[Certificate], ground: str, now: datetime
) -> None:
    await Item.bulk_create(
        Item(
            dossier=dossier,
            position=position,
            place=f"{dossier.id}/{position}",
            asked=as_json(_row(position, certificate, ground)),
            person=certificate.subscriber.personal_number,
            mailbox=certificate.subscriber.mailbox.casefold(),
        )
        for position, certificate in enumerate(certificates, start=1)
    )
    items = await Item.filter(dossier=dossier).order_by("position")
    await Item.make_all(items, ItemMove.ACCEPT, because=BECAUSE, now=now)
    await tasks.call_all(Kind.REVOKE, [item.id for item in items], due=now)


def _row(position: int, certificate: Certificate, ground: str) -> RevokeRow:
    """A row of form 05 as the register would fill it in."""
    holder = certificate.subscriber
    empty: Reading[str] = Reading("", flaw=Flaw.EMPTY)
    return RevokeRow(
        position=position,
        full_name=_said(holder.full_name),
        serial=_said(certificate.serial),
        mailbox=_said(holder.mailbox),
        personal_number=_said(holder.personal_number),
        issued_on=Reading("", flaw=Flaw.EMPTY),
        issued_by=empty,
        tax_code="",
        device="",
        reason=_said(ground),
    )


def _said(value: str) -> Reading[str]:
    return Reading(value, value)
