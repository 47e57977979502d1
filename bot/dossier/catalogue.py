"""The forms there are."""

from bot.dossier.form import Form, Procedure
from bot.dossier.form01 import FORM_01
from bot.dossier.form04 import FORM_04
from bot.dossier.form05 import FORM_05

FORMS: dict[Procedure, Form] = {form.procedure: form for form in (FORM_01, FORM_04, FORM_05)}
VERSIONS: dict[str, Form] = {form.version: form for form in FORMS.values()}
