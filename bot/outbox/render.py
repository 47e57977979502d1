"""From a notice's fields to the words people read."""

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)
from markupsafe import Markup

from bot.config import Settings
from bot.dossier.catalogue import FORMS
from bot.dossier.form import ROWS
from bot.dossier.person_rules import UNYIELDING
from bot.dossier.terms import WORDS
from bot.errors import Misconfigured
from bot.outbox import order_words, words
from bot.outbox.content import Content
from bot.outbox.refusals import REFUSALS
from bot.sms.text import parts, unaccent


@dataclass(frozen=True)
class Letter:
    """The words of one mail."""

    subject: str
    text: str
    html: str


def environment(settings: Settings, folder: Path) -> Environment:
    """Jinja2 over `folder`, with the vocabulary every template may use."""
    jinja = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        finalize=words.one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.globals |= {
        "terms": WORDS[settings.terms],
        "authority": settings.authority,
        "dossiers_to": settings.mailboxes.official[0],
        "forms": FORMS,
        "form_rows": ROWS,
        "tasks": words.TASKS,
        "things": words.THINGS,
        "states": words.STATES,
        "procedures": words.PROCEDURES,
        "turns": words.TURNS,
        "indications": words.INDICATIONS,
        "sub_indications": words.SUB_INDICATIONS,
        "capacities": words.CAPACITIES,
        "acts": words.ACTS,
        "refusals": REFUSALS | order_words.REFUSALS,
        "outcomes": words.LETTER_OUTCOMES,
        "reasons": words.REASONS,
        "row_outcomes": words.OUTCOMES,
        "verbs": order_words.VERBS,
        "consequences": order_words.CONSEQUENCES,
        "unyielding": order_words.UNYIELDING_WORDS,
        "never_passed": UNYIELDING,
        "certificates": order_words.CERTIFICATES,
        "happened": order_words.HISTORY,
        "forms_page": settings.web.forms_page,
        "precheck": settings.mailboxes.precheck,
        "within": False,
    }
    jinja.filters |= {
        "in_words": words.in_words,
        "day": words.day,
        "short": words.short,
        "tally": words.tally,
        "briefly": words.briefly,
    }
    return jinja


class Renderer:
    """The templates in `folder`, with the settings' names and vocabulary."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._jinja = environment(settings, folder)
        self._sms = settings.sms

    def letter(self, content: Content, **at_sending: Any) -> Letter:
        """The mail that tells `content`.

        Raises:
            Misconfigured: naming the template that cannot be rendered.
        """
        context = _context(content, at_sending)
        folder = f"notices/{content.kind}"
        return Letter(
            subject=words.one_line(self.page(f"{folder}/subject.txt", **context)),
            text=_tidy(self.page(f"{folder}/body.txt", **context)),
            html=self.page(f"{folder}/body.html", **context),
        )

    def section(self, content: Content) -> Letter:
        """The same as a part of another mail: what the base templates make of `within`.

        Raises:
            Misconfigured: as for `letter`.
        """
        letter = self.letter(content, within=True)
        return replace(letter, text=Markup(letter.text), html=Markup(letter.html))  # noqa: S704 - rendered

    def sms(self, content: Content, **at_sending: Any) -> str:
        """The short message that tells `content`: accents and parts as the settings allow.

        Raises:
            Misconfigured: as for `letter`, and when it takes more parts than that.
        """
        template = f"notices/{content.kind}/sms.txt"
        written = self.page(template, **_context(content, at_sending))
        text: str = words.one_line(written if self._sms.accents else unaccent(written))
        if parts(text) > self._sms.parts:
            raise Misconfigured(
                f"Template {template} takes more parts than sms.parts ({self._sms.parts}).",
                "Shorten it, or pay for more.",
            )
        return text

    def page(self, template: str, **context: Any) -> str:
        """Any template by its path.

        Raises:
            Misconfigured: naming the template and what is wrong with it.
        """
        try:
            return self._jinja.get_template(template).render(context)
        except TemplateError as error:
            raise Misconfigured(
                f"Template {template}: {error.message}.", "Mend the template."
            ) from None


def _context(content: Content, at_sending: dict[str, Any]) -> dict[str, Any]:
    values = {field.name: getattr(content, field.name) for field in fields(content)}
    return values | at_sending


def _tidy(text: str) -> str:
    """At most one empty line in a row."""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"
