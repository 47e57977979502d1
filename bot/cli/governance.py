"""What `bot doctor` says of who may order, and of what they ordered to stand still."""

from collections.abc import AsyncIterator
from datetime import datetime

from cryptography import x509

from bot.cli.parts import OK, Check
from bot.cli.trusted import is_trusted
from bot.clock import HANOI
from bot.config import Settings
from bot.procedures.power.officers import governing
from bot.procedures.telling import officers_at
from bot.register.models import Pause

ENOUGH = 2  # signatures


async def look(settings: Settings, now: datetime) -> AsyncIterator[Check]:
    """Yield whether power is guarded and can be used, and what stands still."""
    yield await _power(settings, now)
    async for pause in Pause.all():
        since = f"{pause.since.astimezone(HANOI):%Y-%m-%d %H:%M}"
        yield Check(
            f"queue {pause.queue}",
            f"It stands still since {since}, by order: nothing is issued, clocks run on.",
            "Let it go on when its cause is mended: bot resume",
        )


async def certificates(settings: Settings, now: datetime) -> AsyncIterator[Check]:
    """Yield a line for each officer whose orders would not be believed."""
    async for officer in officers_at(now).filter(certificate__isnull=False):
        der = bytes(officer.certificate or b"")
        part = f"officer {officer.mailbox}"
        ends = x509.load_der_x509_certificate(der).not_valid_after_utc
        if ends <= now:
            yield Check(
                part,
                f"The certificate ended on {ends:%Y-%m-%d}: no order of theirs counts.",
                "Register the new one: bot officer add, with the same mailbox.",
            )
        elif not is_trusted(settings, der):
            yield Check(
                part,
                "No path leads from their certificate to a trusted root: no order counts.",
                "Put its issuer and root into trust.intermediates and trust.roots.",
            )


async def _power(settings: Settings, now: datetime) -> Check:
    needed, able = settings.officers.signatures, len(await governing(now))
    if needed < ENOUGH:
        says = f"{OK}, but {needed or 'no'} signature is needed for what should need {ENOUGH}"
        return Check("power", says, "Set officers.signatures = 2.")
    if able >= needed:
        return Check("power", f"{OK}, {able} officers govern, {needed} must sign")
    remedy = "Name another: bot officer add … --role govern, signed by the first."
    if not able:
        remedy = "Name the first: bot init --officer-mailbox … --officer-certificate FILE"
    return Check("power", f"{able} officers who govern can sign, {needed} must.", remedy)
