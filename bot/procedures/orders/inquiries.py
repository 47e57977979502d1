"""Somebody known asks where a dossier stands: what the register says, to a registered mailbox."""

from datetime import datetime

from bot.dossier.application import application_from_json
from bot.outbox.agency_notices import Status
from bot.outbox.delivery import intend
from bot.outbox.order_words import HISTORY
from bot.outbox.values import Step
from bot.procedures.clocks import procedure_of
from bot.procedures.close import WAITING, row_results
from bot.register.audit import Event
from bot.register.lifecycle import Channel
from bot.register.models import Agency, Dossier, Mail, Officer


async def inform(mail: Mail, number: str, asks: Agency | Officer, now: datetime) -> None:
    """Tell `asks` of the dossier; inside the caller's transaction.

    An agency hears of its own dossiers only: another's is to it as if there were none.
    """
    named = Dossier.filter(number=number).prefetch_related("agency")
    if isinstance(asks, Agency):
        named = named.filter(agency=asks)
    dossier = await named.first()
    name = asks.name if isinstance(asks, Agency) else ""
    content = await _status(dossier) if dossier else Status(number, None, name)
    await intend(
        content, key=f"status:{mail.id}", channel=Channel.EMAIL,
        recipient=asks.mailbox, now=now, dossier=dossier, answers=mail,
    )  # fmt: skip


async def _status(dossier: Dossier) -> Status:
    application = application_from_json(dossier.application) if dossier.application else None
    events = Event.filter(chain=await dossier.chain(), code__in=list(HISTORY))
    return Status(
        dossier.number,
        dossier.status,
        dossier.agency.name,
        procedure=procedure_of(dossier),
        letter_number=application.letter.number if application else "",
        received=dossier.received_at,
        due=dossier.due_at if dossier.status in WAITING else None,
        rows=await row_results(dossier),
        history=tuple([Step(one.at, one.code) async for one in events.order_by("sequence")]),
    )
