"""Machines are kept, counted and never answered; whoever signs is, whatever passed the mail on."""

from pathlib import Path

import pytest

from bot.register.lifecycle import DossierStatus
from demo.school import MAILBOX
from tests.dossiers.desk import Desk
from tests.house import a_mail

pytestmark = pytest.mark.asyncio(loop_scope="module")

CASES = Path(__file__).parents[1] / "inbox/automatic"


def from_the_school(case: Path) -> bytes:
    """As if the agency's own mail server had said it."""
    headers, _, body = case.read_bytes().partition(b"\n\n")
    kept = [line for line in headers.split(b"\n") if not line.lower().startswith(b"from:")]
    return b"\r\n".join([f"From: {MAILBOX}".encode(), *kept, b"", *body.split(b"\n")])


@pytest.mark.parametrize(
    ("case", "because"),
    [
        ("bounce/exim-without-marks", "mail.bounce"),
        ("bounce/delivery-status-in-a-mixed-mail", "mail.bounce"),
        ("automatic/outlook-vietnamese-by-its-subject-alone", "mail.automatic"),
        ("automatic/zimbra", "mail.automatic"),
        ("list/mailman", "mail.list"),
        ("loop/our-own-credential-redirected", "mail.loop"),
    ],
)
async def test_a_machine_is_not_answered_even_where_a_person_would_be(
    desk: Desk, case: str, because: str
) -> None:
    left = await desk.take(from_the_school(CASES / f"{case}.eml"))
    assert left.is_silent()
    assert [mail.because for mail in left.mails] == [because]


async def test_a_signed_letter_is_a_dossier_whatever_passed_it_on(desk: Desk) -> None:
    listed = a_mail(desk.letter(), List_Id="<van-thu.hanoiedu.edu.vn>", Precedence="list")
    left = await desk.take(listed, a_mail(desk.letter(), Auto_Submitted="auto-generated"))
    assert left.statuses == [DossierStatus.COMPLETED] * 2
    assert {*left.recipients} >= {MAILBOX}
