"""Remind: a certificate will end, and its renewal must be asked for in time.

Its holder is told, and once for all that end on one day, the agency that asks
for them. What was renewed, amended or revoked meanwhile reminds nobody.
"""

from datetime import date, datetime, timedelta

from tortoise.transactions import in_transaction

from bot.clock import BEGIN_OF_WORK, HANOI
from bot.config import Settings
from bot.outbox.delivery import Post, intend
from bot.outbox.reminder_notices import Reminder, Reminders
from bot.outbox.values import Contact, Ending
from bot.register import tasks
from bot.register.lifecycle import CertificateStatus, Channel
from bot.register.models import Agency, Certificate, Notice
from bot.register.tasks import Kind, Lease
from bot.sections.authority import Rules


async def remind(certificate: Certificate, settings: Settings, now: datetime) -> None:
    """Call for the reminders that still lie ahead, inside the caller's transaction."""
    ahead = [at for at in _steps(certificate, settings).values() if at > now]
    if ahead:
        await tasks.call(Kind.REMIND, certificate.id, due=min(ahead))


async def tell_of_end(lease: Lease, services: Post, now: datetime) -> None:
    """Tell holder and agency that a certificate will end, and wait for the next time."""
    async with in_transaction():
        certificate = await Certificate.locked(lease.subject)  # it is not renewed meanwhile
        if not _is_current(certificate) or certificate.not_after <= now:
            await lease.end()
            return
        steps = _steps(certificate, services.settings)
        if reached := [days for days, at in steps.items() if at <= now]:
            await _tell_holder(certificate, min(reached), services.settings.rules, now)
            await _tell_agency(certificate, min(reached), services.settings.rules, now)
        if ahead := [at for at in steps.values() if at > now]:
            await lease.wait(min(ahead), because="end.later")
        else:
            await lease.end()


def _is_current(certificate: Certificate) -> bool:
    is_valid = certificate.status is CertificateStatus.VALID
    return is_valid and certificate.current_of is not None


def _steps(certificate: Certificate, settings: Settings) -> dict[int, datetime]:
    """When it is told, by days before the end: in the morning, for all of a day at once."""
    last = _last_day(certificate)
    return {
        days: datetime.combine(last - timedelta(days=days), BEGIN_OF_WORK, HANOI)
        for days in settings.reminders.days
    }


def _last_day(certificate: Certificate) -> date:
    return certificate.not_after.astimezone(HANOI).date()


def _renew_by(certificate: Certificate, rules: Rules, now: datetime) -> datetime | None:
    """The last day on which its renewal may be asked for; None if it was, or cannot be any more."""
    day = _last_day(certificate) - timedelta(days=rules.renewal_days)
    if certificate.renewals >= rules.renewals or day < now.astimezone(HANOI).date():
        return None
    return datetime.combine(day, BEGIN_OF_WORK, HANOI)


async def _tell_holder(certificate: Certificate, days: int, rules: Rules, now: datetime) -> None:
    await certificate.fetch_related("subscriber__agency", "item__dossier")
    reminder = Reminder(
        agency=certificate.subscriber.agency.name,
        receiver=_contact(certificate.subscriber.agency),
        ending=(_ending(certificate),),
        days=_left(certificate, now),
        renew_by=_renew_by(certificate, rules, now),
    )
    await intend(
        reminder, key=f"reminder:{certificate.id}:{days}", channel=Channel.EMAIL,
        recipient=certificate.subscriber.mailbox, now=now,
    )  # fmt: skip


async def _tell_agency(certificate: Certificate, days: int, rules: Rules, now: datetime) -> None:
    """Once for a day and for what can be done: the first certificate of them speaks for all."""
    agency, day = certificate.subscriber.agency, _last_day(certificate)
    renew_by = _renew_by(certificate, rules, now)
    how = "renew" if renew_by else "anew"
    key = f"reminders:{agency.id}:{day:%Y%m%d}:{days}:{how}"
    if await Notice.exists(key=key):
        return
    alike = [one for one in await _ending_on(day, agency) if _renew_by(one, rules, now) == renew_by]
    reminders = Reminders(
        agency=agency.name,
        receiver=_contact(agency),
        ending=tuple(map(_ending, alike)),
        days=_left(certificate, now),
        renew_by=renew_by,
    )
    await intend(
        reminders, key=key, channel=Channel.EMAIL, recipient=agency.mailbox, now=now
    )  # fmt: skip


async def _ending_on(day: date, agency: Agency) -> list[Certificate]:
    """The agency's current certificates that end on that day in Hà Nội."""
    since = datetime.combine(day, datetime.min.time(), HANOI)
    theirs = Certificate.filter(
        subscriber__agency_id=agency.id,
        status=CertificateStatus.VALID,
        current_of__isnull=False,
        not_after__gte=since,
        not_after__lt=since + timedelta(days=1),
    )
    return await theirs.select_related("subscriber", "item__dossier").order_by("id")


def _left(certificate: Certificate, now: datetime) -> int:
    return (_last_day(certificate) - now.astimezone(HANOI).date()).days


def _ending(certificate: Certificate) -> Ending:
    return Ending(
        number=certificate.item.dossier.number,
        full_name=certificate.subscriber.full_name,
        serial=certificate.serial,
        mailbox=certificate.subscriber.mailbox,
        not_after=certificate.not_after,
    )


def _contact(agency: Agency) -> Contact:
    known = {name: agency.receiver.get(name) or "" for name in ("full_name", "mobile", "mailbox")}
    return Contact(**known)
