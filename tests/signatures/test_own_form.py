"""Our own form says all that was typed, whatever filled it; made to deceive, it does not."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime

import pikepdf
import pytest
from pikepdf import Array, Name, String

from bot.config import Settings
from bot.dossier.form import FORM, NOTIFY
from bot.dossier.form01 import FORM_01
from bot.dossier.forms import blank_form
from bot.signatures import fields, pdf
from bot.signatures.verdict import SignedFile
from demo import paper
from demo.foreign import ForeignPki, Signer
from demo.school import TEACHERS, letter
from tests.signatures import hostile
from tests.signatures.builders import crls_of, trust_of

VALUES = {**letter(TEACHERS, date(2026, 3, 2)), "letter_urgency": "Khẩn"}


@pytest.fixture(scope="module")
def filled() -> bytes:
    return paper.fill(blank_form(Settings()), VALUES)


@pytest.fixture(scope="module")
def judge(pki: ForeignPki, leader: Signer, seal: Signer) -> Callable[[bytes], SignedFile]:
    """Both passes over the form, once both have signed it."""
    now = datetime.now(UTC)

    def judge(form: bytes) -> SignedFile:
        signed = paper.sign(paper.sign(form, leader, "leader"), seal, "seal")
        assert pdf.inspect(signed).faults == ()
        return pdf.judge(signed, "a.pdf", trust_of(pki), crls_of(pki, now), (), now)

    return judge


def with_drawn_looks(form: pikepdf.Pdf) -> None:
    """As Acrobat leaves it: every look drawn, none left to be drawn."""
    form.generate_appearance_streams()
    assert "/NeedAppearances" not in form.Root.AcroForm


def unchanged(form: pikepdf.Pdf) -> None:
    """As poppler leaves it: looks are the viewer's to draw."""


@pytest.mark.parametrize("change", [unchanged, with_drawn_looks])
def test_all_that_was_typed_is_read(
    filled: bytes, judge: Callable[[bytes], SignedFile], change: hostile.Change
) -> None:
    file = judge(hostile.remade(filled, change))
    assert (file.faults, file.divergent, len(file.passed)) == ((), (), 2)
    assert file.values["form"] == FORM_01.version
    assert {name: file.values[name] for name in VALUES} == VALUES


def test_every_field_of_the_form_could_be_filled(
    filled: bytes, judge: Callable[[bytes], SignedFile]
) -> None:
    with pikepdf.open(io.BytesIO(filled)) as form:
        names = {str(field.T): field.FT for field in form.Root.AcroForm.Fields}
    texts = {name: "x" for name in names if name not in {"form", *fields.CHOICES}}
    choices = {"notify": "sms", "letter_urgency": "Hỏa tốc"}
    file = judge(paper.fill(filled, texts | choices))
    assert (file.faults, file.divergent) == ((), ())
    assert all(file.values[name] for name in names)


def test_the_names_that_are_treated_apart_are_the_forms() -> None:
    assert fields.HIDDEN == FORM
    assert {NOTIFY.name, "letter_urgency"} == fields.CHOICES


def all_hidden(form: pikepdf.Pdf) -> None:
    for page in form.pages:
        page.Annots = Array([])
    for field in form.Root.AcroForm.Fields:
        field.F = 2


def test_a_form_of_hidden_fields_says_nothing(
    filled: bytes, judge: Callable[[bytes], SignedFile]
) -> None:
    file = judge(hostile.remade(filled, all_hidden))
    said = {name: value for name, value in file.values.items() if value}
    assert said == {"form": FORM_01.version}
    assert "row_01_full_name" in file.divergent


def with_a_row_that_is_a_choice(form: pikepdf.Pdf) -> None:
    field = hostile.field_named(form, "row_01_full_name")
    field.FT, field.Ff = Name.Ch, 1 << 17
    field.Opt = Array([Array([field.V, String("Nguyễn Văn Khác")])])


def test_a_row_that_shows_another_person(
    filled: bytes, judge: Callable[[bytes], SignedFile]
) -> None:
    assert judge(hostile.remade(filled, with_a_row_that_is_a_choice)).divergent == (
        "row_01_full_name",
    )
