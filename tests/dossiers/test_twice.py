"""The same asked more than once, all at the same time: one certificate each, and no more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.dossier.case import Case
from bot.dossier.gather import gather
from bot.procedures import decide
from bot.register.lifecycle import CertificateStatus, DossierStatus, ItemStatus, MailStatus
from bot.register.models import Certificate, Item, Mail
from demo.school import MAILBOX
from tests.dossiers.desk import Desk, as_sent, names_in_certificates
from tests.house import OFFICER, a_mail
from tests.registers import BOTH

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("database", BOTH, indirect=True, scope="module"),
]


async def test_the_same_letter_in_several_mails(desk: Desk) -> None:
    one, other = desk.teacher(), desk.teacher()
    letter = desk.letter(one, other)
    left = await desk.take(*(a_mail(letter) for _ in range(4)))
    assert sorted(left.statuses) == [DossierStatus.COMPLETED] + [DossierStatus.RETURNED] * 3
    (first,) = [dossier for dossier in left.dossiers if dossier.status == DossierStatus.COMPLETED]
    assert len(await names_in_certificates(first)) == 2
    assert left.made == 2 * 4  # certificate, account, key, person
    assert left.said(MAILBOX).count(f"đã được dùng cho văn bản trong hồ sơ {first.number}") == 3
    assert [left.recipients.count(box) for box in (one.mailbox, other.mailbox, OFFICER)] == [
        1,
        1,
        0,
    ]


async def test_what_changed_while_it_was_thought_over_is_thought_over_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases: list[Case] = []

    async def used_meanwhile(*args: Any) -> Case:
        case = await gather(*args)
        cases.append(replace(case, letter_used_in="HS-2026-999999") if cases else case)
        return cases[-1]

    monkeypatch.setattr(decide, "gather", used_meanwhile)
    left = await desk.take(a_mail(desk.letter()))
    assert len(cases) == 2
    assert (left.statuses, left.made) == ([DossierStatus.RETURNED], 0)
    assert left.codes() == {"letter.number_used"}


async def test_the_same_bytes_several_times(desk: Desk) -> None:
    raw = as_sent(a_mail(desk.letter()))
    left = await desk.take(*[raw] * 5)
    assert len(left.mails) == 1
    assert left.statuses == [DossierStatus.COMPLETED]
    assert left.recipients.count(MAILBOX) == 2  # one receipt, one result
    again = await desk.take(raw, new=False)
    assert (again.mails, again.told, again.made) == ([], [], 0)


async def test_a_letter_number_used_before(desk: Desk) -> None:
    number = "777/THPTCVA-VP"
    first = await desk.take(a_mail(desk.letter(number=number)))
    second = await desk.take(a_mail(desk.letter(number=f"Số: 0{number.casefold()}")))
    assert (first.statuses, second.statuses) == (
        [DossierStatus.COMPLETED],
        [DossierStatus.RETURNED],
    )
    assert (second.codes(), second.made) == ({"letter.number_used"}, 0)
    assert f"trong hồ sơ {first.dossiers[0].number}" in second.said(MAILBOX)
    assert second.recipients == [MAILBOX] * 2


async def test_a_number_of_a_returned_letter_is_not_used_up(desk: Desk) -> None:
    number = "778/THPTCVA-VP"
    first = await desk.take(a_mail(desk.letter(number=number, letter_extract="V/v khác")))
    second = await desk.take(a_mail(desk.letter(number=number)))
    assert first.statuses + second.statuses == [DossierStatus.RETURNED, DossierStatus.COMPLETED]


async def test_one_person_in_several_letters(desk: Desk) -> None:
    """Whatever way they cross, one row ends in a certificate and the others come back."""
    one = desk.teacher()
    left = await desk.take(*(a_mail(desk.letter(one)) for _ in range(4)))
    items = await Item.filter(person=one.personal_number)
    done = [item for item in items if item.status is ItemStatus.DONE]
    rest = {item.status for item in items} - {ItemStatus.DONE}
    assert (len(items), len(done)) == (4, 1)
    assert rest == {ItemStatus.RETURNED}
    assert OFFICER not in left.recipients
    certificates = Certificate.filter(subscriber__personal_number=one.personal_number)
    assert await certificates.filter(status=CertificateStatus.VALID).count() == 1
    assert left.recipients.count(one.mailbox) == 1
    assert not await Mail.filter(status=MailStatus.STORED).exists()


async def test_one_mailbox_for_two_persons_in_two_letters(desk: Desk) -> None:
    one, other = desk.teacher(), desk.teacher()
    other = replace(other, mailbox=one.mailbox.upper())
    left = await desk.take(a_mail(desk.letter(one)), a_mail(desk.letter(other)))
    items = await Item.filter(dossier_id__in=[one.id for one in left.dossiers])
    statuses = sorted(item.status for item in items)
    assert statuses == [ItemStatus.DONE, ItemStatus.RETURNED]
    assert not await Certificate.filter(status=CertificateStatus.BURNT).exists()


async def test_an_ended_certificate_does_not_stand_in_the_way(desk: Desk) -> None:
    one = desk.teacher()
    await desk.take(a_mail(desk.letter(one)))
    ended = datetime.now(UTC) - timedelta(days=1)
    mine = Certificate.filter(subscriber__personal_number=one.personal_number)
    await Certificate.filter(id=(await mine.get()).id).update(not_after=ended)
    left = await desk.take(a_mail(desk.letter(one)))
    assert left.statuses == [DossierStatus.COMPLETED]
    assert await mine.filter(status=CertificateStatus.VALID).count() == 2
    assert await Certificate.filter(current_of__isnull=False, not_after=ended).count() == 0
