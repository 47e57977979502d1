"""What anybody may have: blank forms, the guide for agencies, and the page that offers them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock

from markdown_it import MarkdownIt
from markupsafe import Markup

from bot.config import Settings, guide_file, template_folder
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Form
from bot.dossier.forms import blank_form
from bot.outbox.blank_sheet import blank_sheet
from bot.outbox.office import XLSX
from bot.outbox.render import Renderer

PDF, HTML = "application/pdf", "text/html; charset=utf-8"


@dataclass(frozen=True)
class Handout:
    """Something that is the same for everybody. `make` takes up to a second of CPU."""

    name: str
    title: str
    type: str
    make: Callable[[Settings], bytes]


def _blank(form: Form) -> Handout:
    make = partial(blank_form, procedure=form.procedure)
    return Handout(f"mau-{form.number}.pdf", f"Mẫu số {form.number}: {form.name}", PDF, make)


def _sheet(form: Form) -> Handout:
    title = f"Danh sách của Mẫu số {form.number}: {form.name}"
    return Handout(
        f"danh-sach-{form.number}.xlsx", title, XLSX, lambda _: blank_sheet(form.procedure)
    )


def _offer(settings: Settings) -> bytes:
    """The page that names all the others."""
    page = Renderer(settings, template_folder()).page(
        "web/forms.html", files=FILES, official=settings.mailboxes.official
    )
    return page.encode()


def _guide(settings: Settings) -> bytes:
    text = re.sub(r"\[([^\]]*)\]\([^)#:]*\.md[^)]*\)", r"\1", guide_file().read_text("utf-8"))
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    page = Renderer(settings, template_folder()).page(
        "web/guide.html",
        guide=Markup(html),  # noqa: S704 - our own page, and no HTML of its own
    )
    return page.encode()


BLANKS = {procedure: _blank(form) for procedure, form in FORMS.items()}
FILES = (*BLANKS.values(), *map(_sheet, FORMS.values()))
PAGES = (
    Handout("", "Biểu mẫu", HTML, _offer),
    Handout("huong-dan.html", "Sổ tay dành cho cơ quan, tổ chức", HTML, _guide),
)
_BY_NAME = {one.name: one for one in (*FILES, *PAGES)}


class Handouts:
    """The handouts of this authority, each made once, one at a time, and kept in memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, bytes] = {}
        self._making = Lock()

    def find(self, name: str) -> Handout | None:
        """The handout called `name`."""
        return _BY_NAME.get(name)

    def made(self, handout: Handout) -> bytes | None:
        """What stands in memory; None where it is still to be made."""
        return self._made.get(handout.name)

    def content(self, handout: Handout) -> bytes:
        """Its bytes. Blocking."""
        with self._making:
            if handout.name not in self._made:
                self._made[handout.name] = handout.make(self._settings)
            return self._made[handout.name]
