"""The blank fillable forms, drawn from templates/forms by WeasyPrint."""

from io import BytesIO

import pikepdf
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pikepdf import Name

from bot.config import Settings, template_folder
from bot.dossier import form as parts
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from bot.dossier.terms import WORDS
from bot.paper import draw

CENTRED = {
    f"letter_{name}"
    for name in ("parent", "agency", "extract", "count", "signer_title", "signer_name")
}
HIDDEN = 1 << 1  # ISO 32000-2, 12.5.3
READ_ONLY = 1 << 0  # 12.7.4.1


def blank_form(settings: Settings, procedure: Procedure = Procedure.ISSUE) -> bytes:
    """A form as a fillable PDF, naming the authority, its mailbox and its help line."""
    form = FORMS[procedure]
    folder = template_folder() / "forms"
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
    )
    html = environment.get_template(f"{form.number}.html").render(
        authority=settings.authority,
        mailbox=settings.mailboxes.official[0],
        rules=settings.rules,
        words=WORDS[settings.terms],
        parts=parts,
        form=form,
    )
    return _finished(draw(html, beside=folder, fillable=True))


def _finished(drawn: bytes) -> bytes:
    """Add what HTML cannot say: a hidden field, centred text, ticks that every viewer draws."""
    out = BytesIO()
    with pikepdf.open(BytesIO(drawn)) as pdf:
        form = pdf.Root.AcroForm
        form.DR.Font.ZaDb = pdf.make_indirect(
            pikepdf.Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.ZapfDingbats)
        )
        for field in form.Fields:
            if field.T == parts.FORM:
                field.F = int(field.F) | HIDDEN
                field.Ff = READ_ONLY
            elif field.T in CENTRED:
                field.Q = 1
            elif field.FT == "/Btn":
                field.DA = pikepdf.String("0.063 0.188 0.431 rg /ZaDb 11 Tf")
                field.MK = pikepdf.Dictionary(CA=pikepdf.String("4"))
                field.AP.N.Off = pdf.make_stream(b"", field.AP.N.on.stream_dict)
        pdf.save(out, deterministic_id=True)
    return out.getvalue()
