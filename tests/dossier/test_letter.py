"""From the signed form to data and back."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dossier.application import application_from_json, as_json, row_from_json
from bot.dossier.catalogue import FORMS
from bot.dossier.fields import Flaw
from bot.dossier.form import FORM, Form, Procedure
from bot.dossier.letter import letter_key, read_form
from bot.dossier.letter_number import canonical_number
from bot.dossier.rows import ChangeRow, IssueRow, RevokeRow, Row
from tests.dossier.builders import a_change, a_person, a_revocation, an_application, form_values


def test_the_form_is_read_as_typed_and_as_meant() -> None:
    application = an_application(a_person(1, mobile="0912 000 001", mailbox="Hoa@HanoiEdu.edu.vn"))
    (row,) = application.rows
    assert isinstance(row, IssueRow)
    assert (row.mobile.typed, row.mobile.value) == ("0912 000 001", "+84912000001")
    assert (row.mailbox.typed, row.mailbox.value) == ("Hoa@HanoiEdu.edu.vn", "hoa@hanoiedu.edu.vn")
    assert application.notify == "sms"
    assert application.receiver.mobile.value == "+84912345670"


def test_unknown_names_and_empty_rows_are_ignored() -> None:
    values = form_values(row_11_full_name="Người thứ mười một", smuggled="x", row_05_title="  ")
    application = read_form(values)
    assert application == read_form(form_values())


def test_gaps_are_reported() -> None:
    empty = dict.fromkeys(a_person(), "")
    application = an_application(empty, a_person(2), empty, a_person(4))
    assert application.gaps == (1, 3)
    assert [row.position for row in application.rows] == [2, 4]


@pytest.mark.parametrize("version", ["", "01/2", "04/2", "02/1"])
def test_another_form_is_not_read(version: str) -> None:
    assert read_form(form_values(form=version)) is None


def test_decomposed_text_is_the_same_application() -> None:
    decomposed = {name: unicodedata.normalize("NFD", v) for name, v in form_values().items()}
    assert read_form(decomposed) == read_form(form_values())


@pytest.mark.parametrize("procedure", FORMS)
@given(st.dictionaries(st.integers(0, 60), st.text(), max_size=8))
def test_applications_survive_the_register(procedure: Procedure, changes: dict[int, str]) -> None:
    valid = form_values(procedure=procedure)
    names = sorted(valid.keys() - {FORM})
    typed = {names[at % len(names)]: text for at, text in changes.items()}
    application = read_form({**valid, **typed})
    assert application
    assert application.procedure is procedure
    assert {type(row) for row in application.rows} <= {FORMS[procedure].row}
    stored = json.loads(json.dumps(as_json(application)))
    assert application_from_json(stored) == application


def test_no_field_is_kept_endless() -> None:
    endless = dict.fromkeys(form_values(), "Ệ" * 9_999) | {"form": "01/1"}
    stored = as_json(read_form(endless))
    assert len(json.dumps(stored, ensure_ascii=False)) < 400 * len(endless)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_rows_survive_the_register(form: Form) -> None:
    row = an_application(procedure=form.procedure, row_01_mailbox="không rõ").rows[0]
    stored = json.loads(json.dumps(as_json(row)))
    assert row_from_json(stored, form.row) == row
    assert row_from_json(stored, Row) == Row(row.position, row.full_name)


def test_rows_of_form_04() -> None:
    (row,) = an_application(a_change(1, amend="", new=""), procedure=Procedure.CHANGE).rows
    assert isinstance(row, ChangeRow)
    assert (row.serial.typed, row.serial.value) == ("3A:91:01", "3a9101")
    assert (row.renew, row.amend) == (True, False)
    assert (row.what.value, row.new.flaw) == ("Địa chỉ thư điện tử công vụ", Flaw.EMPTY)


def test_rows_of_form_05() -> None:
    (row,) = an_application(a_revocation(1, device="AB 1"), procedure=Procedure.REVOKE).rows
    assert isinstance(row, RevokeRow)
    assert (row.serial.value, row.device, row.tax_code) == ("3a9101", "AB 1", "")
    assert (row.personal_number.value, row.reason.value) == ("001185000001", "Mất điện thoại")


@pytest.mark.parametrize(
    "typed", ["05/THPTCVA-VP", "Số: 5/THPTCVA-VP", "số 005 / thptcva - vp", "5/thptcva-vp"]
)
def test_one_letter_number_has_one_spelling(typed: str) -> None:
    assert canonical_number(typed) == "5/thptcva-vp"


@pytest.mark.parametrize("typed", ["", "Số:", "/THPTCVA", "05", "abc/def", "5/" + "x" * 58])
def test_no_letter_number(typed: str) -> None:
    assert canonical_number(typed) == ""


def test_a_letter_is_known_by_agency_year_and_number() -> None:
    letter = an_application().letter
    assert letter_key(7, letter) == "7/2026/5/thptcva-vp"
    assert letter_key(7, an_application(letter_date="").letter) is None
