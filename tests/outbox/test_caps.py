"""What goes beyond the cap waits, goes as one, and is told once, wherever anybody is killed."""

import asyncio
import random
import re
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from bot.config import Settings
from bot.dossier.form import Procedure
from bot.errors import Conflict
from bot.hsm.token import Token
from bot.inbox.archive import Archive
from bot.outbox import caps
from bot.outbox.content import Content
from bot.outbox.delivery import Post, intend, post
from bot.outbox.officer_notices import Parked
from bot.outbox.values import Enclosed
from bot.register import tasks
from bot.register.lifecycle import Channel, NoticeStatus
from bot.register.models import Attempt, Notice, Task
from bot.register.tasks import Lease, Queue
from bot.sections.servers import Outbox
from tests.outbox.dying import MOMENTS, Moment, dying
from tests.outbox.examples import NOW, a_passcode, a_receipt, a_return
from tests.outbox.world import (
    Killed,
    Signer,
    a_dossier,
    a_mail,
    a_post,
    all_chains_hold,
    an_agency,
    events,
    messages,
)

pytestmark = pytest.mark.usefixtures("register")

SCHOOL, OFFICER = "c3chuvanan@hanoiedu.vn", "canbo@ca.example.gov.vn"
HOURLY = 2
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
keys = count()


@pytest.fixture
def services(post_token: Token, signer: Signer, tmp_path: Path) -> Post:
    settings = Settings(outbox=Outbox(hourly=HOURLY))
    return a_post(post_token, signer, tmp_path, settings=settings)


async def tell(content: Content, now: datetime = NOW, to: str = SCHOOL, **changes: Any) -> Notice:
    values: dict[str, Any] = {"key": f"k{next(keys)}", "channel": Channel.EMAIL, "now": now}
    async with in_transaction():
        return await intend(content, recipient=to, **values | changes)


async def tell_many(names: str, now: datetime = NOW) -> list[Notice]:
    return [await tell(a_receipt(number=name), now) for name in names]


async def due(now: datetime) -> list[Lease]:
    """Leases of everything that is due."""
    begun = [await tasks.begin(one, now) for one in await tasks.lease(now, Queue, most=100)]
    return [one for one in begun if one]


async def work(services: Post, now: datetime) -> None:
    """Do what is due, until nothing is."""
    await tasks.release_all()
    while leases := await due(now):
        for lease in leases:
            with suppress(Conflict):
                await post(lease, services, now)


