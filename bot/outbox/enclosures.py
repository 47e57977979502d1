"""The files that go with a notice: out of the archive, or what anybody may have."""

from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from bot.inbox.archive import Archive
from bot.outbox.agency_notices import Forms
from bot.outbox.blank_sheet import blank_sheet
from bot.outbox.content import Content
from bot.outbox.handouts import BLANKS, FILES, PDF, Handouts
from bot.outbox.mailer import Attachment
from bot.outbox.office import XLSX
from bot.outbox.prefilled import fits, renewal_form, row_of
from bot.outbox.reminder_notices import Renewable


class Enclosures:
    """Finds them, the same bytes each time."""

    def __init__(self, archive: Archive, handouts: Handouts) -> None:
        self._archive = archive
        self._handouts = handouts

    def of(self, content: Content) -> list[Attachment]:
        """What goes with `content`. Blocking.

        Raises:
            Damaged: the archive no longer has those bytes.
        """
        if isinstance(content, Forms):
            return [Attachment(one.name, self._handouts.content(one), one.type) for one in FILES]
        if isinstance(content, Renewable):
            return self._renewal(content) if content.renew_by else []
        return [
            Attachment(file.name, self._archive.get(file.digest), file.type)
            for file in content.enclosed
        ]

    def _renewal(self, content: Renewable) -> list[Attachment]:
        """The form, filled in, and where it has no room for all of them, the sheet."""
        form = FORMS[Procedure.CHANGE]
        blank = self._handouts.content(BLANKS[Procedure.CHANGE])
        files = [Attachment(f"mau-{form.number}.pdf", renewal_form(blank, content), PDF)]
        if not fits(content):
            rows = [row_of(one) for one in content.ending]
            sheet = blank_sheet(Procedure.CHANGE, rows)
            files.append(Attachment(f"danh-sach-{form.number}.xlsx", sheet, XLSX))
        return files
