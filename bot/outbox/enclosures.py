"""The files that go with a notice: out of the archive, or what anybody may have."""

from bot.inbox.archive import Archive
from bot.outbox.agency_notices import Forms
from bot.outbox.content import Content
from bot.outbox.handouts import FILES, Handouts
from bot.outbox.mailer import Attachment


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
        return [
            Attachment(file.name, self._archive.get(file.digest), file.type)
            for file in content.enclosed
        ]
