"""The start: a register in which every kind of task will find something to do."""

from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from bot import app
from bot.ca.certificate import new_serial
from bot.clock import HANOI
from bot.dossier.application import as_json
from bot.procedures.inbound import receive
from bot.register import tasks
from bot.register.counter import Counter
from bot.register.lifecycle import DossierStatus, ItemStatus, MailStatus
from bot.register.models import Agency, Certificate, Dossier, Item, Task
from bot.register.tasks import PARKED_AFTER, Kind
from bot.sms.gateway import Incoming
from demo.school import School
from tests.dossier.builders import a_person, a_row, an_application
from tests.house import register_officer, register_school
from tests.register import rows


async def begin(school: School, now: datetime) -> str:
    """What stands in the register before the mail comes; the phone that may ask for it.

    A dossier from last week, whose due time has come. Whoever worked on its one
    row died of it, again and again, while the CA signed. Its receiver has asked
    by SMS where it stands.
    """
    agency = await register_school(school, now - timedelta(days=9))
    await register_officer(now)
    dossier = await _a_due_dossier(agency, now)
    await _a_deadly_row(dossier, now)
    phone = str(dossier.receiver_mobile)
    await receive(Incoming("SM" + "0" * 32, phone, f"TRACUU {dossier.number}", now), now)
    await app.go_round(now)
    return phone


async def _a_due_dossier(agency: Agency, now: datetime) -> Dossier:
    application = an_application(a_person())
    week_ago, year = now - timedelta(days=7), now.astimezone(HANOI).year
    mail = await rows.a_mail(status=MailStatus.IDENTIFIED, received_at=week_ago)
    async with in_transaction():
        number = await Counter.next(f"dossier-{year}")
        dossier = await Dossier.create(
            number=f"HS-{year}-{number:06}",
            mail=mail,
            place=f"{mail.id}/{'0' * 64}",
            agency=agency,
            letter_digest="0" * 64,
            status=DossierStatus.ACCEPTED,
            received_at=week_ago,
            due_at=now,
            application=as_json(application),
            receiver_mobile=application.receiver.mobile.value,
        )
        await tasks.call(Kind.RESULT, dossier.id, due=now)
    return dossier


async def _a_deadly_row(dossier: Dossier, now: datetime) -> None:
    row = a_row()
    item = await Item.create(
        dossier=dossier, position=1, place=f"{dossier.id}/1", status=ItemStatus.ACCEPTED,
        asked=as_json(row), person=row.personal_number.value, mailbox=row.mailbox.value,
    )  # fmt: skip
    subscriber = await rows.a_subscriber(
        agency=dossier.agency, personal_number=row.personal_number.value
    )
    await Certificate.create(
        item=item,
        key=await rows.a_key(subscriber=subscriber, made_at=now),
        subscriber=subscriber,
        for_item=item.id,
        current_of=subscriber.id,
        serial=f"{new_serial():x}",
        tbs=b"tbs",
        not_before=now,
        not_after=now + timedelta(days=1),
    )
    async with in_transaction():
        await tasks.call(Kind.ISSUE, item.id, due=now)
        await Task.filter(kind=Kind.ISSUE, subject=item.id).update(attempts=PARKED_AFTER)
