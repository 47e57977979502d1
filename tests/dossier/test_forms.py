"""The blank form 01: drawn from the same table it is read by, and really fillable."""

import unicodedata
from io import BytesIO

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from pikepdf.form import CheckboxField, Form

from bot.config import Settings, Terms
from bot.dossier import form01
from bot.dossier.case import Case
from bot.dossier.decision import Outcome, decide
from bot.dossier.forms import blank_form
from bot.dossier.letter import read_application
from bot.dossier.terms import WORDS
from tests.dossier.builders import a_case, form_values

EXPECTED = {
    form01.FORM,
    form01.NOTIFY.name,
    *(f"letter_{name}" for name in form01.LETTER),
    *(f"receiver_{name}" for name in form01.RECEIVER),
    *(f"declare_{name}" for name in form01.DECLARATIONS),
    *(
        form01.row_field(position, column)
        for position in range(1, form01.ROWS + 1)
        for column in form01.COLUMNS
    ),
}


@pytest.fixture(scope="module")
def blank() -> bytes:
    return blank_form(Settings())


def values(pdf: pikepdf.Pdf) -> dict[str, str]:
    """As a reader of signed forms gives them: unticked boxes are empty."""
    found = {name: str(field.value) for name, field in Form(pdf).items() if name}
    boxes = {
        name: "on" if field.checked else ""
        for name, field in Form(pdf).items()
        if isinstance(field, CheckboxField)
    }
    return {**found, **boxes}


def fill(blank: bytes, typed: dict[str, str]) -> dict[str, str]:
    """Fill the form, save it, and read it again."""
    out = BytesIO()
    with pikepdf.open(BytesIO(blank)) as pdf:
        form = Form(pdf)
        for name, value in typed.items():
            field = form[name]
            if isinstance(field, CheckboxField):
                field.checked = bool(value)
            elif name != form01.FORM:
                field.value = value
        pdf.save(out)
    with pikepdf.open(out) as pdf:
        return values(pdf)


def test_the_fields_are_those_of_the_table(blank: bytes) -> None:
    with pikepdf.open(BytesIO(blank)) as pdf:
        names = [str(field["/T"]) for field in pdf.Root.AcroForm.Fields]
    assert len(names) == len(set(names))
    assert set(names) == EXPECTED


def test_the_form_names_itself_where_nobody_can_change_it(blank: bytes) -> None:
    with pikepdf.open(BytesIO(blank)) as pdf:
        (field,) = (one for one in pdf.Root.AcroForm.Fields if one.T == form01.FORM)
        assert str(field.V) == form01.VERSION
        assert int(field.F) & 2
        assert int(field.Ff) & 1


def test_filled_with_accents_it_is_a_dossier_without_fault(blank: bytes) -> None:
    typed = form_values()
    read = fill(blank, typed)
    assert {name: read[name] for name in typed} == typed
    case: Case = a_case(application=read_application(read))
    decision = decide(case)
    assert (decision.outcome, decision.faults) == (Outcome.ACCEPT, ())
    assert [row.faults for row in decision.rows] == [(), (), ()]


def test_every_box_can_be_ticked(blank: bytes) -> None:
    boxes = {name for name in EXPECTED if name.startswith("declare_") or name.endswith("_sim_pki")}
    read = fill(blank, dict.fromkeys(boxes, "on"))
    assert {name for name, value in read.items() if value == "on"} == boxes


def test_a_blank_form_is_an_empty_application(blank: bytes) -> None:
    with pikepdf.open(BytesIO(blank)) as pdf:
        application = read_application(values(pdf))
    assert application
    assert application.rows == ()
    assert application.declarations == frozenset()
    assert application.notify == ""


@pytest.mark.parametrize("terms", Terms)
def test_the_extract_and_the_addressee_are_prefilled(terms: Terms) -> None:
    with pikepdf.open(BytesIO(blank_form(Settings(terms=terms)))) as pdf:
        read = values(pdf)
    assert read["letter_extract"] == WORDS[terms].extract
    assert read["letter_addressee"] == Settings().authority.name


def test_labels_of_fields() -> None:
    assert form01.label_of("row_03_mailbox") == "Dòng số 3: Địa chỉ thư điện tử công vụ"
    assert form01.label_of("letter_extract") == "Trích yếu"
    assert form01.label_of("notify") == form01.NOTIFY.label
    for stranger in ("row_03_x", "row_00_mailbox", "row_11_mailbox", "x", "letter_x", "declare_"):
        assert form01.label_of(stranger) is None


def test_what_people_type_has_a_face_with_all_vietnamese_letters(blank: bytes) -> None:
    letters = {letter for one in "ăâđêôơư" for letter in (one, one.upper())}
    letters |= {
        unicodedata.normalize("NFC", vowel + tone)
        for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
        for tone in "\u0300\u0301\u0303\u0309\u0323"
    }
    with pikepdf.open(BytesIO(blank)) as pdf:
        form = pdf.Root.AcroForm
        faces = {str(one.DA).split()[-3] for one in form.Fields if one.FT in ("/Tx", "/Ch")}
        assert faces
        for face in faces:
            descriptor = form.DR.Font[face].DescendantFonts[0].FontDescriptor
            font = TTFont(BytesIO(descriptor.FontFile2.read_bytes()))
            assert not {ord(letter) for letter in letters} - set(font.getBestCmap())
