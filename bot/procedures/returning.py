"""What comes back goes to the agency: all of it at once."""

from collections.abc import Sequence
from datetime import datetime

from bot.dossier.application import application_from_json
from bot.dossier.rules import Consequence, Fault
from bot.outbox.agency_notices import Returned
from bot.outbox.values import Enclosed
from bot.procedures.telling import tell_agency
from bot.register.lifecycle import DossierStatus
from bot.register.models import Dossier


async def tell_returned(
    dossier: Dossier,
    faults: Sequence[Fault],
    *,
    key: str,
    now: datetime,
    files: tuple[Enclosed, ...] = (),
) -> None:
    """That `dossier` came back, or rows of it while the others go on; why, and what else is noted.

    Inside the transaction that returns it. Its agency and mail have been fetched.

    Args:
        key: one for each time that something comes back.
    """
    application = application_from_json(dossier.application) if dossier.application else None
    to_mend = tuple(fault for fault in faults if fault.consequence is Consequence.RETURN)
    content = Returned(
        dossier.number,
        dossier.agency.name,
        application.letter.number if application else "",
        dossier.received_at,
        None if dossier.status is DossierStatus.RETURNED else dossier.due_at,
        to_mend,
        notes=tuple(fault for fault in faults if fault not in to_mend),
        files=files,
    )
    await tell_agency(dossier, content, key=f"returned:{key}", now=now)