def sent(folder: Path) -> list[EmailMessage]:
    """What was sent, oldest first."""
    files = sorted((folder / "mail/new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]


def names_in(mail: EmailMessage) -> str:
    """The dossiers that the mail tells of, in its order."""
    body = mail.get_body(("plain",))
    assert body
    return "".join(re.findall(r"^Số hồ sơ: (\w)\s*$", body.get_content(), re.MULTILINE))


async def test_beyond_the_cap_all_wait_and_go_as_one_in_order(
    services: Post, tmp_path: Path
) -> None:
    first = await tell_many("AB")
    await work(services, NOW)
    later = [*await tell_many("CD", NOW + MINUTE), *await tell_many("E", NOW + 50 * MINUTE)]
    await work(services, NOW + 50 * MINUTE)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B"]
    waiting = await Task.all()
    assert [(task.due_at, task.attempts) for task in waiting] == [(NOW + HOUR, 0)] * 3
    await work(services, NOW + HOUR)
    mail = sent(tmp_path)[-1]
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B", "CDE"]
    assert mail["Subject"] == "3 thông báo gửi chung trong một thư"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["In-Reply-To"] is None
    together = await Notice.get(kind="gathered")
    assert (together.status, together.recipient) == (NoticeStatus.SENT, SCHOOL)
    for notice in later:
        await notice.refresh_from_db()
        assert (notice.status, notice.gathered_in_id) == (NoticeStatus.GATHERED, together.id)
    assert {one.status for one in await Notice.filter(id__in=[n.id for n in first])} == {"sent"}
    assert await Attempt.all().count() == 3
    assert await Task.all().count() == 0
    assert [one.because for one in await events("notice.gather")] == ["outbox.capped"] * 3
    assert await all_chains_hold()


async def test_one_that_waits_alone_goes_alone(services: Post, tmp_path: Path) -> None:
    await tell_many("ABC")
    await work(services, NOW)
    await work(services, NOW + HOUR)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B", "C"]
    assert not await Notice.exists(kind="gathered")


async def test_what_comes_when_others_wait_goes_with_them(services: Post, tmp_path: Path) -> None:
    await tell_many("ABC")
    await work(services, NOW)
    new = await tell(a_receipt(number="D"), NOW + HOUR)
    leases = await due(NOW + HOUR)
    [lease] = [one for one in leases if one.subject == new.id]  # the other hand is slow
    await post(lease, services, NOW + HOUR)
    await work(services, NOW + HOUR)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B", "CD"]


async def test_each_mailbox_has_its_own_hour_and_other_channels_none(
    services: Post, tmp_path: Path
) -> None:
    await tell_many("ABC")
    await tell(a_receipt(number="D"), to=OFFICER)
    for attempt in range(3):
        await tell(a_passcode(attempt=attempt), to="+84912345678", channel=Channel.SMS)
    await work(services, NOW)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B", "D"]
    assert len(messages(tmp_path)) == 3


async def test_a_revocation_waits_for_nobody(services: Post, tmp_path: Path) -> None:
    await tell_many("ABC")
    await work(services, NOW)
    dossier = await a_dossier(await an_agency(), await a_mail())
    dossier.procedure = Procedure.REVOKE
    await dossier.save()
    await tell(a_receipt(number="X"), dossier=dossier)
    await tell(Parked(None, "publish", None, "hsm.unavailable", NOW, None, trying=True))
    await tell(Parked(None, "decide", None, "crash", NOW, None))
    await work(services, NOW + MINUTE)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B", "X", ""]
    assert "publish" not in sent(tmp_path)[-1]["Subject"]
    assert await Task.all().count() == 2
    await work(services, NOW + HOUR + MINUTE)  # and yet nobody waits longer for it
    assert await Task.all().count() == 0
    assert len(sent(tmp_path)) == 5


async def test_what_was_tried_is_never_told_in_another(
    services: Post, signer: Signer, tmp_path: Path
) -> None:
    await tell_many("ABCD")
    await work(services, NOW)
    tried = await tell(a_receipt(number="E"), NOW)
    # it may have arrived before its process died
    await Attempt.create(
        notice=tried, number=1, message_id=services.mailer.message_id(tried.id), made_at=NOW
    )
    await work(services, NOW + HOUR)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B", "E", "CD"]


async def killed_while_gathered(services: Post, moment: Moment, signer: Signer) -> None:
    """Work until the process is killed at `moment`, of gathering or of sending all that."""
    await tell_many("ABCD")
    await work(services, NOW)
    await tasks.release_all()

    async def until_killed() -> None:
        while leases := await due(NOW + HOUR):
            for lease in leases:
                with suppress(Conflict):
                    await post(*dying(lease, services, moment, signer), NOW + HOUR)

    with pytest.raises(Killed):
        await until_killed()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_anywhere_and_repeated_it_is_one_mail(
    services: Post, signer: Signer, tmp_path: Path, moment: Moment
) -> None:
    await killed_while_gathered(services, moment, signer)
    await work(services, NOW + HOUR + 2 * MINUTE)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B", "CD"]
    assert await Notice.filter(kind="gathered").count() == 1
    assert await Task.all().count() == 0
    assert await all_chains_hold()


async def test_killed_while_it_gathers_nothing_has_happened(
    services: Post, signer: Signer, tmp_path: Path
) -> None:
    await killed_while_gathered(services, "before the last commit", signer)
    assert not await Notice.exists(kind="gathered")
    assert await Notice.filter(status=NoticeStatus.INTENDED).count() == 2
    assert len(sent(tmp_path)) == 2


async def at_once(*posting: Awaitable[None]) -> None:
    for answer in await asyncio.gather(*posting, return_exceptions=True):
        assert answer is None or isinstance(answer, Conflict), answer


async def test_many_hands_at_once_send_no_more_than_the_cap(services: Post, tmp_path: Path) -> None:
    await tell_many("ABCDEF")
    await at_once(*[post(lease, services, NOW) for lease in await due(NOW)])
    assert len(sent(tmp_path)) == HOURLY
    assert await Task.filter(due_at=NOW + HOUR).count() == 4
    await at_once(*[post(lease, services, NOW + HOUR) for lease in await due(NOW + HOUR)])
    await work(services, NOW + HOUR)
    told = [names_in(mail) for mail in sent(tmp_path)]
    assert [len(names) for names in told] == [1, 1, 4]
    assert sorted("".join(told)) == list("ABCDEF")
    assert list(told[2]) == sorted(told[2])


async def test_files_of_all_go_along_and_no_mail_becomes_too_heavy(
    services: Post, tmp_path: Path
) -> None:
    digest = Archive(tmp_path / "archive").put(b"a sheet")

    def content(name: str, size: int) -> Content:
        file = Enclosed(f"{name}.xlsx", "application/vnd.ms-excel", digest, size)
        return a_return(number=name, files=(file,))

    await tell_many("AB")
    for name, size in (("C", 10), ("D", caps.WEIGHT - 10), ("E", 1), ("F", caps.WEIGHT)):
        await tell(content(name, size))
    await work(services, NOW)
    await work(services, NOW + HOUR)
    together = sorted(sent(tmp_path)[2:], key=names_in)
    assert [names_in(mail) for mail in together] == ["CD", "E", "F"]
    for mail, names in zip(together, ("CD", "E", "F"), strict=True):
        files = [*next(mail.iter_parts()).iter_attachments()]
        assert [part.get_filename() for part in files] == [f"{name}.xlsx" for name in names]
        assert {part.get_content() for part in files} == {b"a sheet"}


async def test_whatever_comes_each_is_told_once_and_none_waits_long(
    services: Post, tmp_path: Path
) -> None:
    """Hours of an agency with much to be told: some minutes bring many, most bring none."""
    dice = random.Random(4)
    intended: dict[int, datetime] = {}
    for minute in range(0, 240, 4):
        now = NOW + minute * MINUTE
        for _ in range(dice.choice([0, 0, 0, 1, 2, 4]) if minute < 170 else 0):
            intended[(await tell(a_receipt(), now)).id] = now
        await work(services, now)
    notices = {notice.id: notice for notice in await Notice.all()}
    mailed = sorted(one.sent_at for one in notices.values() if one.sent_at)
    assert len(mailed) == len(sent(tmp_path))
    for at in mailed:
        assert sum(at - HOUR < other <= at for other in mailed) <= HOURLY
    for number, at in intended.items():
        told = notices[number]
        told_in = notices[told.gathered_in_id] if told.gathered_in_id else told
        assert told_in.sent_at is not None
        assert at <= told_in.sent_at <= at + HOUR + 4 * MINUTE
    gathered = [one for one in notices.values() if one.kind == "gathered"]
    assert 0 < len(gathered) < len(mailed)


async def test_a_server_that_was_away_is_not_flooded(services: Post, tmp_path: Path) -> None:
    class Away:
        deliver = knows = None

    await tell_many("ABCD")
    broken = replace(services, transport=Away())  # type: ignore[arg-type]  # as if it hung up
    for lease in await due(NOW):
        with suppress(TypeError):
            await post(lease, broken, NOW)
    assert await Attempt.all().count() == HOURLY
    await tasks.release_all()
    await work(services, NOW + 5 * MINUTE)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B"]
    await work(services, NOW + 2 * HOUR)
    assert [names_in(mail) for mail in sent(tmp_path)] == ["A", "B", "CD"]
