"""What was signed, read: a form's fields or an agency's own letter, to `Application`.

Nothing is judged here. Of a form, only names of its own table are read; what else
a file carries is ignored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.dossier import fields
from bot.dossier.application import Application, Letter, Receiver, Source
from bot.dossier.catalogue import FORMS, VERSIONS
from bot.dossier.fields import Reading
from bot.dossier.form import FORM, NOTIFY, RECEIVER, Procedure
from bot.dossier.letter_number import canonical_number
from bot.dossier.letter_wish import About, dossiers_in
from bot.dossier.own_letter import LetterParts, read_letter
from bot.dossier.sheet import read_fields, read_rows
from bot.dossier.spreadsheet import SheetReading, read_list
from bot.inbox.workbook import Workbook
from bot.signatures.verdict import SignedFile

ROWS = "rows"  # in `Application.unclear`: they stand in two places


def read_application(
    file: SignedFile, workbooks: Sequence[Workbook], registered: Mapping[str, str]
) -> tuple[Application | None, SheetReading | None]:
    """What `file` asks for, and the reading of its list where that is a sheet.

    None where it is neither a current form of ours nor a letter with text.

    Args:
        workbooks: the sheets that are covered together with the letter, its own among them.
        registered: the agency's receiver (`Agency.receiver`), told where a letter names none.
    """
    application = read_form(file.values)
    if application is None and any(file.text):
        application = _own(read_letter(file.text), registered)
    if (
        application is None
        or application.procedure not in FORMS
        or not _has_list(application, workbooks)
    ):
        return application, None
    if application.rows:
        return replace(application, unclear=(*application.unclear, ROWS)), None
    sheet = read_list(workbooks, application.procedure)
    return replace(application, rows=sheet.rows), sheet


def _has_list(application: Application, workbooks: Sequence[Workbook]) -> bool:
    """Whether a sheet is looked for: a form may hold its list itself."""
    return bool(workbooks) or application.source is Source.LETTER


def read_form(values: Mapping[str, str]) -> Application | None:
    """Read a form of ours, or nothing where the values are not those of a current version."""
    form = VERSIONS.get(values.get(FORM, ""))
    if form is None:
        return None
    rows, gaps = read_rows(form, values)
    letter = _letter(values)
    return Application(
        procedure=form.procedure,
        letter=letter,
        receiver=_receiver({name: values.get(f"receiver_{name}", "") for name in RECEIVER}),
        notify=fields.words(values.get(NOTIFY.name, "")),
        declarations=frozenset(name for name in form.declarations if values.get(f"declare_{name}")),
        stated_count=fields.words(values.get("letter_count", "")),
        rows=rows,
        gaps=gaps,
        dossiers=dossiers_in(letter.corrects),
    )


def _letter(values: Mapping[str, str]) -> Letter:
    def text(name: str) -> str:
        return fields.words(values.get(f"letter_{name}", ""))

    return Letter(
        number=text("number"),
        date=fields.read_date(text("date")),
        extract=text("extract"),
        addressee=text("addressee"),
        urgency=text("urgency"),
        agency=text("agency"),
        signer_title=text("signer_title"),
        signer_name=text("signer_name"),
        corrects=text("corrects"),
    )


def _receiver(said: Mapping[str, str]) -> Receiver:
    return Receiver(**read_fields(RECEIVER, lambda name: said.get(name, "")))


def _own(parts: LetterParts, registered: Mapping[str, str]) -> Application:
    day = fields.read_date(parts.day)
    return Application(
        procedure=_procedure(parts),
        letter=Letter(
            number=fields.words(parts.number),
            date=Reading(parts.date, day.value, day.flaw),
            extract=fields.words(parts.extract),
            addressee=fields.words("; ".join(parts.addressees)),
            urgency=parts.urgency,
            agency=fields.words(parts.agency),
            signer_title=fields.words(parts.signer_title),
            signer_name=fields.words(parts.signer_name),
        ),
        receiver=_receiver(parts.receiver or registered),
        notify=parts.notify or "email",
        declarations=parts.declarations,
        stated_count=parts.count,
        rows=(),
        source=Source.LETTER,
        about=parts.about,
        dossiers=parts.dossiers,
        letters=parts.letters,
        unclear=parts.unclear,
    )


def _procedure(parts: LetterParts) -> Procedure:
    match parts.about:
        case About.WITHDRAWS:
            return Procedure.WITHDRAW
        case About.CORRECTS | About.RECALLS:
            return Procedure.OTHER
        case _:
            return parts.procedure or Procedure.OTHER


def letter_key(agency_id: int, letter: Letter) -> str | None:
    """ "agency/year/number", used up when the letter is accepted; None without both parts."""
    number = canonical_number(letter.number)
    if not number or not letter.date.value:
        return None
    return f"{agency_id}/{letter.date.value.year}/{number}"
