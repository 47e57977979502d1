"""What nobody known has signed: forms for who asks for them, else what was in the way; daily."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from bot.dossier.attachment_rules import in_the_way
from bot.inbox.mime import Kind, Part, Survey
from bot.outbox.content import Content
from bot.outbox.notices import KINDS
from bot.procedures.unsigned import answer_unsigned, asks_for_forms
from bot.register.models import Notice
from tests.outbox.examples import NOW
from tests.outbox.world import a_mail, an_agency

pytestmark = pytest.mark.usefixtures("sqlite_register")


@pytest.mark.parametrize(
    "subject",
    [
        "Mẫu biểu",
        "MẪU BIỂU",
        "mau bieu",
        " Mau   Bieu. ",
        "Ma\u0302\u0303u bie\u0302\u0309u",  # NFD
        "Biểu mẫu",
        "[Mẫu biểu]",
        "Re: Mẫu biểu",
        "Trả lời: mẫu biểu?",
    ],
)
def test_a_subject_asks_for_forms(subject: str) -> None:
    assert asks_for_forms(subject)


@pytest.mark.parametrize(
    "subject", ["", "Mẫu", "Mẫu biểu đã điền", "Gửi mẫu biểu 01", "maubieu", "Mẫu biểu" * 400]
)
def test_any_other_does_not(subject: str) -> None:
    assert not asks_for_forms(subject)


@pytest.mark.parametrize(
    ("kinds", "codes"),
    [
        ({Kind.TEXT}, []),
        ({Kind.TEXT, Kind.ZIP, Kind.RAR}, ["mail.zip", "mail.rar"]),
        ({Kind.ENCRYPTED}, ["mail.encrypted"]),
        ({Kind.PDF, Kind.XLSX}, ["pdf.unsigned"]),
        ({Kind.TEXT, Kind.XLS}, ["letter.only_sheets"]),
        ({Kind.ZIP, Kind.ODS}, ["mail.zip", "letter.only_sheets"]),
    ],
)
def test_what_was_in_the_way_is_named_with_its_remedy(kinds: set[Kind], codes: list[str]) -> None:
    faults = in_the_way(kinds)
    assert [fault.code for fault in faults] == codes
    assert all(fault.text and fault.remedy for fault in faults)


def a_survey(subject: str = "", *kinds: Kind) -> Survey:
    return Survey(
        subject=subject,
        parts=tuple(
            Part(index=at, filename="", declared="", kind=kind, size=1, sha256="0" * 64)
            for at, kind in enumerate(kinds)
        ),
    )


async def told() -> list[Content]:
    return [KINDS[one.kind].read(one.data) for one in await Notice.all().order_by("id")]


async def test_each_goes_to_the_registered_mailbox_once_a_day() -> None:
    agency = await an_agency()

    async def comes(subject: str, now: datetime, *kinds: Kind) -> None:
        async with in_transaction():
            await answer_unsigned(await a_mail(), a_survey(subject, *kinds), agency, now)

    for at in (NOW, NOW + timedelta(hours=3), NOW + timedelta(days=1)):
        await comes("Mẫu biểu", at)
        await comes("Đề nghị cấp", at, Kind.TEXT, Kind.ZIP)
    kinds: list[Any] = [content.kind for content in await told()]
    assert kinds == ["forms", "unsigned"] * 2
    notes = [content.data() for content in await told() if content.kind == "unsigned"]
    assert [fault["code"] for fault in notes[0]["faults"]] == ["mail.zip"]
    notices = await Notice.all().prefetch_related("answers")
    assert {notice.recipient for notice in notices} == {agency.mailbox}
    assert all(notice.answers for notice in notices)
