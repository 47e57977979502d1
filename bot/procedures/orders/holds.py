"""What waits for an officer has a code, good for one order; each order uses it up.

The code says that whoever signs has this case before their eyes, as it stands
now: it is no secret, and without the signature worth nothing.
"""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from bot.dossier.form import Procedure
from bot.outbox.officer_notices import Held
from bot.outbox.readable import grouped, readable
from bot.procedures.orders.case_file import case_file
from bot.procedures.telling import tell_officers
from bot.register.lifecycle import Role
from bot.register.models import Dossier, Hold
from bot.sections.officers import Officers

CODE_LENGTH = 8
DECIDING = (Role.DECIDE, Role.GOVERN)


async def hold(dossier: Dossier, settings: Officers, now: datetime, kept: str = "") -> None:
    """Let `dossier`, or its rows that wait, have a new code, and lay the case out to the officers.

    Inside the transaction that holds. Its agency has been fetched.

    Args:
        kept: why an officer lets it wait on.
    """
    await end_holds(dossier.id, now)
    made = await Hold.create(
        dossier=dossier,
        code=readable(secrets.token_bytes(CODE_LENGTH)),
        made_at=now,
        expires_at=now + timedelta(days=settings.code_days),
    )
    content = await case_file(dossier, kept)
    deciding = replace(content, code=grouped(made.code), expires=made.expires_at)
    await _tell(deciding, made, dossier, DECIDING, now)
    await _tell(content, made, dossier, (Role.WATCH,), now)


async def end_holds(dossier_id: int, now: datetime) -> None:
    """Nothing waits any more, or under another code."""
    await Hold.filter(dossier_id=dossier_id, ended_at__isnull=True).update(ended_at=now)


async def _tell(
    content: Held, made: Hold, dossier: Dossier, roles: tuple[Role, ...], now: datetime
) -> None:
    # a certificate that may be misused waits for nobody's next look into the mailbox
    urgent = dossier.procedure == Procedure.REVOKE
    await tell_officers(
        content, key=f"held:{made.id}", now=now, dossier=dossier, roles=roles, urgent=urgent
    )
