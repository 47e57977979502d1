"""Form 04 as it goes with a reminder: filled in, still open to changes, and good when signed."""

import io
from collections.abc import Mapping
from pathlib import Path

import pikepdf
import pytest

from bot.config import Settings
from bot.dossier.form import Procedure
from bot.dossier.letter import read_form
from bot.dossier.rows import ChangeRow
from bot.dossier.spreadsheet import read_list
from bot.inbox.archive import Archive
from bot.inbox.workbook_reader import read
from bot.outbox.enclosures import Enclosures
from bot.outbox.handouts import Handouts
from bot.outbox.prefilled import renewal_form
from demo.paper import fill
from demo.school import School
from tests.house import drawn
from tests.outbox.examples import CONTACT, ENDING, a_reminder, reminders


@pytest.fixture(scope="module")
def blank() -> bytes:
    return drawn(Procedure.CHANGE)


def values(pdf: bytes) -> Mapping[str, str]:
    """What stands in the fields; nothing where they are empty or not ticked."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        fields = [field for field in opened.Root.AcroForm.Fields if field.FT != "/Sig"]
        said = {str(field.T): str(field.get("/V", "")) for field in fields}
    return {name: value for name, value in said.items() if value not in ("", "/Off")}


def test_what_the_register_knows_is_filled_in_and_nothing_else(blank: bytes) -> None:
    before = values(blank)
    filled_in = {
        name: value
        for name, value in values(renewal_form(blank, a_reminder())).items()
        if before.get(name) != value
    }
    assert filled_in.pop("row_01_renew") != "/Off"
    assert filled_in == {
        "letter_agency": a_reminder().agency,
        "letter_count": "1",
        "receiver_full_name": CONTACT.full_name,
        "receiver_mobile": CONTACT.mobile,
        "receiver_mailbox": CONTACT.mailbox,
        "row_01_full_name": ENDING.full_name,
        "row_01_serial": ENDING.serial.upper(),
        "row_01_mailbox": ENDING.mailbox,
    }


def test_what_the_agency_adds_and_signs_is_read_with_it(blank: bytes, school: School) -> None:
    rest = {"letter_number": "17/THPTCVA-VP", "letter_date": "25/11/2026", "notify": "sms"}
    signed = school.sign(fill(renewal_form(blank, reminders(3)), rest))
    application = read_form(values(signed))
    assert application
    assert application.procedure is Procedure.CHANGE
    assert (application.letter.number, application.notify) == ("17/THPTCVA-VP", "sms")
    assert application.receiver.mobile.value == CONTACT.mobile
    for row, ending in zip(application.rows, reminders(3).ending, strict=True):
        assert isinstance(row, ChangeRow)
        assert (row.serial.value, row.mailbox.value) == (ending.serial, ending.mailbox)
        assert (row.full_name.typed, row.renew, row.amend) == (ending.full_name, True, False)


def test_where_the_form_has_no_room_the_sheet_has(tmp_path: Path) -> None:
    settings = Settings()
    enclosures = Enclosures(Archive(tmp_path), Handouts(settings))
    form, sheet = enclosures.of(reminders(12))
    assert (form.name, sheet.name) == ("mau-04.pdf", "danh-sach-04.xlsx")
    said = values(form.content)
    assert said["letter_count"] == "12"
    assert not [name for name in said if name.startswith("row_")]
    rows = read_list([read(sheet.content, sheet.name)], Procedure.CHANGE).rows
    assert len(rows) == 12
    for row, ending in zip(rows, reminders(12).ending, strict=True):
        assert isinstance(row, ChangeRow)
        assert (row.serial.value, row.renew) == (ending.serial, True)
    [alone] = enclosures.of(reminders(10))
    assert values(alone.content)["row_10_renew"]
    assert enclosures.of(a_reminder(renew_by=None)) == []
