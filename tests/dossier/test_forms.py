"""The blank forms: drawn from the same tables they are read by, and really fillable."""

import unicodedata
from io import BytesIO

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from pikepdf import form as pdf_form

from bot.config import Settings
from bot.dossier.catalogue import FORMS
from bot.dossier.decision import decide
from bot.dossier.form import FORM, LETTER, NOTIFY, RECEIVER, ROWS, Form, Kind, Procedure, row_field
from bot.dossier.form01 import FORM_01
from bot.dossier.form05 import FORM_05
from bot.dossier.forms import blank_form
from bot.dossier.letter import read_form
from bot.dossier.terms import WORDS
from bot.sections.authority import Terms
from tests.dossier.builders import a_case, form_values
from tests.house import drawn


def expected(form: Form) -> set[str]:
    return {
        FORM,
        NOTIFY.name,
        *(f"letter_{name}" for name in LETTER),
        *(f"receiver_{name}" for name in RECEIVER),
        *(f"declare_{name}" for name in form.declarations),
        *(row_field(position, name) for position in range(1, ROWS + 1) for name in form.columns),
    }


@pytest.fixture(scope="module")
def blanks() -> dict[Procedure, bytes]:
    return {procedure: drawn(procedure) for procedure in FORMS}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


@pytest.fixture
def blank(form: Form, blanks: dict[Procedure, bytes]) -> bytes:
    return blanks[form.procedure]


def values(pdf: pikepdf.Pdf) -> dict[str, str]:
    """As a reader of signed forms gives them: unticked boxes are empty."""
    found = {name: str(field.value) for name, field in pdf_form.Form(pdf).items() if name}
    boxes = {
        name: "on" if field.checked else ""
        for name, field in pdf_form.Form(pdf).items()
        if isinstance(field, pdf_form.CheckboxField)
    }
    return {**found, **boxes}


def fill(blank: bytes, typed: dict[str, str]) -> dict[str, str]:
    """Fill the form, save it, and read it again."""
    out = BytesIO()
    with pikepdf.open(BytesIO(blank)) as pdf:
        fields = pdf_form.Form(pdf)
        for name, value in typed.items():
            field = fields[name]
            if isinstance(field, pdf_form.CheckboxField):
                field.checked = bool(value)
            elif name != FORM:
                field.value = value
        pdf.save(out)
    with pikepdf.open(out) as pdf:
        return values(pdf)


def test_the_fields_are_those_of_the_table(form: Form, blank: bytes) -> None:
    with pikepdf.open(BytesIO(blank)) as pdf:
        names = [str(field["/T"]) for field in pdf.Root.AcroForm.Fields]
    assert len(names) == len(set(names))
    assert set(names) == expected(form)


def test_the_headings_hold_every_column_once(form: Form) -> None:
    assert [one for columns in form.headings.values() for one in columns] == list(form.columns)


def test_letter_list_and_guide_have_a_page_each(blank: bytes) -> None:
    with pikepdf.open(BytesIO(blank)) as pdf:
        assert len(pdf.pages) == 3


def test_the_form_names_itself_where_nobody_can_change_it(form: Form, blank: bytes) -> None:
    with pikepdf.open(BytesIO(blank)) as pdf:
        (field,) = (one for one in pdf.Root.AcroForm.Fields if one.T == FORM)
        assert str(field.V) == form.version
        assert int(field.F) & 2
        assert int(field.Ff) & 1


def test_filled_with_accents_it_is_a_dossier_without_fault(form: Form, blank: bytes) -> None:
    typed = form_values(procedure=form.procedure)
    read = fill(blank, typed)
    assert {name: read[name] for name in typed} == typed
    case = a_case(procedure=form.procedure, application=read_form(read))
    decision = decide(case)
    assert decision.faults == ()
    assert [row.faults for row in decision.rows] == [(), (), ()]


def test_every_box_can_be_ticked(form: Form, blank: bytes) -> None:
    ticks = {name for name, column in form.columns.items() if column.kind is Kind.TICK}
    boxes = {name for name in expected(form) if name.startswith("declare_")}
    boxes |= {row_field(at, name) for at in range(1, ROWS + 1) for name in ticks}
    read = fill(blank, dict.fromkeys(boxes, "on"))
    assert {name for name, value in read.items() if value == "on"} == boxes


def test_a_blank_form_is_an_empty_application(form: Form, blank: bytes) -> None:
    with pikepdf.open(BytesIO(blank)) as pdf:
        application = read_form(values(pdf))
    assert application
    assert application.procedure is form.procedure
    assert application.rows == ()
    assert application.declarations == frozenset()
    assert application.notify == ""


@pytest.mark.parametrize("terms", Terms)
def test_the_extract_and_the_addressee_are_prefilled(form: Form, terms: Terms) -> None:
    with pikepdf.open(BytesIO(blank_form(Settings(terms=terms), form.procedure))) as pdf:
        read = values(pdf)
    assert read["letter_extract"] == form.extract_in(WORDS[terms])
    assert read["letter_addressee"] == Settings().authority.name


def test_labels_of_fields(form: Form) -> None:
    assert form.label_of("row_03_mailbox") == "Dòng số 3: Địa chỉ thư điện tử công vụ"
    assert form.label_of("letter_extract") == "Trích yếu"
    assert form.label_of("notify") == NOTIFY.label
    for stranger in ("row_03_x", "row_00_mailbox", "row_11_mailbox", "x", "letter_x", "declare_"):
        assert form.label_of(stranger) is None


def test_a_field_of_another_form_has_no_label() -> None:
    assert FORM_05.label_of("row_01_reason") == "Dòng số 1: Lý do thu hồi"
    for other in ("row_01_birth_date", "declare_sector"):
        assert FORM_05.label_of(other) is None
        assert FORM_01.label_of(other)


def test_what_people_type_has_a_face_with_all_vietnamese_letters(blank: bytes) -> None:
    letters = {letter for one in "ăâđêôơư" for letter in (one, one.upper())}
    letters |= {
        unicodedata.normalize("NFC", vowel + tone)
        for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
        for tone in "\u0300\u0301\u0303\u0309\u0323"
    }
    with pikepdf.open(BytesIO(blank)) as pdf:
        drawn = pdf.Root.AcroForm
        faces = {str(one.DA).split()[-3] for one in drawn.Fields if one.FT in ("/Tx", "/Ch")}
        assert faces
        for face in faces:
            descriptor = drawn.DR.Font[face].DescendantFonts[0].FontDescriptor
            font = TTFont(BytesIO(descriptor.FontFile2.read_bytes()))
            assert not {ord(letter) for letter in letters} - set(font.getBestCmap())
