"""The signed form, read: fields to `Application`. Nothing is judged here.

Only names of the form's own table are read; what else a file carries is ignored.
"""

import re
from collections.abc import Mapping

from bot.dossier import fields
from bot.dossier.application import Application, Letter, Receiver
from bot.dossier.catalogue import VERSIONS
from bot.dossier.form import FORM, NOTIFY, RECEIVER
from bot.dossier.sheet import read_fields, read_rows


def read_application(values: Mapping[str, str]) -> Application | None:
    """Read a form of ours, or nothing where the values are not those of a current version."""
    form = VERSIONS.get(values.get(FORM, ""))
    if form is None:
        return None
    rows, gaps = read_rows(form, values)
    return Application(
        procedure=form.procedure,
        letter=_letter(values),
        receiver=Receiver(**read_fields(RECEIVER, lambda name: values.get(f"receiver_{name}", ""))),
        notify=fields.words(values.get(NOTIFY.name, "")),
        declarations=frozenset(name for name in form.declarations if values.get(f"declare_{name}")),
        stated_count=fields.words(values.get("letter_count", "")),
        rows=rows,
        gaps=gaps,
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
    )


def canonical_number(number: str) -> str:
    """A letter's number so that one letter has one spelling: «Số: 05/THPTCVA-VP» is 5/thptcva-vp.

    Empty where it is no letter number (digits, a stroke, a symbol; at most 64 characters).
    """
    bare = re.sub(r"\s|^số\s*:?", "", fields.folded(number))
    match = re.fullmatch(r"([0-9]{1,6})([a-zđ]?)/(\S{1,57})", bare)
    return f"{int(match[1])}{match[2]}/{match[3]}" if match else ""


def letter_key(agency_id: int, letter: Letter) -> str | None:
    """ "agency/year/number", used up when the letter is accepted; None without both parts."""
    number = canonical_number(letter.number)
    if not number or not letter.date.value:
        return None
    return f"{agency_id}/{letter.date.value.year}/{number}"
