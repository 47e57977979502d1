"""The agency's own sheet goes back to it, with what was found in each row."""

import asyncio

from bot.dossier.case import Case
from bot.dossier.decision import Decision
from bot.inbox.archive import Archive
from bot.outbox.annotated_sheet import annotated_sheet
from bot.outbox.office import XLSX
from bot.outbox.values import Enclosed


async def sheet_back(
    case: Case, decision: Decision, archive: Archive, about: str
) -> tuple[Enclosed, ...]:
    """The list with its results, kept in the archive; none where no sheet was read.

    `about` stands in its name: several may go in one mail.
    """
    if case.page is None or case.sheet is None:
        return ()
    made = await asyncio.to_thread(annotated_sheet, case.page, case.sheet, decision)
    digest = await asyncio.to_thread(archive.put, made)
    return (Enclosed(f"ket-qua-kiem-tra-{about}.xlsx", XLSX, digest, len(made)),)
