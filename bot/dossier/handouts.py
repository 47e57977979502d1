"""What anybody may have: blank forms, sheets to fill, and the guide for agencies."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock

from bot.config import Settings
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Form
from bot.dossier.forms import blank_form

PDF = "application/pdf"


@dataclass(frozen=True)
class Handout:
    """A file that is the same for everybody. `make` takes up to a second of CPU."""

    name: str
    title: str
    type: str
    make: Callable[[Settings], bytes]


def _blank(form: Form) -> Handout:
    make = partial(blank_form, procedure=form.procedure)
    return Handout(f"mau-{form.number}.pdf", f"Mẫu số {form.number}: {form.name}", PDF, make)


HANDOUTS = {one.name: one for one in map(_blank, FORMS.values())}


class Handouts:
    """The handouts of this authority, each made once, one at a time, and kept in memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, bytes] = {}
        self._making = Lock()

    def made(self, name: str) -> bytes | None:
        """What stands in memory; None where it is still to be made."""
        return self._made.get(name)

    def content(self, name: str) -> bytes:
        """The bytes of the handout called `name`. Blocking."""
        with self._making:
            if name not in self._made:
                self._made[name] = HANDOUTS[name].make(self._settings)
            return self._made[name]
